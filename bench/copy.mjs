/** A large file over the virtual network: does it arrive intact, and how fast. */
import path from 'node:path'
import { Lab } from '../tools/lab/namespaces.mjs'
import {
  configure,
  consistentCrawl,
  startNode,
  startPam,
  TUTORIAL,
  until,
  virtualAddress,
} from '../tools/lab/tutorial.mjs'
import { ROOT } from '../tools/run/steps.mjs'
import { numberOption } from './lib/options.mjs'
import { Report } from './lib/report.mjs'

const reason = Lab.unavailable()
if (reason) throw new Error(`this benchmark needs namespaces: ${reason}`)

const BYTES = 1_000_000 * numberOption('megabytes', 1000)
const SCRIPT = path.join(ROOT, 'test/e2e/copy.mjs')
const report = new Report('copy')
const lab = new Lab({ prefix: 'copy-' })
try {
  lab.up(TUTORIAL.hosts)
  startPam(lab)
  await consistentCrawl(lab, 'pam', TUTORIAL.nodes)
  for (const host of ['alice', 'bob']) {
    configure(lab, host)
    startNode(lab, host)
    await until(host, () => virtualAddress(lab, host))
  }
  for (let run = 0; run < numberOption('runs', 1); run++) {
    const name = `receive-${run}`
    const receiver = lab.spawn('bob', [process.execPath, SCRIPT, 'receive', '9000'], { name })
    await until('the receiver', () => lab.run('bob', ['ss', '-ltn']).stdout.includes(':9000'))
    const startedAt = performance.now()
    const command = [process.execPath, SCRIPT, 'send', TUTORIAL.virtual.bob, '9000', String(BYTES)]
    const sent = lab.run('alice', command, { timeoutMs: 1_800_000 })
    await receiver.exited
    const seconds = (performance.now() - startedAt) / 1000
    const received = lab.log('bob', name).trim()
    console.log(`sent ${sent.stdout.trim()}\ngot  ${received}`)
    if (received === '' || received !== sent.stdout.trim()) throw new Error('the checksums differ')
    report.add(`copy of ${BYTES / 1e6} MB, checksum equal`, 'Gbit/s', (8 * BYTES) / seconds / 1e9)
  }
} finally {
  lab.down()
}
report.finish()
