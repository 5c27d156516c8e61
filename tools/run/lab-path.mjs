/** Copies over paths of several sizes whose routers keep silent: `npm run lab:path -- [--mtu 1280,1500,9000] [--bytes N] [--json FILE]`. */
import fs from 'node:fs'
import { parseArgs } from 'node:util'
import { Lab } from '../lab/namespaces.mjs'
import { copyAcross, directPeer, pathLabUp, startMachines } from '../lab/path-mtu.mjs'
import { ensure } from './ensure.mjs'

const { values } = parseArgs({
  options: {
    mtu: { type: 'string', default: '1280,1500,9000' },
    family: { type: 'string', default: '4,6' },
    plane: { type: 'string', default: 'rust,js' },
    bytes: { type: 'string', default: String(200_000_000) },
    json: { type: 'string' },
  },
})
ensure({ native: true, dist: !process.env.IPOP_LAB_AS_BUILT })
const reason = Lab.unavailable()
if (reason) {
  console.log(`The path lab is skipped: ${reason}.`)
  process.exit()
}
const results = []
for (const mtu of values.mtu.split(',').map(Number))
  for (const family of values.family.split(',').map(Number))
    for (const plane of values.plane.split(',')) results.push(await visit({ mtu, family, plane }))
if (values.json) fs.writeFileSync(values.json, `${JSON.stringify(results, undefined, 1)}\n`)
process.exit(results.every((each) => each.isIntact) ? 0 : 1)

async function visit({ mtu, family, plane }) {
  const lab = new Lab({ prefix: 'path-' })
  // JavaScript is slow: a tenth shows as much.
  const bytes = Number(values.bytes) / (plane === 'js' ? 10 : 1)
  const about = { mtu, family, plane, bytes }
  try {
    pathLabUp(lab, { mtu, family })
    const env = plane === 'js' ? { IPOP_DATAPLANE: 'js' } : {}
    await startMachines(lab, { family, env })
    const result = { ...about, ...(await copyAcross(lab, { bytes, port: 9_000 })) }
    result.datagramBytesMax = directPeer(lab, 'alice')?.datagramBytesMax
    console.log(line(result))
    return result
  } catch (error) {
    console.log(`MTU ${mtu}, IPv${family} outside, ${plane}: ${error.message}`)
    return { ...about, isIntact: false, error: error.message }
  } finally {
    lab.down()
  }
}

function line({ mtu, family, plane, bytes, isIntact, seconds, cut, counters, datagramBytesMax }) {
  const speed = ((8 * bytes) / seconds / 1e6).toFixed(0)
  const found = `datagrams up to ${datagramBytesMax ?? 'unknown'}`
  const told = `hosts told ${counters.tooBig ?? '-'}, sent to be cut ${counters.fragmented ?? '-'}, cut by routers ${cut}`
  return `MTU ${mtu}, IPv${family} outside, ${plane}: ${isIntact ? 'intact' : 'BROKEN'}, ${speed} Mbit/s, ${found}, ${told}`
}
