/** The primitives against Project Wycheproof. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { fromHex, toHex } from '@ipop/codec'
import { open, seal } from '../../src/primitives/aead.ts'
import type { AeadName } from '../../src/primitives/aead.ts'
import { verifySignature } from '../../src/primitives/ed25519.ts'
import { X25519PrivateKey, X25519PublicKey } from '../../src/primitives/x25519.ts'

type Case = Readonly<Record<string, string>> & {
  readonly tcId: string
  readonly flags: readonly string[]
}
interface Group {
  readonly ivSize?: number
  readonly keySize?: number
  readonly tagSize?: number
  readonly publicKey?: { readonly pk: string }
  readonly tests: readonly Case[]
}

const hex = (item: Case, field: string): Uint8Array => fromHex(item[field] ?? '')

describe('X25519', () => {
  it('agrees on every case and refuses zero results', () => {
    let count = 0
    for (const { tests } of groupsOf('x25519')) {
      for (const item of tests) {
        count += 1
        const key = X25519PrivateKey.fromBytes(hex(item, 'private'))
        const shared = key.sharedSecret(X25519PublicKey.fromBytes(hex(item, 'public')))
        const isZero = item.flags.includes('ZeroSharedSecret')
        expect([item.tcId, shared && toHex(shared)]).toEqual([
          item.tcId,
          isZero ? undefined : item['shared'],
        ])
      }
    }
    expect(count).toBe(518)
  })
})

describe('Ed25519', () => {
  it('accepts exactly the valid signatures', () => {
    let count = 0
    for (const { publicKey, tests } of groupsOf('ed25519')) {
      for (const item of tests) {
        count += 1
        const key = fromHex(publicKey?.pk ?? '')
        const isValid = verifySignature(key, hex(item, 'msg'), hex(item, 'sig'))
        expect([item.tcId, isValid]).toEqual([item.tcId, item['result'] === 'valid'])
      }
    }
    expect(count).toBe(151)
  })
})

describe.each([
  ['chacha20-poly1305', 'chacha20_poly1305'],
  ['aes-256-gcm', 'aes_gcm'],
] as const)('%s', (name, file) => {
  it('seals and opens the valid cases and opens no other', () => {
    let count = 0
    for (const group of groupsOf(file)) {
      // Only the sizes of the protocol can be asked for: 256-bit keys, 96-bit nonces, whole tags.
      if (group.keySize !== 256 || group.ivSize !== 96 || group.tagSize !== 128) continue
      for (const item of group.tests) {
        count += 1
        expect(aeadResults(name, item)).toEqual(expectedAead(item))
      }
    }
    expect(count).toBeGreaterThan(60)
  })
})

function aeadResults(name: AeadName, item: Case): readonly unknown[] {
  const [key, iv, aad] = [hex(item, 'key'), hex(item, 'iv'), hex(item, 'aad')]
  const opened = open(name, key, iv, aad, fromHex(`${item['ct']}${item['tag']}`))
  const sealed = toHex(seal(name, key, iv, aad, hex(item, 'msg')))
  return [item.tcId, opened && toHex(opened), sealed === `${item['ct']}${item['tag']}`]
}

function expectedAead(item: Case): readonly unknown[] {
  return item['result'] === 'valid' ? [item.tcId, item['msg'], true] : [item.tcId, undefined, false]
}

function groupsOf(file: string): readonly Group[] {
  const path = join(import.meta.dirname, 'wycheproof', `${file}_test.json`)
  return (JSON.parse(readFileSync(path, 'utf8')) as { testGroups: Group[] }).testGroups
}
