/** The lease machine by itself: requests in hand, virtual time. */
import { describe, expect, it } from '@jest/globals'
import { Address } from '@ipop/address'
import { Malformed } from '@ipop/codec'
import { silentLog } from '@ipop/runtime'
import { SeededRandom } from '@ipop/simulator'
import { formatIpv4 } from '../../src/ip/ipv4-address.ts'
import { Ipv4Network } from '../../src/ip/ipv4-network.ts'
import { addressValue } from '../../src/keys.ts'
import type { DhtRequest, DhtResult } from '../../src/lease/dht-machine.ts'
import type { LeaseMode } from '../../src/lease/lease-state.ts'
import { Lease } from '../../src/lease/lease.ts'
import { DHT_OPERATION_TIMEOUT_MS } from '../../src/limits.ts'
import type { StoredValue } from '../../src/services.ts'
import { ip } from '../fakes/packets.ts'

const random = new SeededRandom(7)
const self = Address.random(random)
const other = Address.random(random)

describe('Lease', () => {
  it('asks for the previous address first and is bound only after the claim was stored', () => {
    const run = new Run({ kind: 'dynamic', previous: ip('10.7.5.5') })
    expect(run.requests()).toEqual(['create 10.7.5.5'])
    expect(run.lease.ip).toBeUndefined()
    run.answer({ kind: 'done' })
    expect(run.lease.state.kind).toBe('bound')
    expect(run.events()).toEqual(['acquired 10.7.5.5'])
  })

  it('ignores a previous address that may not be used', () => {
    for (const text of ['10.7.0.1', '10.8.0.9', '10.7.255.255']) {
      const run = new Run({ kind: 'dynamic', previous: ip(text) })
      expect(run.requests()).not.toEqual([`create ${text}`])
    }
  })

  it('tries another address when one is taken, and pauses after eight', () => {
    const run = new Run({ kind: 'dynamic' })
    const tried = new Set<string>()
    for (let count = 0; count < 8; count += 1) {
      const [request] = run.requests()
      tried.add(request ?? '')
      run.answer({ kind: 'exists' })
    }
    expect(tried.size).toBe(8)
    expect(run.requests()).toEqual([])
    expect(run.events()).toEqual(['exhausted'])
    run.sleepUntilDue()
    expect(run.now).toBeGreaterThan(500)
    expect(run.requests()).toHaveLength(1)
  })

  it('finds the only free address of a small network', () => {
    const run = new Run({ kind: 'dynamic' }, { network: networkOf('10.7.0.0', '255.255.255.240') })
    for (let count = 0; count < 40 && run.lease.ip === undefined; count += 1) {
      const [request] = run.requests()
      if (request === undefined) run.sleepUntilDue()
      else run.answer({ kind: request === 'create 10.7.0.9' ? 'done' : 'exists' })
    }
    expect(run.lease.ip).toBe(ip('10.7.0.9'))
  })

  it('asks for the same address again after a failure whose outcome is unknown', () => {
    const run = new Run({ kind: 'dynamic' })
    const first = run.requests()
    run.answer({ kind: 'failed', reason: 'DHT_QUORUM_FAILED' })
    run.sleepUntilDue()
    expect(run.requests()).toEqual(first)
    // No answer at all is a failure too.
    run.sleep(DHT_OPERATION_TIMEOUT_MS)
    run.sleepUntilDue()
    expect(run.requests()).toEqual(first)
  })

  it('renews at half time', () => {
    const run = bound()
    const started = run.now
    const claims = run.untilClaim()
    expect(claims).toEqual(['create 10.7.5.5'])
    expect(run.now - started).toBeGreaterThanOrEqual(3_600_000 * 0.45)
    expect(run.now - started).toBeLessThanOrEqual(3_600_000 * 0.5)
    expect(run.lease.state.kind).toBe('renewing')
    run.answer({ kind: 'done' })
    expect(run.lease.state.kind).toBe('bound')
    expect(run.events()).toEqual(['renewed 10.7.5.5'])
  })

  it('keeps trying to renew, rebinds, and gives the address up before the DHT does', () => {
    const run = bound()
    const kinds = new Set<string>()
    let retries = 0
    while (run.lease.ip !== undefined) {
      run.sleepUntilDue()
      kinds.add(run.lease.state.kind)
      for (const request of run.requests()) {
        if (request.startsWith('get')) run.answer({ kind: 'failed', reason: 'down' })
        else if (run.lease.ip !== undefined) {
          retries += 1
          run.answer({ kind: 'failed', reason: 'down' })
        }
      }
    }
    expect([...kinds].sort()).toEqual(['bound', 'rebinding', 'renewing', 'requesting'])
    expect(retries).toBeGreaterThan(50)
    expect(run.now).toBeLessThan(3_600_000)
    expect(run.now).toBeGreaterThan(3_590_000)
    expect(run.events()).toEqual(['lost 10.7.5.5 expired'])
    // The old address is the first to be asked for again.
    expect(run.lastRequest).toBe('create 10.7.5.5')
  })

  it('counts the lease from when it was asked for, not from the answer', () => {
    const run = new Run({ kind: 'dynamic', previous: ip('10.7.5.5') })
    run.requests()
    run.sleep(20_000)
    run.answer({ kind: 'done' })
    const { state } = run.lease
    expect('expiresAt' in state && state.expiresAt).toBe(3_595_000)
  })

  it('withdraws when a renewal finds another owner, says so, and does not ask for that address again', () => {
    const run = bound()
    run.untilClaim()
    run.answer({ kind: 'exists' })
    expect(run.lease.ip).toBeUndefined()
    expect(run.events()).toEqual(['conflict 10.7.5.5 held', 'lost 10.7.5.5 conflict'])
    run.sleepUntilDue()
    const requests = run.requests()
    expect(requests[0]).toBe('release 10.7.5.5')
    expect(requests[1]).toMatch(/^create /)
    expect(requests[1]).not.toBe('create 10.7.5.5')
  })

  it('notices a foreign claim when it looks after its own', () => {
    const run = bound()
    run.sleepUntilDue()
    expect(run.requests()).toEqual(['get 10.7.5.5'])
    run.answer({ kind: 'values', values: [stored(other)] })
    run.sleepUntilDue()
    expect(run.requests()).toEqual(['create 10.7.5.5'])
    run.answer({ kind: 'exists' })
    expect(run.lease.ip).toBeUndefined()
  })

  it('claims again when its claim has vanished, and stays bound meanwhile', () => {
    const run = bound()
    run.sleepUntilDue()
    run.requests()
    run.answer({ kind: 'values', values: [] })
    run.sleepUntilDue()
    expect(run.requests()).toEqual(['create 10.7.5.5'])
    expect(run.lease.ip).toBe(ip('10.7.5.5'))
    run.answer({ kind: 'done' })
    expect(run.events()).toEqual(['renewed 10.7.5.5'])
  })

  it('is content with its own claim and with forged ones beside it', () => {
    const run = bound()
    run.sleepUntilDue()
    run.requests()
    const forged = { ...stored(other), value: addressValue(self) }
    run.answer({ kind: 'values', values: [forged, stored(self)] })
    expect(run.sleepUntilDue()).toBeGreaterThan(10_000)
    expect(run.requests()).toEqual(['get 10.7.5.5'])
  })

  it('claims again soon after the ring changed, but not more often than every ten seconds', () => {
    const run = bound()
    const claims: number[] = []
    for (let step = 0; step < 300; step += 1) {
      run.lease.handleRingChanged(run.now)
      run.sleep(200)
      if (!run.requests().some((request) => request.startsWith('create'))) continue
      claims.push(run.now)
      run.answer({ kind: 'done' })
    }
    expect(claims.length).toBeGreaterThanOrEqual(4)
    expect(claims.length).toBeLessThanOrEqual(8)
    expect(claims[0]).toBeLessThan(13_000)
  })

  it('never changes a static address: waits until it is free', () => {
    const run = new Run({ kind: 'static', ip: ip('10.7.9.9') })
    for (let count = 0; count < 3; count += 1) {
      expect(run.requests()).toEqual(['create 10.7.9.9'])
      run.answer({ kind: 'exists' })
      expect(run.events()).toEqual(['conflict 10.7.9.9 wanted'])
      run.sleepUntilDue()
    }
    run.requests()
    run.answer({ kind: 'done' })
    run.events()
    run.untilClaim()
    run.answer({ kind: 'exists' })
    expect(run.events()).toEqual(['conflict 10.7.9.9 held', 'lost 10.7.9.9 conflict'])
    run.requests()
    run.sleepUntilDue()
    expect(run.requests()).toEqual(['create 10.7.9.9'])
  })

  it('gives back what a request had got after it was given up', () => {
    const run = new Run({ kind: 'dynamic', previous: ip('10.7.5.5') })
    const [late] = run.raw()
    run.lease.release()
    expect(run.requests()).toEqual(['release 10.7.5.5'])
    run.lease.handleResult(late?.id ?? 0, { kind: 'done' }, run.now)
    expect(run.requests()).toEqual(['release 10.7.5.5'])
    expect(run.lease.pollTimeout()).toBeUndefined()
  })

  it('takes another address when the host declines one', () => {
    const run = bound()
    run.lease.decline(run.now)
    expect(run.events()).toEqual(['lost 10.7.5.5 declined'])
    run.sleepUntilDue()
    const requests = run.requests()
    expect(requests[0]).toBe('release 10.7.5.5')
    expect(requests[1]).not.toBe('create 10.7.5.5')
  })

  it('is unchanged by late and repeated wake-ups and unknown answers', () => {
    const run = bound()
    const before = run.lease.state
    for (let count = 0; count < 3; count += 1) run.lease.handleTimeout(run.now)
    run.lease.handleResult(999, { kind: 'exists' }, run.now)
    expect(run.lease.state).toBe(before)
    expect(run.requests()).toEqual([])
  })
})

