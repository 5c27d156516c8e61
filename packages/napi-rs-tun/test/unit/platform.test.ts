/** The addon's file is chosen by system, processor and C library, and its absence is explained. */
import { describe, expect, it } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { missing } from '../../src/native/loader.ts'
import { addonFileName, hasAddon, libcOf, TRIPLES } from '../../src/native/platform.ts'

describe('addonFileName', () => {
  it.each([
    ['x64', 'gnu', 'napi-rs-tun.linux-x64-gnu.node'],
    ['x64', 'musl', 'napi-rs-tun.linux-x64-musl.node'],
    ['arm64', 'gnu', 'napi-rs-tun.linux-arm64-gnu.node'],
    ['arm64', 'musl', 'napi-rs-tun.linux-arm64-musl.node'],
  ] as const)('knows linux on %s with %s', (arch, libc, name) => {
    const machine = { platform: 'linux', arch, libc }
    expect(addonFileName(machine)).toBe(name)
    expect(hasAddon(machine)).toBe(true)
    expect(missing(machine).message).toMatch(`${name} is missing: build it with "npm run build"`)
  })

  it.each([
    { platform: 'darwin', arch: 'arm64', libc: 'gnu' },
    { platform: 'win32', arch: 'x64', libc: 'gnu' },
    { platform: 'linux', arch: 'riscv64', libc: 'gnu' },
  ] as const)('says that there is none for %j', (machine) => {
    expect(hasAddon(machine)).toBe(false)
    const error = missing(machine)
    expect(error.code).toBe('TUN_ADDON_MISSING')
    expect(error.message).toMatch(`none for this machine, only for ${TRIPLES.join(', ')}`)
  })
})

describe('libcOf', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ipop-libc-'))
  const executable = (linker: string): string => {
    const path = join(folder, 'node')
    const header = Buffer.alloc(680)
    header.write('\x7fELF', 'latin1')
    writeFileSync(path, Buffer.concat([header, Buffer.from(`${linker}\0`), Buffer.alloc(9_000)]))
    return path
  }

  it('reads the linker that an executable asks for', () => {
    expect(libcOf(executable('/lib/ld-musl-aarch64.so.1'))).toBe('musl')
    expect(libcOf(executable('/lib64/ld-linux-x86-64.so.2'))).toBe('gnu')
    expect(libcOf(executable(''))).toBe('gnu')
    expect(libcOf(join(folder, 'nothing'))).toBe('gnu')
    rmSync(folder, { recursive: true })
  })
})
