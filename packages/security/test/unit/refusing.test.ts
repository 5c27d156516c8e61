/** What a session endpoint refuses: strangers, wrong identities, replays. */
import { describe, expect, it } from '@jest/globals'
import { HALF_OPEN_MS } from '../../src/limits.ts'
import { kinds, pair, pathTo, ToyNetwork } from '../kit.ts'

describe('refusing', () => {
  it('gives a stranger to the namespace no answer', () => {
    const net = new ToyNetwork()
    const alice = net.add('alice', { namespace: 'one' })
    const bob = net.add('bob', { namespace: 'two' })
    net.connect(alice, bob)
    net.runFor(30_000)
    expect(kinds(alice)).toEqual(['failed'])
    expect(net.sent.every((flight) => flight.from === 'alice')).toBe(true)
    expect(bob.endpoint.drops.mac1).toBeGreaterThan(0)
  })

  it('refuses a peer that another address was expected of', () => {
    const net = new ToyNetwork()
    const alice = net.add('alice')
    const bob = net.add('bob')
    const sessionKey = bob.identity.sessionKeys.publicKey
    alice.endpoint.connect({ sessionKey, address: alice.identity.address }, net.now)
    net.flush(alice)
    net.runFor(1_000)
    expect(alice.events).toMatchObject([{ kind: 'failed', reason: 'identity mismatch' }])
  })

  it('refuses a peer whose record does not please', () => {
    const net = new ToyNetwork()
    const alice = net.add('alice')
    const bob = net.add('bob', { accepts: () => false })
    net.connect(alice, bob)
    net.runFor(30_000)
    expect(kinds(alice)).toEqual(['failed'])
    expect([bob.endpoint.sessionCount, bob.endpoint.drops.peer > 0]).toEqual([0, true])
  })

  it('does not connect to itself or to a key of low order', () => {
    const net = new ToyNetwork()
    const alice = net.add('alice')
    net.connect(alice, alice)
    alice.endpoint.connect({ sessionKey: new Uint8Array(32) }, net.now)
    net.flush(alice)
    expect(alice.events).toMatchObject([
      { kind: 'failed', reason: 'unusable key' },
      { kind: 'failed', reason: 'unusable key' },
    ])
    expect(alice.endpoint.sessionCount).toBe(0)
  })

  it('ignores a replayed initiation, once confirmed, and any replayed data', () => {
    const { net, alice, bob } = pair()
    net.send(alice, bob, 'once')
    net.runFor(100)
    const before = bob.events.length
    const recorded = net.sent.filter((flight) => flight.from === 'alice')
    for (const { bytes } of recorded) bob.endpoint.handleDatagram(bytes, pathTo('mallory'), net.now)
    expect(bob.endpoint.pollTransmit()).toBeUndefined()
    net.flush(bob)
    expect(bob.events.length).toBe(before)
  })

  it('keeps a replay at a restarted node half open only, and drops it', () => {
    const { net, alice, bob } = pair()
    const initiation = net.sent.find((flight) => flight.bytes[0] === 1)
    net.nodes.delete('alice')
    bob.endpoint = net.makeEndpoint('bob', bob.identity)
    bob.events.length = 0
    bob.endpoint.handleDatagram(initiation?.bytes ?? new Uint8Array(), pathTo('mallory'), net.now)
    net.flush(bob)
    expect(kinds(bob)).toEqual(['responding'])
    expect(net.send(bob, alice, 'secret')).toBe(false)
    net.runFor(HALF_OPEN_MS + 1_000)
    expect(bob.endpoint.sessionCount).toBe(0)
  })
})
