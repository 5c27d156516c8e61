/** A large file over the virtual network: does it arrive intact, and how fast. */
import { copyBetween, TUTORIAL } from '../tools/lab/tutorial.mjs'
import { benchOptions } from './lib/options.mjs'
import { Report } from './lib/report.mjs'
import { inTutorialLab } from './lib/tutorial-lab.mjs'

const options = benchOptions({ megabytes: 1_000, runs: 1 })
const BYTES = 1_000_000 * options.megabytes
const FIRST_PORT = 9_000
const report = new Report('copy')
await inTutorialLab({ prefix: 'copy-', machines: ['alice', 'bob'] }, async (lab) => {
  for (let run = 0; run < options.runs; run++) {
    const address = TUTORIAL.virtual.bob
    const port = FIRST_PORT + run
    const { sent, received, tookSeconds } = await copyBetween(lab, 'alice', 'bob', {
      ...{ address, port, bytes: BYTES },
    })
    console.log(`sent ${sent}\ngot  ${received}`)
    if (received === '' || received !== sent) throw new Error('the checksums differ')
    const gbps = (8 * BYTES) / tookSeconds / 1e9
    report.add(`copy of ${BYTES / 1e6} MB, checksum equal`, 'Gbit/s', gbps)
  }
})
report.finish(options.json)
