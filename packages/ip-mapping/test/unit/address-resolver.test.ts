/** The resolver by itself: requests in hand, virtual time. */
import { describe, expect, it } from '@jest/globals'
import { Address } from '@ipop/address'
import { silentLog } from '@ipop/runtime'
import { SeededRandom } from '@ipop/simulator'
import { formatIp } from '../../src/ip/ip-address.ts'
import { addressValue } from '../../src/keys.ts'
import type { DhtRequest, DhtResult, NodeRequest } from '../../src/lease/dht-machine.ts'
import {
  DHT_OPERATION_TIMEOUT_MS,
  RESOLVER_ENTRIES_MAX,
  RESOLVER_QUERIES_MAX,
  RESOLVER_QUEUE_MAX,
} from '../../src/limits.ts'
import { AddressResolver } from '../../src/resolver/address-resolver.ts'
import { ip } from '../fakes/packets.ts'

const random = new SeededRandom(7)
const alice = Address.random(random)
const bob = Address.random(random)
const IP = ip('10.7.5.5')

describe('AddressResolver', () => {
  it('asks the DHT once however often it is asked', () => {
    const run = new Run()
    for (let count = 0; count < 5; count += 1) expect(run.kind(IP)).toBe('pending')
    expect(run.requests()).toHaveLength(1)
    run.answer(held(alice))
    expect(run.events()).toEqual([`resolved ${formatIp(IP)}`])
    expect(run.resolver.resolve(IP, run.now)).toEqual({ kind: 'known', address: alice })
    expect(run.requests()).toEqual([])
  })

  it('refreshes in the background when most of the time to live is over', () => {
    const run = new Run()
    run.learn(held(alice, 100))
    run.now += 60_000
    expect(run.kind(IP)).toBe('known')
    expect(run.requests()).toEqual([])
    run.now += 20_000
    expect(run.kind(IP)).toBe('known')
    expect(run.requests()).toHaveLength(1)
    run.answer(held(alice, 100))
    run.now += 50_000
    expect(run.kind(IP)).toBe('known')
  })

  it('never trusts a mapping longer than its time to live, nor than ten minutes', () => {
    for (const [ttl, life] of [
      [100, 100_000],
      [100_000, 600_000],
    ] as const) {
      const run = new Run()
      run.learn(held(alice, ttl))
      run.now = life - 1
      expect(run.kind(IP)).toBe('known')
      run.now = life
      expect(run.kind(IP)).toBe('pending')
      expect(run.events()).toEqual(['dropped 10.7.5.5'])
    }
  })

  it('remembers for a short and growing while that nobody holds an address', () => {
    const run = new Run()
    const pauses: number[] = []
    for (let count = 0; count < 9; count += 1) {
      expect(run.kind(IP)).toBe('pending')
      run.requests()
      run.answer({ kind: 'values', values: [] })
      expect(run.events()).toEqual(['unresolved 10.7.5.5 nobody'])
      const start = run.now
      while (run.kind(IP) === 'nobody') run.now += 100
      pauses.push(run.now - start)
    }
    expect(pauses).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 12_800, 15_000, 15_000])
  })

  it('tries a failed lookup three times', () => {
    const run = new Run()
    run.kind(IP)
    for (let count = 0; count < 3; count += 1) {
      expect(run.requests()).toHaveLength(1)
      run.answer({ kind: 'failed', reason: 'DHT_QUORUM_FAILED' })
    }
    expect(run.requests()).toEqual([])
    expect(run.events()).toEqual(['unresolved 10.7.5.5 failed'])
  })

  it('keeps a valid mapping when a refresh fails', () => {
    const run = new Run()
    run.learn(held(alice, 100))
    run.now = 80_000
    run.kind(IP)
    run.requests()
    run.answer({ kind: 'failed', reason: 'DHT_QUORUM_FAILED' })
    expect(run.kind(IP)).toBe('known')
    expect(run.requests()).toEqual([])
    run.now += 6_000
    run.kind(IP)
    expect(run.requests()).toHaveLength(1)
  })

  it('gives up a lookup without an answer', () => {
    const run = new Run()
    run.kind(IP)
    run.requests()
    run.now = DHT_OPERATION_TIMEOUT_MS
    run.resolver.handleTimeout(run.now)
    expect(run.events()).toEqual(['unresolved 10.7.5.5 failed'])
    expect(run.resolver.pollTimeout()).toBeUndefined()
  })

  it('drops a mapping as soon as the DHT names another node', () => {
    const run = new Run()
    run.learn(held(alice))
    run.now = 10_000
    expect(run.resolver.recheck(IP, run.now)).toBe(true)
    run.requests()
    run.answer(held(bob))
    expect(run.events()).toEqual(['dropped 10.7.5.5', 'resolved 10.7.5.5'])
    expect(run.resolver.peek(IP, run.now)?.equals(bob)).toBe(true)
  })

  it('checks a contradicted mapping at most every five seconds, and keeps it meanwhile', () => {
    const run = new Run()
    run.learn(held(alice))
    let checks = 0
    for (let step = 0; step < 100; step += 1) {
      run.now += 200
      run.resolver.recheck(IP, run.now)
      expect(run.kind(IP)).toBe('known')
      checks += run.requests().length
      run.answer(held(alice))
    }
    expect(checks).toBeLessThanOrEqual(4)
    expect(checks).toBeGreaterThanOrEqual(3)
  })

  it('drops an invalidated mapping at once', () => {
    const run = new Run()
    run.learn(held(alice))
    run.resolver.invalidate(IP)
    expect(run.events()).toEqual(['dropped 10.7.5.5'])
    expect(run.kind(IP)).toBe('pending')
  })

  it('drops what names a peer that went away, and nothing else', () => {
    const run = new Run()
    run.learn(held(alice))
    run.resolver.forgetPeer(bob)
    expect(run.kind(IP)).toBe('known')
    run.resolver.forgetPeer(alice)
    expect(run.kind(IP)).toBe('pending')
  })

  it('believes only nodes that claim an address for themselves', () => {
    const run = new Run()
    const forged = { value: addressValue(alice), owner: bob, ageSeconds: 0, ttlSeconds: 60 }
    const garbage = { ...forged, value: new Uint8Array(900).fill(200) }
    const expired = { ...forged, owner: alice, ttlSeconds: 0 }
    run.learn({ kind: 'values', values: [forged, garbage, expired] })
    expect(run.kind(IP)).toBe('nobody')
    const second = new Run()
    second.learn({ kind: 'values', values: [forged, ...valuesOf(held(bob))] })
    expect(second.resolver.peek(IP, 0)?.equals(bob)).toBe(true)
  })

  it('has caps on lookups under way, on lookups waiting and on mappings', () => {
    const run = new Run()
    const total = RESOLVER_QUERIES_MAX + RESOLVER_QUEUE_MAX
    for (let count = 0; count < total; count += 1) expect(run.kind(count + 1)).toBe('pending')
    expect(run.kind(total + 1)).toBe('nobody')
    expect(run.requests()).toHaveLength(RESOLVER_QUERIES_MAX)
    run.answer(held(alice))
    expect(run.requests()).toHaveLength(1)
    const full = new Run()
    for (let count = 0; count <= RESOLVER_ENTRIES_MAX; count += 1) full.learn(held(alice), count)
    expect(full.lastEvents).toEqual([
      `dropped 0.0.0.0`,
      `resolved ${formatIp(RESOLVER_ENTRIES_MAX)}`,
    ])
    expect([...full.resolver.mappings(0)]).toHaveLength(RESOLVER_ENTRIES_MAX)
  })
})

