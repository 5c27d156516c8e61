/** Calls: resent until answered, run at most once, refused beyond their caps. */
import { Address } from '@ipop/address'
import { Malformed } from '@ipop/codec'
import type { CborValue } from '@ipop/codec'
import { silentLog } from '@ipop/runtime'
import { World } from '@ipop/simulator'
import { describe, expect, it } from '@jest/globals'
import {
  BODY_BYTES_MAX,
  REPLY_CACHE_MAX,
  REPLY_CACHE_MS,
  REQUEST_RESENDS_MAX,
  REQUESTS_MAX,
} from '../../src/limits.ts'
import { DispatchTable } from '../../src/messaging/dispatch-table.ts'
import { ReplyCache } from '../../src/messaging/reply-cache.ts'
import { ReplyWays } from '../../src/messaging/reply-ways.ts'
import { RequestReply } from '../../src/messaging/request-reply.ts'
import { PayloadKind, RoutingMode } from '../../src/wire/overlay-packet.ts'

describe('call', () => {
  it('returns the result and who gave it', async () => {
    const { world, asker, served, call } = pair()
    served.add('add', numbers, ([a, b]) => a + b)
    const replies = call(asker, 'add', [2, 3])
    await world.run({ forMs: 100 })
    expect((await replies).map((reply) => reply.result)).toEqual([5])
  })

  it('runs the method once although the request arrives many times', async () => {
    const { world, asker, served, call, link } = pair()
    let runs = 0
    served.add('count', anything, () => ++runs)
    link.dropReplies = 3
    const replies = call(asker, 'count', null)
    await world.run({ forMs: 20_000 })
    expect((await replies)[0]?.result).toBe(1)
    expect(runs).toBe(1)
  })

  it('runs a method that may run again for every request that arrives, and the call still ends once', async () => {
    const { world, asker, served, call, link } = pair()
    let runs = 0
    served.add('look', anything, () => ++runs, { isRepeatable: true })
    link.dropReplies = 2
    const replies = call(asker, 'look', null)
    await world.run({ forMs: 20_000 })
    expect((await replies)[0]?.result).toBe(3)
    expect(runs).toBe(3)
  })

  it('names the ways that a request took before, and holds it against them that another one was answered', async () => {
    const { world, asker, served, call, link, tried, lost, ways } = pair()
    served.add('look', anything, () => null)
    link.dropRequests = 2
    const replies = call(asker, 'look', null)
    await world.run({ forMs: 20_000 })
    await replies
    expect(tried.requests).toEqual([0, 1, 2])
    expect(lost).toEqual(ways.slice(0, 2))
  })

  it('waits longer before the first resend of what takes the other end a while', async () => {
    const { world, asker, served, call, tried } = pair()
    served.add('look', anything, () => null)
    const quick = call(asker, 'look', null)
    await world.run({ forMs: 1_000 })
    await quick
    served.add('ask around', anything, () => new Promise<null>(() => undefined))
    call(asker, 'ask around', null, 20_000, 5_000).catch(() => undefined)
    await world.run({ forMs: 4_900 })
    expect(tried.requests).toHaveLength(2)
    await world.run({ forMs: 200 })
    expect(tried.requests).toHaveLength(3)
  })

  it('ends at the first word that nobody is there, where that is likely', async () => {
    const { world, asker, target, link } = pair()
    link.isNobodyThere = true
    const outcome = codeOf(asker.call(target, 'look', null, { acceptsRefusal: true }))
    await world.run({ forMs: 200 })
    expect(await outcome).toBe('OVERLAY_UNREACHABLE')
    expect(link.requests).toBe(1)
  })

  it.each([
    [true, 'OVERLAY_UNREACHABLE'],
    ['of others', 'OVERLAY_TIMEOUT'],
  ] as const)(
    'takes its own word that nobody is there as acceptsRefusal %p says',
    async (acceptsRefusal, code) => {
      const { world, asker, target, link } = pair()
      link.isRefusedHere = true
      const options = { acceptsRefusal, timeoutMs: 1_800 }
      const outcome = codeOf(asker.call(target, 'look', null, options))
      await world.run({ forMs: 2_000 })
      expect(await outcome).toBe(code)
    },
  )

  it('believes others that nobody is there where it does not believe itself', async () => {
    const { world, asker, target, link } = pair()
    link.isNobodyThere = true
    const outcome = codeOf(asker.call(target, 'look', null, { acceptsRefusal: 'of others' }))
    await world.run({ forMs: 200 })
    expect(await outcome).toBe('OVERLAY_UNREACHABLE')
    expect(link.requests).toBe(1)
  })

  it('holds nothing against anybody while no way is answered', async () => {
    const { world, asker, call, link, lost } = pair()
    link.dropRequests = Infinity
    const failure = codeOf(call(asker, 'x', null))
    await world.run({ forMs: 60_000 })
    expect(await failure).toBe('OVERLAY_TIMEOUT')
    expect(lost).toEqual([])
  })

  it('answers a request that comes again by another way than before', async () => {
    const { world, asker, served, call, link, tried } = pair()
    served.add('look', anything, () => null)
    link.dropReplies = 2
    const replies = call(asker, 'look', null)
    await world.run({ forMs: 20_000 })
    await replies
    expect(tried.replies).toEqual([0, 1, 2])
  })

  it('gives up with a timeout after its resends', async () => {
    const { world, asker, call, link } = pair()
    link.dropRequests = Infinity
    const failure = codeOf(call(asker, 'x', null, 60_000))
    await world.run({ forMs: 60_000 })
    expect(await failure).toBe('OVERLAY_TIMEOUT')
    expect(link.requests).toBe(1 + REQUEST_RESENDS_MAX)
  })

  it.each([
    ['no such method: nowhere', 'nowhere', null],
    ['add: bad arguments: two numbers wanted', 'add', 'three'],
    ['fail: the reason', 'fail', null],
  ])('rejects with %s', async (message, method, args) => {
    const { world, asker, served, call } = pair()
    served.add('add', numbers, ([a, b]) => a + b)
    served.add('fail', anything, () => {
      throw new Error('the reason')
    })
    const failure = call(asker, method, args).catch(
      (error: { code: string; message: string }) => error,
    )
    await world.run({ forMs: 100 })
    expect(await failure).toMatchObject({ code: 'OVERLAY_REMOTE_ERROR', message })
  })

  it('refuses more open calls than the cap, and bodies beyond theirs', async () => {
    const { world, asker, call, link } = pair()
    link.dropRequests = Infinity
    const open = Array.from({ length: REQUESTS_MAX }, () => codeOf(call(asker, 'x', null)))
    expect(asker.openCalls).toBe(REQUESTS_MAX)
    expect(await codeOf(call(asker, 'x', null))).toBe('OVERLAY_TOO_MANY_REQUESTS')
    await world.run({ forMs: 60_000 })
    await Promise.all(open)
    expect(await codeOf(call(asker, 'x', new Uint8Array(BODY_BYTES_MAX)))).toBe(
      'OVERLAY_BODY_TOO_LARGE',
    )
  })

  it('rejects what is open when the node stops', async () => {
    const { asker, call, link } = pair()
    link.dropRequests = Infinity
    const failure = codeOf(call(asker, 'x', null))
    asker.close()
    expect(await failure).toBe('OVERLAY_NOT_RUNNING')
    expect(await codeOf(call(asker, 'x', null))).toBe('OVERLAY_NOT_RUNNING')
  })
})

