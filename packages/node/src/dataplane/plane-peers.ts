/** The peers of the plane: their numbers, keys, routes and endpoints. */
import type { Address } from '@ipop/address'
import type { Instant } from '@ipop/runtime'
import { RELAY_FRAME_OVERHEAD } from '@ipop/transport'
import { PLANE_DATAGRAM6_BYTES_MAX, PLANE_DATAGRAM_BYTES_MAX } from '../limits.ts'
import type { Refusals } from '../services.ts'
import type { PlaneKey } from './plane-key.ts'
import type { Plane, SocketEndpoint } from './plane.ts'
import { NO_REFUSALS } from './refusals.ts'

/** One peer. It stays in the plane as long as it has anything there. */
export interface PlanePeer {
  readonly number: number
  readonly address: Address
  readonly keys: Map<number, PlaneKey>
  /** Prefixes such as `10.0.0.2/32`. */
  readonly routes: Set<string>
  endpoint: SocketEndpoint | undefined
  /** The longest datagram that its path carries whole, where that was asked. */
  datagramBytesMax: number | undefined
  takesPartialChecksum: boolean
  /** What was refused under keys that are gone. */
  refusedBefore: Refusals
  /** When the plane was last seen to carry something by itself. */
  lastCarriedAt: Instant
}

/** Installs and removes peers. */
export class PlanePeers {
  readonly #plane: Plane
  readonly #byAddress = new Map<string, PlanePeer>()
  readonly #byIndex = new Map<number, PlanePeer>()
  #lastNumber = 0

  constructor(plane: Plane) {
    this.#plane = plane
  }

  /** Returns a known peer. */
  get(address: Address): PlanePeer | undefined {
    return this.#byAddress.get(address.key)
  }

  /** Returns the peer whose key has `index`, and the key. */
  byIndex(index: number): { readonly peer: PlanePeer; readonly key: PlaneKey } | undefined {
    const peer = this.#byIndex.get(index)
    const key = peer?.keys.get(index)
    return peer && key && { peer, key }
  }

  /** Returns all peers. */
  values(): Iterable<PlanePeer> {
    return this.#byAddress.values()
  }

  /** Returns the peer at `address`, adding it to the plane; throws where that refuses. */
  ensure(address: Address): PlanePeer {
    const known = this.get(address)
    if (known !== undefined) return known
    const peer: PlanePeer = {
      number: (this.#lastNumber = (this.#lastNumber + 1) >>> 0),
      address,
      keys: new Map(),
      routes: new Set(),
      endpoint: undefined,
      datagramBytesMax: undefined,
      takesPartialChecksum: false,
      refusedBefore: NO_REFUSALS,
      lastCarriedAt: Number.NEGATIVE_INFINITY,
    }
    this.#install(peer)
    this.#byAddress.set(address.key, peer)
    return peer
  }

  /** Tells the plane whether the peer fills in partial checksums. */
  setTakesPartialChecksum(peer: PlanePeer, takesPartialChecksum: boolean): void {
    if (peer.takesPartialChecksum === takesPartialChecksum) return
    peer.takesPartialChecksum = takesPartialChecksum
    this.#install(peer)
  }

  /**
   * Sets where datagrams for the peer go and how long the path carries them whole, where that is known; without an
   * endpoint its packets come to JavaScript.
   */
  move(peer: PlanePeer, endpoint: SocketEndpoint | undefined, bytesMax?: number): void {
    const before = datagramBytesMax(peer)
    peer.endpoint = endpoint
    peer.datagramBytesMax = bytesMax
    if (datagramBytesMax(peer) !== before) this.#install(peer)
    this.#plane.movePeer(peer.number, endpoint)
    this.release(peer)
  }

  /** Takes note of a key. */
  addKey(peer: PlanePeer, key: PlaneKey): void {
    peer.keys.set(key.index, key)
    this.#byIndex.set(key.index, peer)
  }

  /** Forgets a key. */
  removeKey(peer: PlanePeer, key: PlaneKey): void {
    peer.keys.delete(key.index)
    this.#byIndex.delete(key.index)
    this.release(peer)
  }

  /** Takes the peer out of the plane once nothing needs it there. */
  release(peer: PlanePeer): void {
    if (peer.keys.size > 0 || peer.routes.size > 0 || peer.endpoint !== undefined) return
    if (this.#byAddress.delete(peer.address.key)) this.#plane.removePeer(peer.number)
  }

  #install(peer: PlanePeer): void {
    const { number, takesPartialChecksum } = peer
    const row = { peer: number, takesPartialChecksum, datagramBytesMax: datagramBytesMax(peer) }
    this.#plane.installPeer(row)
  }
}

function datagramBytesMax({ endpoint, datagramBytesMax: known }: PlanePeer): number {
  if (known !== undefined) return known
  const isIpv6 = endpoint?.host.includes(':') === true
  const max = isIpv6 ? PLANE_DATAGRAM6_BYTES_MAX : PLANE_DATAGRAM_BYTES_MAX
  return endpoint?.channel === undefined ? max : max - RELAY_FRAME_OVERHEAD
}
