/** Makes the session endpoint beneath a channel table. */
import type { Log, Random } from '@ipop/runtime'
import { type IndexAllocator, SessionEndpoint } from '@ipop/security'
import type { Edge } from '../edge/edge.ts'
import { IndexTable } from '../edge/index-table.ts'
import type { ChannelTableOptions } from './types.ts'

/** What the sessions work with. */
export interface OpenSessionsModules {
  readonly log: Log
  readonly random: Random
  readonly wallTimeMs: () => number
}

/** Returns the sessions of one node, whose receiver indices belong to `owner`. */
export function openSessions(
  owner: object,
  { log, random, wallTimeMs }: OpenSessionsModules,
  options: ChannelTableOptions,
): SessionEndpoint<Edge> {
  const { identity, namespace, ciphers, rekeyAfterMs, capabilities } = options
  const indexes = indexesFor(owner, random, options)
  return new SessionEndpoint<Edge>(
    { random: random.fork('sessions'), log, wallTimeMs, indexes },
    {
      ...{ identity, namespace, ciphers, rekeyAfterMs },
      ...(capabilities === undefined ? {} : { capabilities }),
    },
  )
}

/** Returns where `owner` takes receiver indices from: the table that the nodes of its ports share. */
export function indexesFor(
  owner: object,
  random: Random,
  { indexes, listeners }: Pick<ChannelTableOptions, 'indexes' | 'listeners'>,
): IndexAllocator {
  const table = indexes ?? listeners[0]?.indexes ?? new IndexTable({ random })
  return table.allocatorFor(owner)
}
