/** The simulator as a program of its own with the null cipher suite: several times as many seeds in the same time. */
import { execFile } from 'node:child_process'
import { bundleSimulator } from '../../../../tools/plants/bundle.mjs'

/** What a run of the program left behind. */
export interface ProgramRun {
  readonly code: number
  readonly out: string
}

let program: Promise<string> | undefined

/** Runs the program with `argv` in a process of its own. */
export async function simulateNull(...argv: string[]): Promise<ProgramRun> {
  program ??= bundleSimulator({ isNull: true })
  const path = await program
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, [path, ...argv], (error, out) => {
      if (typeof child.exitCode === 'number') resolve({ code: child.exitCode, out })
      else reject(error ?? new Error('the simulator ended without an exit code'))
    })
  })
}