/** A lease that holds 10.7.5.5 since instant 0. */
function bound(): Run {
  const run = new Run({ kind: 'dynamic', previous: ip('10.7.5.5') })
  run.requests()
  run.answer({ kind: 'done' })
  run.events()
  return run
}

class Run {
  now = 0
  lastRequest = ''
  readonly lease: Lease
  #pendingId = 0

  constructor(mode: LeaseMode, change: { network?: Ipv4Network } = {}) {
    const network = change.network ?? networkOf('10.7.0.0', '255.255.0.0')
    const options = { namespace: 'lab', self, network, leaseSeconds: 3_600, mode }
    this.lease = new Lease({ random: new SeededRandom(3), log: silentLog }, options, 0)
    this.lease.handleTimeout(0)
  }

  raw(): DhtRequest[] {
    const requests: DhtRequest[] = []
    for (let next = this.lease.pollRequest(); next; next = this.lease.pollRequest()) {
      requests.push(next)
      if (next.kind !== 'release') this.#pendingId = next.id
    }
    return requests
  }

  requests(): string[] {
    const texts = this.raw().map(({ kind, key }) => `${kind} ${key.replace('dhcp:lab:', '')}`)
    this.lastRequest = texts.at(-1) ?? this.lastRequest
    return texts
  }

