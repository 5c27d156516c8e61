/** Runs overlay scenarios in virtual time. */
import { createNodeClock } from '@ipop/runtime/node'
import { main } from './main.ts'

const clock = createNodeClock()
const output = {
  print: (text: string) => process.stdout.write(text),
  complain: (text: string) => process.stderr.write(text),
}
const machine = {
  now: () => clock.now(),
  peakMemoryBytes: () => 1024 * process.resourceUsage().maxRSS,
}
process.exitCode = await main(process.argv.slice(2), output, machine)
