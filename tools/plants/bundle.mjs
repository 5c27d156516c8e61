/** Bundles the simulator with parts of the product exchanged: a planted bug, or the null cipher suite. Nothing of it is ever built into the product. */
import { createHash } from 'node:crypto'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { ROOT } from '../run/steps.mjs'
import { PLANTS } from './plants.mjs'

const PRIMITIVES = 'packages/security/src/primitives/'
const NULL_SUITE = 'apps/simulate/null-suite/'
const CACHE = join(ROOT, 'node_modules/.cache/ipop-simulator')
const KEPT_MS = 24 * 3_600_000

/** Returns the path of a program that simulates with the bug `plant`, or without any cryptography. */
export async function bundleSimulator({ plant, isNull = false }) {
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, 'apps/simulate/src/simulate.ts')],
    outfile: 'simulate.mjs',
    write: false,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['@ipop/source', 'module'],
    logLevel: 'error',
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    plugins: [exchange(plantNamed(plant), isNull)],
  })
  return kept(outputFiles[0].contents)
}

/** Writes a program under a name that follows from its bytes, so that many processes can have it at once; forgets those of other days. */
function kept(program) {
  mkdirSync(CACHE, { recursive: true })
  const path = join(CACHE, `${createHash('sha256').update(program).digest('hex').slice(0, 16)}.mjs`)
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, program)
  renameSync(draft, path)
  for (const name of readdirSync(CACHE)) {
    const writtenMs = statSync(join(CACHE, name), { throwIfNoEntry: false })?.mtimeMs ?? Infinity
    if (Date.now() - writtenMs > KEPT_MS) rmSync(join(CACHE, name), { force: true })
  }
  return path
}

/** Returns the source of a plant's file with the bug in it. Throws when the place is not found exactly once. */
export function plantedSource({ name, file, find, replace }) {
  const source = readFileSync(join(ROOT, file), 'utf8')
  if (source.split(find).length !== 2) throw new Error(`${name}: no single such place in ${file}`)
  return source.replace(find, () => replace)
}

function plantNamed(name) {
  if (name === undefined) return undefined
  const plant = PLANTS.find((each) => each.name === name)
  if (plant !== undefined) return plant
  throw new Error(`no plant ${name}; there are ${PLANTS.map((each) => each.name).join(', ')}`)
}

function exchange(plant, isNull) {
  return {
    name: 'exchange',
    setup({ onLoad }) {
      onLoad({ filter: /\/(packages|apps)\/.*\.ts$/ }, ({ path }) => {
        if (plant && path === join(ROOT, plant.file))
          return { contents: plantedSource(plant), loader: 'ts' }
        const primitive = /primitives\/(aead|blake2s|ed25519|x25519)\.ts$/.exec(path)?.[1]
        if (!isNull || !primitive || !path.startsWith(join(ROOT, PRIMITIVES))) return undefined
        const contents = readFileSync(join(ROOT, NULL_SUITE, `${primitive}.ts`), 'utf8')
        return { contents, loader: 'ts' }
      })
    },
  }
}