  answer(result: DhtResult): void {
    this.lease.handleResult(this.#pendingId, result, this.now)
  }

  events(): string[] {
    const texts: string[] = []
    for (let event = this.lease.pollEvent(); event; event = this.lease.pollEvent()) {
      if (event.kind === 'exhausted') texts.push('exhausted')
      else if (event.kind === 'conflict') {
        texts.push(`conflict ${formatIpv4(event.ip)} ${event.wasHeld ? 'held' : 'wanted'}`)
      } else {
        const cause = event.kind === 'lost' ? ` ${event.cause}` : ''
        texts.push(`${event.kind} ${formatIpv4(event.ip)}${cause}`)
      }
    }
    return texts
  }

  sleep(ms: number): void {
    this.now += ms
    this.lease.handleTimeout(this.now)
  }

  /** Sleeps until the machine wants to be woken; returns how long that was. */
  sleepUntilDue(): number {
    const ms = Math.max(0, (this.lease.pollTimeout()?.at ?? this.now) - this.now)
    this.sleep(ms)
    return ms
  }

  /** Answers looks after the claim until the machine claims again. */
  untilClaim(): string[] {
    for (;;) {
      this.sleepUntilDue()
      const requests = this.requests()
      if (requests.some((request) => request.startsWith('create'))) return requests
      this.answer({ kind: 'values', values: [stored(self)] })
    }
  }
}

function stored(owner: Address): StoredValue {
  return { value: addressValue(owner), owner, ageSeconds: 1, ttlSeconds: 3_000 }
}

function networkOf(base: string, mask: string): Ipv4Network {
  const network = Ipv4Network.parse(base, mask)
  if (network instanceof Malformed) throw new Error(network.reason)
  return network
}
