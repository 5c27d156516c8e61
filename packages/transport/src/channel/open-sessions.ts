/** Makes the session endpoint beneath a channel table. */
import type { Log, Random } from '@ipop/runtime'
import { SessionEndpoint } from '@ipop/security'
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
  const { identity, namespace, ciphers, rekeyAfterMs, capabilities, listeners } = options
  const table = options.indexes ?? listeners[0]?.indexes ?? new IndexTable({ random })
  return new SessionEndpoint<Edge>(
    { random: random.fork('sessions'), log, wallTimeMs, indexes: table.allocatorFor(owner) },
    {
      ...{ identity, namespace, ciphers, rekeyAfterMs },
      ...(capabilities === undefined ? {} : { capabilities }),
    },
  )
}
