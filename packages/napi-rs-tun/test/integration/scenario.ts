/** Runs the scenarios of `scenarios.ts` in a fresh network namespace and returns what they found. */
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isSupported } from '../../src/index.ts'

const folder = dirname(fileURLToPath(import.meta.url))

/** Why scenarios cannot run here; empty when they can. */
export const obstacle = isSupported().reason
if (obstacle !== '') console.warn(`skipped: ${obstacle}`)

let results: Promise<Record<string, unknown>> | undefined

/** Returns what scenario `name` found; the first call runs them all. */
export async function resultOf<T>(name: string): Promise<T> {
  results ??= runScenarios()
  return (await results)[name] as T
}

function runScenarios(): Promise<Record<string, unknown>> {
  const node = [process.execPath, '--conditions=@ipop/source', '--import', 'tsx']
  const child = spawn('unshare', ['-n', ...node, join(folder, 'scenarios.ts')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  return new Promise((resolve, reject) => {
    let output = ''
    let errors = ''
    child.stdout.on('data', (text) => (output += String(text)))
    child.stderr.on('data', (text) => (errors += String(text)))
    child.on('error', reject)
    child.on('close', (status) => {
      if (status === 0) resolve(JSON.parse(output) as Record<string, unknown>)
      else reject(new Error(`the scenarios ended with ${status}: ${errors}`))
    })
  })
}
