/** Sessions between two endpoints over a toy network. */
import { describe, expect, it } from '@jest/globals'
import { frames, kinds, pair, ToyNetwork } from '../kit.ts'
import { WIREGUARD_PROFILE } from '../../src/index.ts'

describe('SessionEndpoint', () => {
  it('establishes a session in one round trip and carries frames both ways', () => {
    const { net, alice, bob } = pair()
    expect(kinds(alice)).toEqual(['established', 'keepalive'])
    expect(kinds(bob)).toEqual(['responding', 'established', 'keepalive'])
    net.send(alice, bob, 'ping')
    net.send(bob, alice, 'pong')
    net.runFor(100)
    expect(frames(bob)).toEqual(['ping'])
    expect(frames(alice)).toEqual(['pong'])
    const session = alice.endpoint.session(bob.identity.address)
    expect(session?.peer.record?.address.equals(bob.identity.address)).toBe(true)
    expect(session?.cipher).toBe('aes-256-gcm')
  })

  it('establishes a session with the profile of WireGuard', () => {
    const psk = new Uint8Array(32).fill(7)
    const { net, alice, bob } = pair({ endpoint: { profile: WIREGUARD_PROFILE, psk } })
    net.send(alice, bob, 'x'.repeat(32))
    net.runFor(100)
    expect(frames(bob)).toEqual(['x'.repeat(32)])
    expect(net.sent.slice(0, 2).map((flight) => flight.bytes.length)).toEqual([148, 92])
  })

  it('never answers with more bytes than it was sent', () => {
    const { net } = pair()
    const [initiation, response] = net.sent
    expect(initiation?.bytes.length).toBe(576)
    expect(response?.bytes.length).toBeLessThan(576)
  })

  it('gives up after 20 s without an answer', () => {
    const net = new ToyNetwork({ faults: { loss: 1 } })
    const alice = net.add('alice')
    const bob = net.add('bob')
    net.connect(alice, bob)
    net.runFor(30_000)
    expect(alice.events).toMatchObject([{ kind: 'failed', reason: 'no answer' }])
    expect(alice.endpoint.sessionCount).toBe(0)
  })
})
