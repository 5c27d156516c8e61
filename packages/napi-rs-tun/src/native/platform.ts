/** Which file holds the addon of a machine: one for each system, processor and C library. */
import { closeSync, openSync, readSync } from 'node:fs'

/** What prebuilt addons exist for. */
export const TRIPLES = ['linux-x64-gnu', 'linux-x64-musl', 'linux-arm64-gnu', 'linux-arm64-musl']

/** The C library that a program uses. */
export type Libc = 'gnu' | 'musl'

/** What decides which addon fits. */
export interface Machine {
  readonly platform: string
  readonly arch: string
  readonly libc: Libc
}

/** An executable names its dynamic linker near its beginning, behind the program headers. */
const ELF_START_BYTES = 4_096

/** Returns the machine that this process runs on. */
export function thisMachine(): Machine {
  const libc = process.platform === 'linux' ? libcOf(process.execPath) : 'gnu'
  return { platform: process.platform, arch: process.arch, libc }
}

/** Returns the name of the addon's file for a machine. */
export function addonFileName({ platform, arch, libc }: Machine): string {
  return `napi-rs-tun.${platform}-${arch}-${libc}.node`
}

/** Returns whether an addon can exist for a machine. */
export function hasAddon({ platform, arch, libc }: Machine): boolean {
  return TRIPLES.includes(`${platform}-${arch}-${libc}`)
}

/** Returns the C library of an executable: musl's linker is called ld-musl-PROCESSOR.so.1. */
export function libcOf(executable: string): Libc {
  const bytes = Buffer.alloc(ELF_START_BYTES)
  let length = 0
  try {
    const file = openSync(executable, 'r')
    try {
      length = readSync(file, bytes, 0, ELF_START_BYTES, 0)
    } finally {
      closeSync(file)
    }
  } catch {
    // An executable that cannot be read says nothing; nearly all machines have glibc.
    return 'gnu'
  }
  return bytes.subarray(0, length).includes('/ld-musl-') ? 'musl' : 'gnu'
}
