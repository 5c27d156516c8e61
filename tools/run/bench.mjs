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
const name = process.argv[2]
if (!name || !names.includes(name)) {
  console.error(
    `usage: npm run bench -- NAME [--runs N] [--json FILE]\nNAME is one of: ${names.join(', ')}`,
  )
  process.exit(2)
}
ensure({ native: true, dist: true })
await import(pathToFileURL(path.join(folder, `${name}.mjs`)).href)
process.exit()
