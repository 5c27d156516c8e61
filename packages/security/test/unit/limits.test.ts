/** Every cap is reached, and what happens there is what limits.ts says. */
import { describe, expect, it } from '@jest/globals'
import { Identity, RandomIndexAllocator } from '../../src/index.ts'
import type { SessionEndpointOptions } from '../../src/index.ts'
import {
  COOKIE_LIFETIME_MS,
  COOKIE_REPLIES_PER_SECOND_MAX,
  EVENTS_PENDING_MAX,
  HALF_OPEN_MAX,
  INDEXES_MAX,
  INITIATIONS_PER_SECOND_COOKIE,
  INITIATIONS_PER_SECOND_MAX,
  RESPONSE_BURST_MAX,
  SESSIONS_MAX,
  TRANSMITS_PENDING_MAX,
  VERIFIED_RECORDS_MAX,
} from '../../src/limits.ts'
import { CookieJar } from '../../src/handshake/cookies.ts'
import { cookieKey, mac1Key, mac1Of, writeMac1, writeMac2 } from '../../src/handshake/macs.ts'
import { VerifiedSignatures } from '../../src/identity/verified-signatures.ts'
import { Fifo } from '../../src/session/fifo.ts'
import { InitiationGate } from '../../src/session/initiation-gate.ts'
import { IncomingHandshakes } from '../../src/session/incoming-handshakes.ts'
import { COOKIE_REPLY_BYTES, decodeCookieReply } from '../../src/wire/handshake.ts'
import { kinds, pair, pathTo, seededRandom, ToyNetwork } from '../kit.ts'
import type { ToyNode } from '../kit.ts'

describe('sessions', () => {
  it('refuses a session too many, from inside and from outside', () => {
    const { net, hub, others } = star(4, { sessionsMax: 2 })
    for (const other of others.slice(0, 3)) {
      net.connect(other, hub)
      net.runFor(1_000)
    }
    expect([hub.endpoint.sessionCount, hub.endpoint.drops.full > 0]).toEqual([2, true])
    net.connect(hub, others[3] as ToyNode)
    expect(hub.events.at(-1)).toMatchObject({ kind: 'failed', reason: 'too many sessions' })
    expect(SESSIONS_MAX).toBeGreaterThan(1_000)
  })

  it('lets the oldest half-open session give way', () => {
    const { net, hub, others } = star(5, { halfOpenMax: 3 })
    net.faults = { isBlocked: (from) => from === 'hub' }
    for (const other of others) {
      net.connect(other, hub)
      net.runFor(20)
    }
    expect([hub.endpoint.halfOpenCount, hub.endpoint.sessionCount]).toEqual([3, 3])
    const evicted = hub.events.filter((event) => event.kind === 'closed')
    expect(evicted).toHaveLength(2)
    expect(evicted).toMatchObject([{ reason: 'evicted' }, { reason: 'evicted' }])
    expect(HALF_OPEN_MAX).toBeLessThan(SESSIONS_MAX)
  })

  it('lets no index lead to a session that has ended', () => {
    const { net, alice, bob } = pair()
    const session = alice.endpoint.session(bob.identity.address)
    const local = session?.currentKey?.parts.localIndex ?? 0
    expect(alice.endpoint.ownsIndex(local)).toBe(true)
    session?.close(net.now)
    expect(alice.endpoint.ownsIndex(local)).toBe(false)
  })

  it('runs out of indexes with an error', () => {
    const random = { ...seededRandom(1), uint32: counter() }
    const allocator = new RandomIndexAllocator({ random })
    for (let i = 0; i < INDEXES_MAX; i++) allocator.allocate()
    expect(() => allocator.allocate()).toThrow('receiver indexes are held')
    allocator.release(7)
    random.uint32 = () => 7
    expect(allocator.allocate()).toBe(7)
  })
})

describe('queues', () => {
  it('refuses and counts what is too much', () => {
    const queue = new Fifo<number>(2)
    expect([queue.push(1), queue.push(2), queue.push(3)]).toEqual([true, true, false])
    expect([queue.shift(), queue.push(4), queue.shift(), queue.shift(), queue.shift()]).toEqual([
      1,
      true,
      2,
      4,
      undefined,
    ])
    expect(queue.refusedCount).toBe(1)
  })

  it('drops datagrams while nobody polls events, and transmits beyond the cap', () => {
    const { net, alice, bob } = pair()
    const session = alice.endpoint.session(bob.identity.address)
    for (let i = 0; i < EVENTS_PENDING_MAX + 5; i++) {
      const bytes = session?.seal(new Uint8Array(1), net.now) ?? new Uint8Array()
      bob.endpoint.handleDatagram(bytes, pathTo('alice'), net.now)
    }
    expect(bob.endpoint.drops.queue).toBe(5)
    expect(TRANSMITS_PENDING_MAX).toBe(EVENTS_PENDING_MAX)
  })
})

describe('verified records', () => {
  it('are remembered up to the cap, and verified again beyond', () => {
    const identity = Identity.create(seededRandom('signer'))
    const messages = Array.from({ length: 50 }, (_, i) => new Uint8Array(4).fill(i))
    const signatures = messages.map((message) => identity.sign(message))
    const cache = new VerifiedSignatures(20)
    for (let round = 0; round < 2; round++) {
      for (const [i, message] of messages.entries()) {
        const signature = signatures[i] ?? new Uint8Array()
        expect(cache.verify(identity.publicKey, message, signature)).toBe(true)
        expect(cache.verify(identity.publicKey, messages[i - 1] ?? signature, signature)).toBe(
          false,
        )
      }
    }
    expect(cache.size).toBe(20)
    expect(VERIFIED_RECORDS_MAX).toBeGreaterThan(1_000)
  })
})