describe('ReplyCache', () => {
  it('keeps no more than its cap', () => {
    const cache = new ReplyCache()
    for (let id = 0; id < 2 * REPLY_CACHE_MAX; id++) cache.begin(Address.zero, id, 0)
    expect(cache.size).toBeLessThanOrEqual(REPLY_CACHE_MAX)
  })
})

describe('ReplyWays', () => {
  it('remembers the ways of a request, no longer than a reply and no more than its cap', () => {
    const ways = new ReplyWays()
    ways.of(Address.zero, 1, 0).push(Address.zero)
    expect(ways.of(Address.zero, 1, REPLY_CACHE_MS - 1)).toHaveLength(1)
    expect(ways.of(Address.zero, 1, REPLY_CACHE_MS)).toHaveLength(0)
    for (let id = 0; id < 2 * REPLY_CACHE_MAX; id++) ways.of(Address.zero, id, REPLY_CACHE_MS)
    expect(ways.size).toBeLessThanOrEqual(REPLY_CACHE_MAX)
  })
})

/** Two nodes whose packets reach each other after a millisecond, unless the link is told to drop them. */
function pair() {
  const world = new World({ seed: 1 })
  const { runtime } = world.addHost()
  const random = runtime.random
  const addresses = [Address.random(random), Address.random(random)] as const
  const link = {
    dropRequests: 0,
    dropReplies: 0,
    requests: 0,
    isNobodyThere: false,
    isRefusedHere: false,
  }
  const ways = Array.from({ length: 3 }, () => Address.random(random))
  const lost: Address[] = []
  const tried = { requests: [] as number[], replies: [] as number[] }
  const tables = [new DispatchTable(), new DispatchTable()] as const
  const nodes: RequestReply[] = []
  const wire = (from: 0 | 1, to: 0 | 1) => ({
    send(
      _destination: Address,
      mode: RoutingMode,
      kind: PayloadKind,
      payload: Uint8Array,
      before: readonly Address[] = [],
    ) {
      const isRequest = kind === PayloadKind.request
      tried[isRequest ? 'requests' : 'replies'].push(before.length)
      const way = ways[before.length % ways.length]
      if (isRequest) link.requests++
      if (isRequest ? link.dropRequests-- > 0 : link.dropReplies-- > 0) return way
      const isSelf = link.isRefusedHere && !isRequest
      const packet = {
        mode,
        hops: 2,
        hopLimit: 9,
        source: addresses[from],
        destination: addresses[isSelf ? from : to],
        kind,
        payload,
      }
      if (link.isRefusedHere) {
        const end = () => (isRequest ? nodes[from]?.refuse(packet) : nodes[from]?.receive(packet))
        runtime.timers.at(runtime.clock.now() + 1, 'wire', end)
        return undefined
      }
      const isRefused = isRequest && link.isNobodyThere
      const arrive = () => (isRefused ? nodes[to]?.refuse(packet) : nodes[to]?.receive(packet))
      runtime.timers.at(runtime.clock.now() + 1, 'wire', arrive)
      return way
    },
    doubt: () => undefined,
  })
  const trust = {
    lost: (hop: Address) => void lost.push(hop),
    answered: () => undefined,
  }
  const shared = { runtime, random, log: silentLog, trust }
  nodes.push(new RequestReply({ ...shared, sender: wire(0, 1), dispatch: tables[0] }))
  nodes.push(new RequestReply({ ...shared, sender: wire(1, 0), dispatch: tables[1] }))
  const call = (
    node: RequestReply,
    method: string,
    args: CborValue,
    timeoutMs = 20_000,
    patienceMs = 0,
  ) => node.call(addresses[1], method, args, { timeoutMs, patienceMs })
  const asker = nodes[0] as RequestReply
  const target = addresses[1]
  return { world, asker, target, served: tables[1], link, call, tried, lost, ways }
}

function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(() => 'no error').catch((error: { code: string }) => error.code)
}

function anything(args: CborValue): CborValue {
  return args
}

function numbers(args: CborValue): [number, number] | Malformed {
  if (Array.isArray(args) && typeof args[0] === 'number' && typeof args[1] === 'number')
    return [args[0], args[1]]
  return new Malformed('two numbers wanted')
}
