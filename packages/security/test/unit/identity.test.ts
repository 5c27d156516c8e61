/** Identities, their addresses, records and key files. */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { Malformed } from '@ipop/codec'
import {
  addressFromIdentity,
  CERTIFICATE_BYTES_MAX,
  decodeIdentitySecret,
  decodeNodeRecord,
  encodeIdentitySecret,
  encodeNodeRecord,
  Identity,
  NODE_RECORD_BYTES_MIN,
  verifyNodeRecord,
  verifySignature,
} from '../../src/index.ts'
import { seededRandom } from '../kit.ts'

const identity = Identity.create(seededRandom('identity'))
const EXPIRY = 1_800_000_000_000

describe('Identity', () => {
  it('has an address of class 0 that follows from key and nonce', () => {
    expect(identity.address.addressClass()).toBe(0)
    const again = addressFromIdentity(identity.publicKey, new Uint8Array(16))
    expect(identity.address.equals(again)).toBe(true)
    const other = addressFromIdentity(identity.publicKey, new Uint8Array(16).fill(1))
    expect(identity.address.equals(other)).toBe(false)
  })

  it('survives its key file', () => {
    const text = encodeIdentitySecret(identity.secret)
    const secret = decodeIdentitySecret(text)
    if (secret instanceof Malformed) throw new Error(secret.reason)
    const again = Identity.fromSecret(secret)
    expect(again.address.equals(identity.address)).toBe(true)
    expect(again.sessionKeys.publicKey).toEqual(identity.sessionKeys.publicKey)
    expect(verifySignature(identity.publicKey, secret.nonce, again.sign(secret.nonce))).toBe(true)
  })

  it.each([
    ['', 'first line'],
    ['ipop-key-v2\n', 'first line'],
    ['ipop-key-v1\n', 'identity is missing'],
    [encodeIdentitySecret(identity.secret).replace('nonce ', 'nonce A'), 'nonce is not'],
    [encodeIdentitySecret(identity.secret).replace('session', 'identity'), 'stands twice'],
    ['ipop-key-v1\n'.padEnd(2_000, '\n'), 'too long'],
  ])('refuses a key file that is not one (%#)', (text, reason) => {
    const result = decodeIdentitySecret(text)
    expect(result instanceof Malformed && result.reason).toContain(reason)
  })

  it('tolerates comments, blank lines, other fields and Windows line ends in a key file', () => {
    const text = `${encodeIdentitySecret(identity.secret)}\n# note\nlabel home\n`
    expect(decodeIdentitySecret(text.replaceAll('\n', '\r\n'))).toEqual(identity.secret)
  })
})

describe('node record', () => {
  const record = identity.record(EXPIRY)
  const bytes = encodeNodeRecord(record)

  it('survives its wire form', () => {
    expect(bytes.length).toBe(NODE_RECORD_BYTES_MIN)
    expect(decodeNodeRecord(bytes)).toEqual(record)
    expect(verifyNodeRecord(record, EXPIRY - 1)).toBe(true)
  })

  it('ends at its expiry', () => {
    expect(verifyNodeRecord(record, EXPIRY)).toBe(false)
  })

  it('carries a certificate up to the limit, and none beyond', () => {
    const member = Identity.create(seededRandom('member'))
    member.certificate = new Uint8Array(CERTIFICATE_BYTES_MAX).fill(5)
    const decoded = decodeNodeRecord(encodeNodeRecord(member.record(EXPIRY)))
    if (decoded instanceof Malformed) throw new Error(decoded.reason)
    expect(decoded.certificate).toEqual(member.certificate)
    expect(verifyNodeRecord(decoded, 0)).toBe(true)
    member.certificate = new Uint8Array(CERTIFICATE_BYTES_MAX + 1)
    expect(() => member.record(EXPIRY)).toThrow('bytes of certificate')
  })

  it('verifies under no single changed bit', () => {
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = bytes.slice()
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      const decoded = decodeNodeRecord(changed)
      expect(decoded instanceof Malformed || !verifyNodeRecord(decoded, 0)).toBe(true)
    }
  })

  it('decodes any bytes to a value', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (any) => {
        const decoded = decodeNodeRecord(any)
        expect(decoded instanceof Malformed || !verifyNodeRecord(decoded, 0)).toBe(true)
      }),
    )
  })
})
