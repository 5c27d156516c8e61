/** Sessions between two endpoints over a toy network. */
import { describe, expect, it } from '@jest/globals'
import {
  CIPHER_CHACHA20_POLY1305,
  Identity,
  IPOP_PROFILE,
  WIREGUARD_PROFILE,
} from '../../src/index.ts'
import { REJECT_AFTER_MS, REKEY_AFTER_MS, SESSION_DORMANT_MS } from '../../src/limits.ts'
import { frames, kinds, pair, seededRandom, ToyNetwork } from '../kit.ts'

describe('establishing', () => {
  it('takes one round trip and carries frames both ways', () => {
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

  it('works with the profile of WireGuard, in messages of its sizes', () => {
    const psk = new Uint8Array(32).fill(7)
    const { net, alice, bob } = pair({ endpoint: { profile: WIREGUARD_PROFILE, psk } })
    net.send(alice, bob, 'x'.repeat(32))
    net.runFor(100)
    expect(frames(bob)).toEqual(['x'.repeat(32)])
    expect(net.sent.slice(0, 2).map((flight) => flight.bytes.length)).toEqual([148, 92])
  })

  it('agrees on ChaCha20-Poly1305 where one end has nothing else', () => {
    const net = new ToyNetwork()
    const alice = net.add('alice', { capabilities: [CIPHER_CHACHA20_POLY1305] })
    const bob = net.add('bob')
    net.connect(bob, alice)
    net.runFor(100)
    const ciphers = [alice, bob].map((node) => [...node.endpoint.sessions()][0]?.cipher)
    expect(ciphers).toEqual(['chacha20-poly1305', 'chacha20-poly1305'])
  })

  it('never answers with more bytes than it was sent', () => {
    const { net } = pair()
    const [initiation, response] = net.sent
    expect([initiation?.bytes.length, response?.bytes.length]).toEqual([308, 252])
    const certificate = new Uint8Array(256)
    const withCertificates = new ToyNetwork()
    const [left, right] = ['left', 'right'].map((name) => {
      const identity = Identity.create(seededRandom(name))
      identity.certificate = certificate
      return withCertificates.add(name, { identity })
    })
    if (left === undefined || right === undefined) throw new Error('unreachable')
    withCertificates.connect(left, right)
    withCertificates.runFor(100)
    const [first, second] = withCertificates.sent.map((flight) => flight.bytes.length)
    expect(second).toBeLessThanOrEqual(first ?? 0)
    expect(kinds(left)).toContain('established')
  })

  it('does not answer an initiation that its response would exceed', () => {
    const { net, bob } = strangerTo(256, { profile: { ...IPOP_PROFILE, initiationBytes: 0 } })
    net.runFor(100)
    expect(net.sent.map(({ bytes }) => bytes[0])).toEqual([1])
    expect(bob.endpoint.drops.shape).toBe(1)
  })

  it('reaches a peer whose record is much longer by a roomy initiation', () => {
    const { net, alice } = strangerTo(256)
    net.runFor(4_000)
    expect(kinds(alice)).not.toContain('established')
    net.runFor(6_000)
    expect(kinds(alice)).toContain('established')
    const roomy = net.sent.findIndex(({ bytes }) => bytes.length === 576)
    expect(net.sent.slice(roomy).map(({ bytes }) => bytes[0])).toEqual([1, 2, 4, 4])
  })

  it('leaves room at once for a certificate with a longer subject', () => {
    const certified = Identity.create(seededRandom('certified'))
    certified.certificate = new Uint8Array(70)
    const { net, alice } = strangerTo(70 + 64, { identity: certified })
    net.runFor(100)
    expect(kinds(alice)).toContain('established')
  })

  it('gives up after 20 s without an answer', () => {
    const net = new ToyNetwork({ faults: { loss: 1 } })
    const alice = net.add('alice')
    net.connect(alice, net.add('bob'))
    net.runFor(19_000)
    expect(alice.events).toEqual([])
    net.runFor(11_000)
    expect(alice.events).toMatchObject([{ kind: 'failed', reason: 'no answer' }])
    expect(alice.endpoint.sessionCount).toBe(0)
    expect(net.sent.length).toBeLessThan(10)
  })

  it('recovers at once from a lost initiation, response or confirmation', () => {
    for (const lost of [0, 1, 2, 3]) {
      let count = 0
      const net = new ToyNetwork({ faults: { isBlocked: () => count++ === lost } })
      const alice = net.add('alice')
      const bob = net.add('bob')
      net.connect(alice, bob)
      net.runFor(600)
      expect([lost, kinds(alice), kinds(bob)]).toEqual([
        lost,
        expect.arrayContaining(['established']),
        expect.arrayContaining(['established']),
      ])
    }
  })

  it('confirms a key by the first frame, and without one by an empty datagram', () => {
    const net = new ToyNetwork()
    const [alice, bob] = [net.add('alice'), net.add('bob')]
    net.onEvent = (node, { kind }) => {
      if (node === alice && kind === 'established') net.send(alice, bob, 'first')
    }
    net.connect(alice, bob)
    net.runFor(100)
    expect(kinds(bob)).toEqual(['responding', 'established', 'frame'])
    expect(kinds(alice)).toEqual(['established'])
    expect(net.sent).toHaveLength(3)
    expect(bob.events[1]).toMatchObject({ rttMs: 20 })
  })

  it('works over a path that is slower than the first resends', () => {
    const { alice, bob, net } = pair({ faults: { delayMs: 1_500 } })
    net.runFor(5_000)
    expect(kinds(alice).filter((kind) => kind === 'established')).toHaveLength(1)
    expect(kinds(bob).filter((kind) => kind === 'responding')).toHaveLength(1)
  })

  it('is the same session when connect is called again', () => {
    const { net, alice, bob } = pair()
    const session = net.connect(alice, bob)
    expect(alice.endpoint.session(bob.identity.address)).toBe(session)
    net.runFor(1_000)
    expect(net.sent.filter((flight) => flight.bytes[0] === 1)).toHaveLength(1)
  })
})

describe('rekeying', () => {
  it('replaces the key under traffic without losing a frame', () => {
    const { net, alice, bob } = pair()
    let sent = 0
    while (net.now < 20 * 60_000) {
      expect(net.send(alice, bob, `${sent++}`)).toBe(true)
      net.runFor(500)
    }
    expect(frames(bob)).toHaveLength(sent)
    const initiations = net.sent.filter((flight) => flight.bytes[0] === 1)
    expect(initiations.length).toBeGreaterThan(8)
    expect(initiations.length).toBeLessThan(13)
    const ends = [alice.endpoint.session(bob.identity.address)]
    ends.push(bob.endpoint.session(alice.identity.address))
    for (const end of ends) expect(end?.rekeyCount).toBe(initiations.length - 1)
  })

  it('comes as often as a test asks for', () => {
    const { net, alice, bob } = pair({ endpoint: { rekeyAfterMs: 6_000 } })
    for (let sent = 0; net.now < 61_000; sent++) {
      expect(net.send(alice, bob, `${sent}`)).toBe(true)
      net.runFor(500)
    }
    expect(bob.endpoint.session(alice.identity.address)?.rekeyCount).toBe(9)
  })

  it('does nothing while there is nothing to send', () => {
    const { net } = pair()
    const before = net.sent.length
    net.runFor(SESSION_DORMANT_MS - 10_000)
    expect(net.sent.length).toBe(before)
  })

  it('erases keys at their end, and connects again when there is something to send', () => {
    const { net, alice, bob } = pair()
    const session = alice.endpoint.session(bob.identity.address)
    const key = session?.currentKey
    net.runFor(REJECT_AFTER_MS)
    expect([session?.isEstablished, key?.parts.sendKey]).toEqual([false, new Uint8Array(32)])
    expect(net.send(alice, bob, 'early')).toBe(false)
    net.runFor(100)
    expect(net.send(alice, bob, 'late')).toBe(true)
    net.runFor(100)
    expect(frames(bob)).toEqual(['late'])
    expect(kinds(alice).filter((kind) => kind === 'established')).toHaveLength(2)
  })

  it('forgets a silent session', () => {
    const { net, alice, bob } = pair()
    net.runFor(SESSION_DORMANT_MS + 1_000)
    expect(alice.events.at(-1)).toMatchObject({ kind: 'closed', reason: 'expired' })
    expect(bob.endpoint.sessionCount).toBe(0)
    expect(bob.endpoint.pollTimeout()).toBeUndefined()
  })

  it('happens once where only the responder of a key has something to say', () => {
    const { net, alice, bob } = pair()
    while (net.now < REKEY_AFTER_MS + 30_000) {
      net.send(bob, alice, 'one way')
      net.runFor(1_000)
    }
    expect(net.sent.filter((flight) => flight.bytes[0] === 1)).toHaveLength(2)
  })
})

describe('converging', () => {
  it('ends in one key when both ends start at once', () => {
    const net = new ToyNetwork()
    const alice = net.add('alice')
    const bob = net.add('bob')
    net.connect(alice, bob)
    net.connect(bob, alice)
    net.runFor(1_000)
    for (const node of [alice, bob]) {
      expect(kinds(node).filter((kind) => kind === 'established')).toHaveLength(1)
    }
    const [left, right] = [alice, bob].map((node) => [...node.endpoint.sessions()][0]?.currentKey)
    expect(left?.parts.remoteIndex).toBe(right?.parts.localIndex)
    expect(net.send(alice, bob, 'a') && net.send(bob, alice, 'b')).toBe(true)
    net.runFor(100)
    expect([frames(alice), frames(bob)]).toEqual([['b'], ['a']])
  })

  it('lets a restarted peer replace its old session', () => {
    const { net, alice, bob } = pair()
    bob.endpoint = net.makeEndpoint('bob', bob.identity)
    net.connect(bob, alice)
    net.runFor(3_000)
    expect(net.send(alice, bob, 'again')).toBe(true)
    net.runFor(100)
    expect(frames(bob)).toEqual(['again'])
    expect(alice.endpoint.sessionCount).toBe(1)
    expect(kinds(alice).filter((kind) => kind === 'established')).toHaveLength(1)
  })

  it('accepts a peer that restarts at the very instant of its handshake', () => {
    const { net, alice, bob } = pair()
    alice.endpoint.session(bob.identity.address)?.close(net.now)
    net.flush(alice)
    for (let restart = 0; restart < 2; restart++) {
      bob.endpoint = net.makeEndpoint('bob', bob.identity)
      net.connect(bob, alice)
    }
    net.runFor(15_000)
    expect(bob.endpoint.session(alice.identity.address)?.isEstablished).toBe(true)
  })

  it('finds a restarted peer again that does not know us', () => {
    const { net, alice, bob } = pair()
    bob.endpoint = net.makeEndpoint('bob', bob.identity)
    for (let i = 0; i < 20; i++) {
      net.send(alice, bob, `${i}`)
      net.runFor(1_000)
    }
    expect(frames(bob)).toContain('19')
  })

  it('keeps one session per address when a peer changes its session key', () => {
    const { net, alice, bob } = pair()
    const secret = { ...bob.identity.secret, sessionPrivateKey: new Uint8Array(32).fill(9) }
    const renewed = Identity.fromSecret(secret)
    net.nodes.delete('bob')
    const again = net.add('bob again', { identity: renewed })
    net.connect(again, alice)
    net.runFor(1_000)
    expect(alice.endpoint.sessionCount).toBe(1)
    expect(alice.events.find((event) => event.kind === 'closed')).toMatchObject({
      reason: 'replaced',
    })
  })

  it('closes without a trace', () => {
    const { net, alice, bob } = pair()
    const session = alice.endpoint.session(bob.identity.address)
    session?.close(net.now)
    net.flush(alice)
    expect(alice.events.at(-1)).toMatchObject({ kind: 'closed', reason: 'closed' })
    expect([alice.endpoint.sessionCount, session?.seal(new Uint8Array(1), net.now)]).toEqual([
      0,
      undefined,
    ])
  })
})

/** Alice, who dials Bob, whose record is `more` bytes longer than hers. */
function strangerTo(more: number, options: Parameters<ToyNetwork['add']>[1] = {}) {
  const net = new ToyNetwork()
  const identity = Identity.create(seededRandom('stranger'))
  identity.certificate = new Uint8Array(more)
  const [alice, bob] = [net.add('alice', options), net.add('bob', { identity })]
  net.connect(alice, bob)
  return { net, alice, bob }
}
