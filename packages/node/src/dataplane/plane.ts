/** What is used of the native data plane. */
import type { DataPlane, SocketEndpoint } from 'napi-rs-tun'

/** Forwarding tables and sockets outside JavaScript; `napi-rs-tun` has the real one. */
export type Plane = Pick<
  DataPlane,
  | 'bind'
  | 'close'
  | 'counters'
  | 'features'
  | 'hasFastAes'
  | 'installPeer'
  | 'installRelay'
  | 'installRelayEnd'
  | 'installRoute'
  | 'installSession'
  | 'movePeer'
  | 'open'
  | 'relayCounters'
  | 'removePeer'
  | 'removeRelay'
  | 'removeSession'
  | 'seal'
  | 'sessionCounters'
  | 'setOwnAddresses'
  | 'setRelayQuota'
  | 'useSession'
  | 'withdrawRoute'
>

export type { SocketEndpoint }
