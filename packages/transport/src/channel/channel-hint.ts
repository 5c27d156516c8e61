/** What is known for dialling the peer of a channel again. */
import { steadyHint, type PeerHint } from '../address/peer-hint.ts'
import type { Channel } from './channel.ts'

/** Returns the peer's hint; the `last` one where nothing has changed. */
export function hintOf({ address, session, ways }: Channel, last: PeerHint | undefined): PeerHint {
  const { sessionKey } = session.peer
  return steadyHint(last, { address, sessionKey, endpoints: ways.knownEndpoints() })
}
