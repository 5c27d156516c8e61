/** Membership of a group, alone and as a condition of sessions. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { fromHex, Malformed, toHex } from '@ipop/codec'
import { GroupAuthority, Identity, verifyMembership } from '../../src/index.ts'
import type { SessionEndpointOptions } from '../../src/index.ts'
import { decodeGroupCertificate, encodeGroupCertificate } from '../../src/wire/group-certificate.ts'
import { kinds, seededRandom, ToyNetwork, WALL_START_MS } from '../kit.ts'

const authority = GroupAuthority.fromSeed(new Uint8Array(32).fill(1))
const EXPIRY = WALL_START_MS + 1_000

interface Vector {
  readonly authoritySeed: string
  readonly identityKey: string
  readonly nonce: string
  readonly subject: string
  readonly expiresAtMs: number
  readonly certificate: string
}

describe('group certificate', () => {
  it('makes a member of its owner alone, with its nonce, until it expires', () => {
    const record = memberOf(authority, 'alice').record(EXPIRY)
    expect(verifyMembership(record, authority.publicKey, EXPIRY - 1)).toMatchObject({
      subject: 'alice',
    })
    const reasons = [
      verifyMembership(record, authority.publicKey, EXPIRY),
      verifyMembership(record, new Uint8Array(32), 0),
      verifyMembership({ ...record, nonce: new Uint8Array(16) }, authority.publicKey, 0),
      verifyMembership({ ...record, identityKey: new Uint8Array(32) }, authority.publicKey, 0),
      verifyMembership(Identity.create(seededRandom(1)).record(EXPIRY), authority.publicKey, 0),
    ].map((result) => (result instanceof Malformed ? result.reason : result))
    expect(reasons).toEqual([
      'certificate expired',
      'certificate of another group or member',
      'certificate of another group or member',
      'certificate of another group or member',
      'no certificate',
    ])
  })

  it('refuses a subject that is too long', () => {
    expect(() => memberOf(authority, 'x'.repeat(65))).toThrow('bytes of subject')
    expect(memberOf(authority, 'x'.repeat(64)).certificate?.length).toBe(138)
  })

  it('decodes any bytes to a value', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (any) => {
        const decoded = decodeGroupCertificate(any)
        const isPrefix =
          decoded instanceof Malformed ||
          toHex(any).startsWith(toHex(encodeGroupCertificate(decoded)))
        expect(isPrefix).toBe(true)
      }),
    )
  })

  it('matches its vector', () => {
    const file = join(import.meta.dirname, '..', 'vectors', 'group-certificate.json')
    const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { vectors: Vector[] }
    for (const vector of vectors) {
      const random = { ...seededRandom(0), bytes: () => fromHex(vector.nonce) }
      const issued = GroupAuthority.fromSeed(fromHex(vector.authoritySeed)).issue(
        { ...vector, identityKey: fromHex(vector.identityKey) },
        random,
      )
      expect(toHex(issued.certificate)).toBe(vector.certificate)
    }
  })
})

describe('a group of certified nodes', () => {
  it('lets members talk and nobody else', () => {
    const net = new ToyNetwork()
    const options: Partial<SessionEndpointOptions> = {
      accepts: (record) =>
        !(verifyMembership(record, authority.publicKey, WALL_START_MS) instanceof Malformed),
    }
    const [alice, bob] = ['alice', 'bob'].map((name) =>
      net.add(name, { ...options, identity: memberOf(authority, name) }),
    )
    const stranger = net.add('stranger')
    if (alice === undefined || bob === undefined) throw new Error('unreachable')
    net.connect(alice, bob)
    net.connect(stranger, alice)
    net.runFor(30_000)
    expect(kinds(alice).filter((kind) => kind === 'established')).toHaveLength(1)
    expect(kinds(stranger)).toEqual(['failed'])
    net.connect(alice, stranger)
    net.runFor(30_000)
    expect(alice.events.at(-1)).toMatchObject({ kind: 'failed', reason: 'identity mismatch' })
  })
})

function memberOf(group: GroupAuthority, subject: string): Identity {
  const random = seededRandom(subject)
  const open = Identity.create(random)
  const { nonce, certificate } = group.issue(
    { identityKey: open.publicKey, subject, expiresAtMs: EXPIRY },
    random,
  )
  const identity = Identity.fromSecret({ ...open.secret, nonce })
  identity.certificate = certificate
  return identity
}