class Run {
  now = 0
  lastEvents: string[] = []
  readonly resolver = new AddressResolver(
    { random: new SeededRandom(1), log: silentLog },
    { namespace: 'lab' },
  )
  #pendingId = 0

  kind(address: number): string {
    return this.resolver.resolve(address, this.now).kind
  }

  requests(): (DhtRequest | NodeRequest)[] {
    const requests: (DhtRequest | NodeRequest)[] = []
    for (let next = this.resolver.pollRequest(); next; next = this.resolver.pollRequest()) {
      requests.push(next)
      this.#pendingId = next.id
    }
    return requests
  }

  answer(result: DhtResult): void {
    this.resolver.handleResult(this.#pendingId, result, this.now)
  }

  learn(result: DhtResult, address = IP): void {
    this.kind(address)
    this.requests()
    this.answer(result)
    this.events()
  }

  events(): string[] {
    const texts: string[] = []
    for (let event = this.resolver.pollEvent(); event; event = this.resolver.pollEvent()) {
      const reason = event.kind === 'unresolved' ? ` ${event.reason}` : ''
      texts.push(`${event.kind} ${formatIp(event.ip)}${reason}`)
    }
    this.lastEvents = texts
    return texts
  }
}

function held(owner: Address, ttlSeconds = 3_000): DhtResult {
  return {
    kind: 'values',
    values: [{ value: addressValue(owner), owner, ageSeconds: 1, ttlSeconds }],
  }
}

function valuesOf(result: DhtResult) {
  return result.kind === 'values' ? result.values : []
}
