/** All rules together. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkAmbient } from './rules/ambient.ts'
import { checkDocumentation, checkOpenings } from './rules/comments.ts'
import { checkLayers } from './rules/layers.ts'
import { checkLimits } from './rules/limits.ts'
import { checkSizes } from './rules/sizes.ts'
import { checkUnsafe } from './rules/unsafe.ts'
import { checkWire } from './rules/wire.ts'
import { listFiles, readSource, type Repository } from './repository.ts'
import type { Violation } from './violation.ts'

/** Applies every rule to the repository; exceptions are not applied yet. */
export function checkRepository(repository: Repository): Violation[] {
  const sources = repository.workspaces.flatMap((workspace) => workspace.sources)
  const tools = listFiles(repository.root, 'tools', /\.(ts|mjs)$/)
    .filter((path) => !path.endsWith('.d.mts'))
    .map((path) => readSource(repository.root, path))
  return [
    ...checkLayers(repository),
    ...checkAmbient(repository),
    ...checkWire(repository),
    ...checkOpenings(openingFiles(repository)),
    ...checkDocumentation(repository),
    ...checkLimits(repository),
    ...checkSizes([...sources, ...tools]),
    ...checkUnsafe(repository),
  ]
}

/** Every file that people read: sources, tests, tools, benchmarks, examples. */
function openingFiles(repository: Repository): { path: string; text: string }[] {
  return ['packages', 'apps', 'test', 'tools', 'bench', 'examples']
    .flatMap((folder) => listFiles(repository.root, folder, /\.(ts|mts|mjs|js)$/))
    .map((path) => ({ path, text: readFileSync(join(repository.root, path), 'utf8') }))
}