describe('load', () => {
  it('demands cookies, and a true initiator passes', () => {
    const { net, hub, others } = star(3, { cookieRate: 0 })
    for (const other of others) net.connect(other, hub)
    net.runFor(100)
    expect(net.sent.filter((flight) => flight.bytes[0] === 3)).toHaveLength(3)
    for (const other of others) expect(kinds(other)).toContain('established')
    expect(hub.endpoint.drops.load).toBe(3)
  })

  it('accepts a cookie only from where it was sent to, and only while it is fresh', () => {
    const { gate, prove, initiation } = gateUnderLoad()
    const verdict = gate.judge(initiation, new Uint8Array([1]), 0)
    expect(verdict.kind).toBe('cookie')
    expect(verdict.kind === 'cookie' && verdict.reply.length).toBe(COOKIE_REPLY_BYTES)
    const proven = prove(verdict.kind === 'cookie' ? verdict.reply : new Uint8Array())
    expect(gate.judge(proven, new Uint8Array([1]), 1).kind).toBe('answer')
    expect(gate.judge(proven, new Uint8Array([2]), 1).kind).toBe('cookie')
    expect(gate.judge(proven, new Uint8Array([1]), COOKIE_LIFETIME_MS).kind).toBe('cookie')
  })

  it('answers the first initiations of a second at once, then with cookies, then not at all', () => {
    const { gate, initiation } = gateUnderLoad({})
    const verdicts = Array.from(
      { length: INITIATIONS_PER_SECOND_COOKIE + COOKIE_REPLIES_PER_SECOND_MAX + 5 },
      () => gate.judge(initiation, new Uint8Array([1]), 0).kind,
    )
    const count = (kind: string): number => verdicts.filter((verdict) => verdict === kind).length
    expect(count('answer')).toBe(INITIATIONS_PER_SECOND_COOKIE)
    expect(count('cookie')).toBe(COOKIE_REPLIES_PER_SECOND_MAX)
    expect(gate.judge(initiation, new Uint8Array([1]), 1_000).kind).toBe('answer')
  })

  it('answers no more than the maximum, proven or not', () => {
    const { gate, initiation } = gateUnderLoad({ cookieRate: 1e9 })
    const verdicts = Array.from(
      { length: INITIATIONS_PER_SECOND_MAX + 1 },
      () => gate.judge(initiation, new Uint8Array([1]), 0).kind,
    )
    expect(verdicts.filter((verdict) => verdict === 'answer')).toHaveLength(
      INITIATIONS_PER_SECOND_MAX,
    )
  })

  it('limits the answers to one peer, and replays cannot use them up', () => {
    const incoming = new IncomingHandshakes()
    const message = new Uint8Array(200)
    const stamp = (n: number): Uint8Array => new Uint8Array(12).fill(n)
    incoming.answered(stamp(1), message, new Uint8Array(3))
    const repeats = Array.from({ length: 50 }, () => incoming.judge(stamp(1), message, 0).kind)
    expect(repeats.filter((kind) => kind === 'repeat')).toHaveLength(RESPONSE_BURST_MAX)
    const fresh = Array.from({ length: 50 }, () => incoming.judge(stamp(2), message, 0).kind)
    expect(fresh.filter((kind) => kind === 'answer')).toHaveLength(RESPONSE_BURST_MAX)
    expect(incoming.judge(stamp(0), message, 10_000).kind).toBe('drop')
    expect(incoming.judge(stamp(2), message, 10_000).kind).toBe('answer')
  })
})

function star(
  size: number,
  options: Partial<SessionEndpointOptions>,
): { net: ToyNetwork; hub: ToyNode; others: ToyNode[] } {
  const net = new ToyNetwork()
  const hub = net.add('hub', options)
  const others = Array.from({ length: size }, (_, i) => net.add(`peer ${i}`))
  return { net, hub, others }
}

/** Returns a gate, an initiation for it, and a function that puts the cookie of a reply into the initiation. */
function gateUnderLoad(options: { readonly cookieRate?: number } = { cookieRate: 0 }): {
  gate: InitiationGate
  initiation: Uint8Array
  prove: (reply: Uint8Array) => Uint8Array
} {
  const identity = Identity.create(seededRandom('gate'))
  const scope = new Uint8Array(0)
  const sessionKey = identity.sessionKeys.publicKey
  const random = seededRandom('gate random')
  const gate = new InitiationGate({ random }, { sessionKey, macScope: scope, ...options })
  const initiation = new Uint8Array(148)
  initiation[0] = 1
  writeMac1(initiation, mac1Key(sessionKey, scope))
  return {
    gate,
    initiation,
    prove: (reply) => {
      const jar = new CookieJar()
      const key = cookieKey(sessionKey, scope)
      jar.accept(decodeCookieReply(reply), key, mac1Of(initiation), 0)
      const proven = initiation.slice()
      writeMac2(proven, jar.cookie(0))
      return proven
    },
  }
}

function counter(): () => number {
  let next = 0
  return () => ++next
}
