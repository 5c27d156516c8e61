/** Round trips and routes across the ring. */
import { Address } from '@ipop/address'
import { Malformed, type CborValue } from '@ipop/codec'
import type { Clock } from '@ipop/runtime'
import { REMOTE_CALL_TIMEOUT_MS, ROUTE_HOPS_MAX } from '../../limits.ts'
import type { RingNode } from '../../services.ts'
import type { MethodTable } from '../method-table.ts'

/** Adds the namespace trace. */
export function addTrace(table: MethodTable, ring: RingNode, clock: Clock): void {
  table.add('trace.GetRttTo', { params: ['address'], isRemote: true }, (params) =>
    measureRoundTrip(ring, clock, params.address(0)),
  )
  table.add('trace.GetRouteTo', { params: ['address'], isRemote: true }, (params) =>
    walkRoute(ring, params.address(0)),
  )
  table.add('trace.GetNextHop', { params: ['address'], isRemote: true }, (params) =>
    ring.nextHop(params.address(0)).toString(),
  )
}

async function measureRoundTrip(ring: RingNode, clock: Clock, target: Address): Promise<CborValue> {
  const start = clock.now()
  await ring.call(target, 'sys:link.Ping', [0], {
    mode: 'exact',
    timeoutMs: REMOTE_CALL_TIMEOUT_MS,
    repliesMax: 1,
  })
  return { target: target.toString(), musec: Math.round((clock.now() - start) * 1_000) }
}

/** Asks every node on the way for the next one, until one names itself. */
async function walkRoute(ring: RingNode, target: Address): Promise<CborValue> {
  const hops: CborValue[] = []
  let node = ring.address
  let next = ring.nextHop(target)
  while (!next.equals(node) && hops.length < ROUTE_HOPS_MAX) {
    hops.push({ node: node.toString(), next_con: next.toString() })
    node = next
    const [reply] = await ring.call(node, 'trace.GetNextHop', [target.toString()], {
      mode: 'exact',
      timeoutMs: REMOTE_CALL_TIMEOUT_MS,
      repliesMax: 1,
    })
    const named = Address.parse(typeof reply?.result === 'string' ? reply.result : '')
    if (named instanceof Malformed) break
    next = named
  }
  hops.push({ node: node.toString() })
  return hops
}
