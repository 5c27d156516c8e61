/** Keys whose sealing and opening happen elsewhere, and what the sessions are told of it. */
import { describe, expect, it } from '@jest/globals'
import { ScriptCipher } from '../../src/data/script-cipher.ts'
import { REJECT_AFTER_MS, REKEY_AFTER_MS } from '../../src/index.ts'
import type { TransportCipherFactory, TransportKeyParts } from '../../src/index.ts'
import { frames, kinds, pair, pathTo, ToyNetwork } from '../kit.ts'

describe('a cipher that lives elsewhere', () => {
  it('gets every key with its peer, is used once confirmed, and erased at the end', () => {
    const made = new Recorder()
    const { net, alice, bob } = pair({ endpoint: { ciphers: made } })
    const [responder, initiator] = made.keys
    expect(made.keys).toHaveLength(2)
    expect(responder).toMatchObject({ isUsed: true, peerAddress: alice.identity.address })
    expect(initiator).toMatchObject({ isUsed: true, peerAddress: bob.identity.address })
    expect(initiator?.parts.peerCapabilities).toEqual([1, 2])
    net.runFor(REJECT_AFTER_MS)
    expect(made.keys.map(({ isErased }) => isErased)).toEqual([true, true])
  })

  it('is not used by a responder before the peer confirmed the key', () => {
    const made = new Recorder()
    const { net } = pair({
      endpoint: { ciphers: made },
      faults: { isBlocked: (from) => from === 'bob' },
    })
    expect(made.keys.map(({ isUsed }) => isUsed)).not.toContain(true)
    net.runFor(REJECT_AFTER_MS)
    expect(made.keys.map(({ isErased }) => isErased)).not.toContain(false)
  })

  it('may be refused: then the keys stay here', () => {
    const { net, alice, bob } = pair({ endpoint: { ciphers: { create: () => undefined } } })
    net.send(alice, bob, 'hello')
    net.runFor(100)
    expect(frames(bob)).toEqual(['hello'])
  })
})

describe('a session of which a data plane carries the frames', () => {
  it('takes opened frames for datagrams', () => {
    const { net, alice, bob } = pair()
    const index = indexOf(bob, alice)
    bob.endpoint.handleOpened(index, new TextEncoder().encode('hello'), pathTo('alice'), net.now)
    bob.endpoint.handleOpened(index, new Uint8Array(0), pathTo('alice'), net.now)
    bob.endpoint.handleOpened(index, undefined, pathTo('alice'), net.now)
    bob.endpoint.handleOpened(index + 1, undefined, pathTo('alice'), net.now)
    net.flush(bob)
    expect(kinds(bob).slice(-3)).toEqual(['frame', 'keepalive', 'heard'])
    expect(bob.events.at(-1)).toMatchObject({ path: { remote: 'alice' } })
  })

  it('is confirmed by a frame that the data plane delivered itself', () => {
    const net = new ToyNetwork()
    const [alice, bob] = [net.add('alice'), net.add('bob')]
    net.connect(alice, bob)
    // The response arrives at 20 ms; from then on nothing of alice arrives.
    net.runFor(15)
    net.faults = { isBlocked: (from) => from === 'alice' }
    net.runFor(100)
    expect(kinds(bob)).toEqual(['responding'])
    const index = alice.endpoint.session(bob.identity.address)?.currentKey?.parts.remoteIndex ?? 0
    bob.endpoint.handleOpened(index, undefined, pathTo('alice'), net.now)
    net.flush(bob)
    expect(kinds(bob)).toEqual(['responding', 'established', 'heard'])
  })

  it('is rekeyed when its carried frames come to be old enough', () => {
    const { net, alice, bob } = pair()
    const first = indexOf(alice, bob)
    net.runFor(REKEY_AFTER_MS - net.now - 1)
    alice.endpoint.handleSealed(first, net.now)
    net.flush(alice)
    net.runFor(100)
    expect(indexOf(alice, bob)).toBe(first)
    alice.endpoint.handleSealed(first, net.now)
    net.flush(alice)
    net.runFor(100)
    expect(indexOf(alice, bob)).not.toBe(first)
  })

  it('believes no frame under a key that has ended', () => {
    const { net, alice, bob } = pair()
    const index = indexOf(bob, alice)
    const before = bob.events.length
    bob.endpoint.handleOpened(index, undefined, pathTo('alice'), net.now + REJECT_AFTER_MS)
    net.flush(bob)
    expect(bob.events).toHaveLength(before)
    expect(alice.endpoint.sessionByIndex(index)).toBeUndefined()
  })
})

type Pair = ReturnType<typeof pair>

function indexOf(node: Pair['alice'], peer: Pair['alice']): number {
  return node.endpoint.session(peer.identity.address)?.currentKey?.parts.localIndex ?? 0
}

/** Makes ciphers of this package and remembers what became of them. */
class Recorder implements TransportCipherFactory {
  readonly keys: RecordedCipher[] = []

  create(parts: TransportKeyParts): RecordedCipher {
    const cipher = new RecordedCipher(parts)
    this.keys.push(cipher)
    return cipher
  }
}

class RecordedCipher extends ScriptCipher {
  readonly parts: TransportKeyParts
  isUsed = false
  isErased = false

  constructor(parts: TransportKeyParts) {
    super(parts)
    this.parts = parts
  }

  get peerAddress() {
    return this.parts.peerAddress
  }

  override use(): void {
    this.isUsed = true
  }

  override erase(): void {
    this.isErased = true
  }
}
