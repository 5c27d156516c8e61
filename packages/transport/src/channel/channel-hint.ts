/** What is known for dialling the peer of a channel again. */
import { steadyHint, type PeerHint } from '../address/peer-hint.ts'
import type { TransportAddress } from '../address/transport-address.ts'
import { HINT_ENDPOINTS_MAX } from '../limits.ts'
import type { Channel } from './channel.ts'
import type { PathManager } from './path-manager.ts'

/** Returns the peer's hint; the `last` one where nothing has changed. */
export function hintOf({ address, session, ways }: Channel, last: PeerHint | undefined): PeerHint {
  const { sessionKey } = session.peer
  if (last?.sessionKey === sessionKey && isStill(last.endpoints, ways)) return last
  return steadyHint(last, { address, sessionKey, endpoints: knownEndpoints(ways) })
}

/** Returns whether these are the known endpoints of a peer with one path, which is the usual thing and asked for often. */
function isStill(endpoints: readonly TransportAddress[], ways: PathManager): boolean {
  const remote = ways.paths.active?.edge.remote
  if (ways.paths.size > 1 || remote === undefined || endpoints[0] !== remote) return false
  let count = 1
  for (const { ta } of ways.endpointCandidates) {
    if (ta === remote || endpoints.indexOf(ta) === count - 1) continue
    if (endpoints[count] !== ta) return false
    count++
  }
  return count === endpoints.length
}

/** Returns where the peer of these paths may be: endpoints that worked come first. */
function knownEndpoints({ paths, endpointCandidates }: PathManager): TransportAddress[] {
  const endpoints: TransportAddress[] = []
  const remote = paths.active?.edge.remote
  if (remote) add(endpoints, remote.withoutPath())
  if (paths.size > 1 || remote === undefined)
    for (const path of paths.values())
      if (path.isUsable && path.edge.remote) add(endpoints, path.edge.remote.withoutPath())
  for (const { ta } of endpointCandidates) add(endpoints, ta)
  return endpoints
}

function add(endpoints: TransportAddress[], ta: TransportAddress): void {
  if (endpoints.length >= HINT_ENDPOINTS_MAX) return
  for (const known of endpoints) if (known.equals(ta)) return
  endpoints.push(ta)
}
