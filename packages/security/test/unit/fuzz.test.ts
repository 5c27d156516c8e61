/** Hostile datagrams: nothing but the true bytes is accepted, and nothing throws. */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { IPOP_PROFILE } from '../../src/index.ts'
import type { SessionEndpoint } from '../../src/index.ts'
import { mac1Key, writeMac1 } from '../../src/handshake/macs.ts'
import { pair, pathTo, seededRandom, ToyNetwork } from '../kit.ts'
import type { ToyNode, ToyPath } from '../kit.ts'

const MAC2_BYTES = 16

describe('hostile datagrams', () => {
  it('changes nothing, whatever the bytes', () => {
    const { net, alice, bob } = pair()
    const before = snapshot(bob)
    const known = net.sent.filter((flight) => flight.from === 'alice').map((sent) => sent.bytes)
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 700 }),
      fc
        .tuple(fc.constantFrom(1, 2, 3, 4), fc.uint8Array({ minLength: 12, maxLength: 700 }))
        .map(([type, rest]) => Uint8Array.from([type, 0, 0, 0, ...rest])),
      fc
        .tuple(fc.constantFrom(...known), fc.nat(600), fc.uint8Array({ maxLength: 40 }))
        .map(([base, length, tail]) => Uint8Array.from([...base.subarray(0, length), ...tail])),
    )
    // Whoever sends a genuine initiation again and again is asked for a cookie at last.
    const isGenuine = (any: Uint8Array) =>
      known.some((one) => one[0] === 1 && signed(one).equals(signed(any)))
    const hostile = bytes.filter((any) => !isGenuine(any))
    fc.assert(
      fc.property(hostile, (any) => {
        bob.endpoint.handleDatagram(any, pathTo('mallory'), net.now)
        expect(bob.endpoint.pollTransmit()).toBeUndefined()
      }),
      { numRuns: 2_000 },
    )
    expect(snapshot(bob)).toEqual(before)
    net.send(alice, bob, 'still here')
    net.runFor(100)
    expect(bob.events.at(-1)).toMatchObject({ kind: 'frame' })
  })

  it('accepts no initiation with a changed bit, but for mac2 while there is no load', () => {
    const { bob, initiation } = beforeResponse()
    for (let bit = 0; bit < (initiation.length - MAC2_BYTES) * 8; bit++) {
      // One flip in seven covers every field and every bit position.
      if (bit % 7 === 0) refuses(bob.endpoint, flip(initiation, bit))
    }
    expect(bob.endpoint.sessionCount).toBe(0)
    bob.endpoint.handleDatagram(initiation, pathTo('alice'), 0)
    expect(bob.endpoint.sessionCount).toBe(1)
  })

  it('accepts no response with a changed bit, and still the true one afterwards', () => {
    const { alice, bob, initiation } = beforeResponse()
    bob.endpoint.handleDatagram(initiation, pathTo('alice'), 0)
    const response = bob.endpoint.pollTransmit()?.bytes ?? new Uint8Array()
    for (let bit = 0; bit < (response.length - MAC2_BYTES) * 8; bit++) {
      if (bit % 3 === 0) refuses(alice.endpoint, flip(response, bit))
    }
    alice.endpoint.handleDatagram(response, pathTo('bob'), 0)
    expect(alice.endpoint.pollEvent()).toMatchObject({ kind: 'established' })
  })

  it('accepts no response that passes mac1 but not Noise', () => {
    // mac1 needs no secret: whoever knows the public keys can make it.
    const { alice, bob, initiation } = beforeResponse()
    bob.endpoint.handleDatagram(initiation, pathTo('alice'), 0)
    const response = bob.endpoint.pollTransmit()?.bytes ?? new Uint8Array()
    const random = seededRandom('forger')
    for (let i = 0; i < 50; i++) {
      const forged = response.slice()
      forged.set(random.bytes(60), 12 + random.below(100))
      remac(forged, alice)
      refuses(alice.endpoint, forged)
    }
    alice.endpoint.handleDatagram(response, pathTo('bob'), 0)
    expect(alice.endpoint.pollEvent()).toMatchObject({ kind: 'established' })
  })

  it('accepts no transport data with a changed bit', () => {
    const { net, alice, bob } = pair()
    const session = alice.endpoint.session(bob.identity.address)
    const datagram = session?.seal(new TextEncoder().encode('frame'), net.now) ?? new Uint8Array()
    for (let bit = 0; bit < datagram.length * 8; bit++) refuses(bob.endpoint, flip(datagram, bit))
    bob.endpoint.handleDatagram(datagram, pathTo('alice'), net.now)
    expect(bob.endpoint.pollEvent()).toMatchObject({ kind: 'frame' })
  })
})

function beforeResponse(): { alice: ToyNode; bob: ToyNode; initiation: Uint8Array } {
  const net = new ToyNetwork()
  const alice = net.add('alice')
  const bob = net.add('bob', { cookieRate: 1e9, rateMax: 1e9 })
  net.connect(alice, bob)
  return { alice, bob, initiation: net.sent[0]?.bytes ?? new Uint8Array() }
}

function refuses(endpoint: SessionEndpoint<ToyPath>, bytes: Uint8Array): void {
  endpoint.handleDatagram(bytes, pathTo('mallory'), 0)
  const reaction = endpoint.pollTransmit() ?? endpoint.pollEvent()
  if (reaction !== undefined) throw new Error('a changed datagram was accepted')
}

/** Returns what the MACs of an initiation vouch for, and the first of them; the second is only looked at under load. */
function signed(initiation: Uint8Array): Buffer {
  return Buffer.from(initiation.subarray(0, -MAC2_BYTES))
}

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const changed = bytes.slice()
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return changed
}

function remac(message: Uint8Array, to: ToyNode): void {
  writeMac1(message, mac1Key(to.identity.sessionKeys.publicKey, IPOP_PROFILE.macScope('test')))
}

function snapshot(node: ToyNode): unknown {
  const { endpoint } = node
  return [endpoint.sessionCount, endpoint.halfOpenCount, node.events.length]
}
