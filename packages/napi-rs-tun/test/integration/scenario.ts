/** Runs one scenario of `scenarios.ts` in a fresh network namespace and returns what it found. */
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isSupported } from '../../src/index.ts'

const folder = dirname(fileURLToPath(import.meta.url))

/** Why scenarios cannot run here; empty when they can. */
export const obstacle = isSupported().reason
if (obstacle !== '') console.warn(`skipped: ${obstacle}`)

/** Runs scenario `name` of script `file` in its own network namespace; returns the JSON it printed. */
export function runScenario<T>(name: string, file = 'scenarios.ts'): Promise<T> {
  const node = [process.execPath, '--conditions=@ipop/source', '--import', 'tsx']
  const child = spawn('unshare', ['-n', ...node, join(folder, file), name], {
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
      if (status === 0) resolve(JSON.parse(output) as T)
      else reject(new Error(`scenario ${name} ended with ${status}: ${errors}`))
    })
  })
}
