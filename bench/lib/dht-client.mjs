/** Times puts and gets through the XML-RPC manager of this machine; prints medians as JSON. */
import { median } from './report.mjs'
import { call } from './xml-rpc.mjs'

const MANAGER = 10_000
const count = Number(process.argv[2])
const run = `${process.pid}`
const base64 = (text) => ({ base64: Buffer.from(text).toString('base64') })

async function time(action) {
  const samples = []
  for (let i = 0; i < count; i++) {
    const startedAt = performance.now()
    await action(base64(`bench-${run}-${i}`))
    samples.push(performance.now() - startedAt)
  }
  return median(samples)
}

const putMs = await time((key) =>
  call(MANAGER, '/xm.rem', 'localproxy', ['DhtClient.Put', key, base64('value'), 600]),
)
const getMs = await time((key) => call(MANAGER, '/xm.rem', 'localproxy', ['DhtClient.Get', key]))
console.log(JSON.stringify({ putMs, getMs }))
process.exit(0)
