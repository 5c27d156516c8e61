/** The key file: created once, private to its owner, refused when others can read it. */
import { statSync } from 'node:fs'
import { fileError, systemCode } from '../errors.ts'
import { KEY_FILE_BYTES_MAX } from '../limits.ts'
import { createFile } from './atomic.ts'
import { readLimited } from './read.ts'

/** Content of a key file, and whether this call made it. */
export interface KeyFile {
  readonly content: string
  readonly isNew: boolean
}

/** Returns the content of a key file, or undefined when there is none. Throws ConfigErrors when it is not private. */
export function readKeyFile(file: string): string | undefined {
  try {
    const stat = statSync(file)
    if (!stat.isFile()) throw fileError(file, 'is not a regular file', 'a key file')
    checkMode(file, stat.mode)
    const bytes = readLimited(file, KEY_FILE_BYTES_MAX)
    if (bytes.length > KEY_FILE_BYTES_MAX)
      throw fileError(file, 'is too long for a key file', `at most ${KEY_FILE_BYTES_MAX} bytes`)
    return new TextDecoder().decode(bytes)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    if (systemCode(error) === 'CONFIG_INVALID') throw error
    throw fileError(
      file,
      `the key file cannot be read (${systemCode(error)})`,
      'a file this user may read',
    )
  }
}

/** Returns the key file, creating it with `makeContent()` when there is none. Never overwrites one. */
export function readOrCreateKeyFile(file: string, makeContent: () => string): KeyFile {
  const existing = readKeyFile(file)
  if (existing !== undefined) return { content: existing, isNew: false }
  const content = makeContent()
  try {
    if (createFile(file, new TextEncoder().encode(content), { mode: 0o600 }))
      return { content, isNew: true }
  } catch (error) {
    const expected =
      'an existing folder this user may write to; <Security><KeyPath> can name another'
    throw fileError(file, `the key file cannot be created (${systemCode(error)})`, expected)
  }
  // Another process created it between the two calls.
  return { content: readKeyFile(file) ?? content, isNew: false }
}

function checkMode(file: string, mode: number): void {
  if ((mode & 0o077) === 0 || process.platform === 'win32') return
  throw fileError(
    file,
    `the key file is open to other users (mode ${(mode & 0o777).toString(8).padStart(4, '0')})`,
    `mode 0600; run: chmod 600 '${file}' (and replace the key if others may have read it)`,
  )
}
