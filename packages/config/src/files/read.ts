/** Reads a file whole, with a size limit and messages that say what to do. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { fileError, systemCode } from '../errors.ts'
import { CONFIG_BYTES_MAX } from '../limits.ts'

/** What to try for the failures that operators meet. */
const ADVICE: Readonly<Record<string, readonly [problem: string, expected: string]>> = {
  ENOENT: ['no such file', 'the path of a configuration file'],
  EACCES: ['may not be read by this user', 'read permission'],
  EPERM: ['may not be read by this user', 'read permission'],
  EISDIR: ['is a folder', 'the path of a configuration file'],
  ENOTDIR: ['no such file', 'the path of a configuration file'],
}

/** Returns the bytes of a configuration file. Throws ConfigErrors when it cannot be read or is too large. */
export function readBytes(file: string): Uint8Array {
  try {
    return readLimited(file, CONFIG_BYTES_MAX)
  } catch (error) {
    const code = systemCode(error)
    const [problem, expected] = ADVICE[code] ?? [`cannot be read (${code})`, 'a readable file']
    throw fileError(file, problem, expected)
  }
}

/** Returns at most `bytesMax + 1` bytes of a regular file, so that the caller can tell that it is too long. */
export function readLimited(file: string, bytesMax: number): Uint8Array {
  const descriptor = openSync(file, 'r')
  try {
    if (fstatSync(descriptor).isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' })
    const bytes = new Uint8Array(bytesMax + 1)
    let length = 0
    while (length < bytes.length) {
      const count = readSync(descriptor, bytes, length, bytes.length - length, null)
      if (count === 0) break
      length += count
    }
    return bytes.subarray(0, length)
  } finally {
    closeSync(descriptor)
  }
}
