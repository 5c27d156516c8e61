/** Finds a node of which only the high bits of its address are known. */
import type { Address } from '@ipop/address'
import type { CallReply, CallOptions } from '../messaging/request-reply.ts'

/** The part of a node that looks for another one. */
export interface Finder {
  readonly connections: { all(): readonly { readonly address: Address }[] }
  call(target: Address, method: string, args: null, options: CallOptions): Promise<CallReply[]>
}

/**
 * Returns the node that `isWanted` accepts among those connected and those on both sides of `position`; rejects when
 * nobody answers. Who it is, is what it says: only a session proves that.
 */
export async function findNode(
  node: Finder,
  position: Address,
  isWanted: (address: Address) => boolean,
): Promise<Address | undefined> {
  const connected = node.connections.all().find(({ address }) => isWanted(address))
  if (connected !== undefined) return connected.address
  // The nearest is the wanted one unless it is absent or the ring is mending: then its neighbour may know better.
  for (const mode of ['greedy', 'both'] as const) {
    const replies = await node.call(position, 'ring.ping', null, { mode })
    const found = replies.find(({ from }) => isWanted(from))
    if (found !== undefined) return found.from
  }
  return undefined
}
