/** Runs a benchmark by name: `npm run bench -- NAME [--runs N] [--json FILE]`. */
import fs from 'node:fs'
import { pathToFileURL } from 'node:url'
import path from 'node:path'
import { ensure } from './ensure.mjs'
import { ROOT } from './steps.mjs'

const folder = path.join(ROOT, 'bench')
const names = fs
  .readdirSync(folder)
  .filter((file) => file.endsWith('.mjs'))
  .map((file) => path.basename(file, '.mjs'))
const USAGE = `usage: npm run bench -- NAME [--runs N] [--json FILE]\nNAME is one of: ${names.join(', ')}`
const [name] = process.argv.splice(2, 1)
if (name === '--help' || process.argv.includes('--help')) {
  console.log(USAGE)
  process.exit()
}
if (!name || !names.includes(name)) {
  console.error(USAGE)
  process.exit(2)
}
// Handlers of `exit` end what a benchmark has started.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130))
ensure({ native: true, dist: true })
await import(pathToFileURL(path.join(folder, `${name}.mjs`)).href)
process.exit()
