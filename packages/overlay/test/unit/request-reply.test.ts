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
  REQUEST_RESENDS_MAX,
  REQUESTS_MAX,
} from '../../src/limits.ts'
import { DispatchTable } from '../../src/messaging/dispatch-table.ts'
import { ReplyCache } from '../../src/messaging/reply-cache.ts'
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

/** Two nodes whose packets reach each other after a millisecond, unless the link is told to drop them. */
function pair() {
  const world = new World({ seed: 1 })
  const { runtime } = world.addHost()
  const random = runtime.random
  const addresses = [Address.random(random), Address.random(random)] as const
  const link = { dropRequests: 0, dropReplies: 0, requests: 0 }
  const tables = [new DispatchTable(), new DispatchTable()] as const
  const nodes: RequestReply[] = []
  const wire = (from: 0 | 1, to: 0 | 1) => ({
    send(_destination: Address, mode: RoutingMode, kind: PayloadKind, payload: Uint8Array) {
      if (kind === PayloadKind.request) link.requests++
      if (kind === PayloadKind.request ? link.dropRequests-- > 0 : link.dropReplies-- > 0) return
      const packet = {
        mode,
        hops: 1,
        hopLimit: 9,
        source: addresses[from],
        destination: addresses[to],
        kind,
        payload,
      }
      runtime.timers.at(runtime.clock.now() + 1, 'wire', () => nodes[to]?.receive(packet))
    },
  })
  nodes.push(
    new RequestReply({ runtime, random, log: silentLog, sender: wire(0, 1), dispatch: tables[0] }),
  )
  nodes.push(
    new RequestReply({ runtime, random, log: silentLog, sender: wire(1, 0), dispatch: tables[1] }),
  )
  const call = (node: RequestReply, method: string, args: CborValue, timeoutMs = 20_000) =>
    node.call(addresses[1], method, args, { timeoutMs })
  return { world, asker: nodes[0] as RequestReply, served: tables[1], link, call }
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
