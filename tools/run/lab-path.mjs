/** Copies over paths of several sizes whose routers keep silent: `npm run lab:path -- [--mtu 1280,1500,9000] [--way direct,relay] [--bytes N] [--json FILE]`. */
import fs from 'node:fs'
import { Lab } from '../lab/namespaces.mjs'
import { amount, choices, readOptions } from '../lab/options.mjs'
import { copyAcross, pathLabUp, peerOver, startMachines } from '../lab/path-mtu.mjs'
import { ensure } from './ensure.mjs'

const values = readOptions({
  mtu: '1280,1500,9000',
  family: '4,6',
  plane: 'rust,js',
  way: 'direct,relay',
  bytes: 200_000_000,
  json: undefined,
})
const mtus = values.mtu.split(',').map((text) => amount('mtu', text))
const [families, planes, ways] = ['family', 'plane', 'way'].map((name, at) =>
  choices(
    name,
    values[name],
    [
      ['4', '6'],
      ['rust', 'js'],
      ['direct', 'relay'],
    ][at],
  ),
)
ensure({ native: true, dist: !process.env.IPOP_LAB_AS_BUILT })
const reason = Lab.unavailable()
if (reason) {
  console.log(`The path lab is skipped: ${reason}.`)
  process.exit()
}
const results = []
for (const mtu of mtus)
  for (const family of families.map(Number))
    for (const plane of planes)
      for (const way of ways) {
        // Only sockets of the data plane can ask how long datagrams a relay passes on.
        if (plane === 'js' && way === 'relay') continue
        results.push(await visit({ mtu, family, plane, way }))
      }
if (values.json) fs.writeFileSync(values.json, `${JSON.stringify(results, undefined, 1)}\n`)
process.exit(results.every((each) => each.isIntact) ? 0 : 1)

async function visit({ mtu, family, plane, way }) {
  const lab = new Lab({ prefix: 'path-' })
  // JavaScript is slow: a tenth shows as much.
  const bytes = values.bytes / (plane === 'js' ? 10 : 1)
  const about = { mtu, family, plane, way, bytes }
  const isRelayed = way === 'relay'
  try {
    pathLabUp(lab, { mtu, family, isRelayed })
    const env = plane === 'js' ? { IPOP_DATAPLANE: 'js' } : {}
    await startMachines(lab, { family, isRelayed, env })
    const result = { ...about, ...(await copyAcross(lab, { bytes, port: 9_000 })) }
    result.datagramBytesMax = peerOver(lab, 'alice', isRelayed ? 'relay' : 'udp')?.datagramBytesMax
    console.log(line(result))
    return result
  } catch (error) {
    console.log(`${nameOf(about)}: ${error.message}`)
    return { ...about, isIntact: false, error: error.message }
  } finally {
    lab.down()
  }
}

function nameOf({ mtu, family, plane, way }) {
  return `MTU ${mtu}, IPv${family} outside, ${plane}, ${way}`
}

function line({ bytes, isIntact, seconds, cut, counters, datagramBytesMax, ...about }) {
  const speed = ((8 * bytes) / seconds / 1e6).toFixed(0)
  const found = `datagrams up to ${datagramBytesMax ?? 'unknown'}`
  const told = `hosts told ${counters.tooBig ?? '-'}, sent to be cut ${counters.fragmented ?? '-'}, cut by routers ${cut}`
  return `${nameOf(about)}: ${isIntact ? 'intact' : 'BROKEN'}, ${speed} Mbit/s, ${found}, ${told}`
}
