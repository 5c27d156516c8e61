/** Rule: `unsafe` Rust stands only in the crates that need it, and every use says why it is sound. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { listFiles, type Repository } from '../repository.ts'
import type { Violation } from '../violation.ts'

/** Crates that talk to the kernel or to Node, or overwrite the memory of keys; all others forbid it. */
const CRATES = /\/native\/(device|binding|secret)\/src\//

/** Finds `unsafe` outside those crates, or without a SAFETY comment above it. */
export function checkUnsafe(repository: Repository): Violation[] {
  return listFiles(repository.root, 'packages', /\.rs$/).flatMap((file) => {
    const lines = readFileSync(join(repository.root, file), 'utf8').split('\n')
    return lines.flatMap((line, index) => {
      if (!/\bunsafe\b/.test(codeOf(line))) return []
      const message = problem(file, lines, index)
      return message === undefined
        ? []
        : [{ rule: 'unsafe', file, line: index + 1, subject: 'unsafe', message }]
    })
  })
}

function problem(file: string, lines: readonly string[], index: number): string | undefined {
  if (!CRATES.test(file)) return 'move it to the crate "device"; all others are safe Rust'
  return isExplained(lines, index) ? undefined : 'say above it why it is sound: // SAFETY: ...'
}

/** The statement may begin a few lines above: the comment stands before it, attributes between do not matter. */
function isExplained(lines: readonly string[], index: number): boolean {
  for (let at = index; at >= 0 && at > index - 8; at -= 1) {
    const line = (lines[at] ?? '').trim()
    if (/\/\/ SAFETY: \S|\/\/\/ # Safety/.test(line)) return true
    if (at < index && /^[})\]]*[;}]?$|;$/.test(line)) return false
  }
  return false
}

/** Returns a line without its comment and the contents of its strings. */
function codeOf(line: string): string {
  return line.replace(/"(\\.|[^"\\])*"/g, '""').replace(/\/\/.*/, '')
}
