/** What the commands of this folder share: where the repository is, and running programs in it. */
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Folder of the repository. */
export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** Prints what happens next. */
export function say(text) {
  console.log(`> ${text}`)
}

/** Returns the path of a program that npm installed. */
export function installed(name) {
  return join(ROOT, 'node_modules', '.bin', name)
}

/** Runs a program to its end; returns its exit status (1 when it could not start) and, with `capture`, its output. */
export function run(program, args, options = {}) {
  const result = spawnSync(program, args, {
    cwd: options.cwd ?? ROOT,
    env: { ...process.env, ...options.env },
    stdio: options.capture ? ['inherit', 'pipe', 'pipe'] : 'inherit',
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  })
  if (result.error) console.error(`${program}: ${result.error.message}`)
  const output = `${result.stdout ?? ''}${result.stderr ?? ''}`
  return { status: result.status ?? 1, output }
}

/** Returns whether a program can be started. */
export function exists(program) {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined
}
