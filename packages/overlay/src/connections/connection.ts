/** A channel to a verified peer and the roles it plays in the ring. */
import type { Address } from '@ipop/address'
import type { Instant } from '@ipop/runtime'
import type { Channel, PeerHint, TransportAddress } from '@ipop/transport'
import { HINT_ENDPOINTS_MAX } from '@ipop/transport'
import { Role, STATUS_IN_RING, STRUCTURED_ROLES } from './roles.ts'

const ALL_ROLES = 0x7f

/** One peer of this node. */
export class Connection {
  readonly channel: Channel
  /** The peer's ring address; here, since routing looks at it for every connection. */
  readonly address: Address
  /** When the session was confirmed. */
  readonly upAt: Instant
  /** When either end was last seen to have a role for it. */
  lastNeededAt: Instant
  /** Whether the peer said that it has its place before there was a connection. */
  wasInRing = false
  /** When it last carried traffic that asked for a direct connection. */
  lastTrafficAt: Instant
  /** When the peer was last probed because packets of the ring were handed to it. */
  #probedAt: Instant
  /** When it was last handed a packet that it was not heard after. */
  #missedAt: Instant = Number.NEGATIVE_INFINITY
  /** Where the peer says it can be reached. */
  #offered: readonly TransportAddress[] = []
  #roles = 0
  /** Which life of the peer's process this is, by its own word. */
  #incarnation: number | undefined
  /** The last hint given out, and what it was made of. */
  #hint: { own: PeerHint; offered: readonly TransportAddress[]; all: PeerHint } | undefined

  constructor(channel: Channel, now: Instant) {
    this.channel = channel
    this.address = channel.address
    this.upAt = now
    this.lastNeededAt = now
    this.lastTrafficAt = now
    this.#probedAt = now
  }

  /** All that is known for dialling the peer: the endpoints that worked, then those it offers. */
  get hint(): PeerHint {
    const { hint } = this.channel
    const last = this.#hint
    if (last?.own === hint && last.offered === this.#offered) return last.all
    const all = withMore(hint, this.#offered)
    this.#hint = { own: hint, offered: this.#offered, all }
    return all
  }

  /** Probes the peer unless it was heard or probed within `ms`: what is handed to it may be lost. */
  probeAfter(ms: number, now: Instant): void {
    if (now - Math.max(this.channel.lastHeardAt, this.#probedAt) < ms) return
    this.#probedAt = now
    this.channel.probe()
  }

  /** Takes note that the peer was not heard in time after it was handed a packet at `at`. */
  missedPacket(at: Instant): void {
    this.#missedAt = at
  }

  /** Takes note of where the peer says it can be reached. */
  offers(endpoints: readonly TransportAddress[]): void {
    this.#offered = endpoints
  }

  /** Takes note of what the peer calls its process; returns whether that is another one than before. */
  isNewIncarnation(incarnation: number | undefined): boolean {
    if (incarnation === undefined) return false
    const before = this.#incarnation
    this.#incarnation = incarnation
    return before !== undefined && before !== incarnation
  }

  /** The roles this end sees in it. */
  get localRoles(): number {
    return this.#roles
  }

  /** The roles that the peer says it sees in it. */
  get remoteRoles(): number {
    return this.channel.remoteStatus & ALL_ROLES
  }

  /** Whether the peer says that it has found its place in the ring. */
  get isPeerInRing(): boolean {
    return (this.channel.remoteStatus & STATUS_IN_RING) !== 0
  }

  /** Whether ring packets may be routed over it: leaves and newcomers elsewhere in the ring are left out. */
  get isStructured(): boolean {
    if ((this.#roles & STRUCTURED_ROLES) !== 0) return true
    return this.isPeerInRing && (this.remoteRoles & STRUCTURED_ROLES) !== 0
  }

  /** Whether its datagrams travel over the ring or a relay, because no direct path is known. */
  get isOverRing(): boolean {
    const kind = this.channel.activeEdge?.kind
    return kind === 'ring' || kind === 'relay'
  }

  /** The measured round trip of its path, in milliseconds. */
  get rttMs(): number | undefined {
    return this.channel.rttMs
  }

  /** Whether the peer misses probes, or packets. */
  get isSuspect(): boolean {
    return this.channel.isSuspect || this.channel.lastHeardAt <= this.#missedAt
  }

  /** Whether it may carry session datagrams of others: a relay takes them like any frame, the ring would wrap them twice. */
  get carriesDatagrams(): boolean {
    return this.channel.activeEdge?.kind !== 'ring'
  }

  /** Whether this end plays `role`. */
  has(role: Role): boolean {
    return (this.#roles & role) !== 0
  }

  /** Whether either end plays any role. */
  get isNeeded(): boolean {
    return this.#roles !== 0 || this.remoteRoles !== 0
  }

  /** Whether either end would miss it: a shortcut or a leaf is soon replaced by another. */
  get isHardToReplace(): boolean {
    return ((this.#roles | this.remoteRoles) & (Role.near | Role.onDemand | Role.managed)) !== 0
  }

  /** Adds or removes one of this end's roles; returns whether that changed anything. */
  setRole(role: number, isWanted: boolean): boolean {
    const roles = isWanted ? this.#roles | role : this.#roles & ~role
    const isChanged = roles !== this.#roles
    this.#roles = roles
    return isChanged
  }

  /** Returns the status byte to tell the peer. */
  status(isInRing: boolean): number {
    return this.#roles | (isInRing ? STATUS_IN_RING : 0)
  }
}

function withMore(hint: PeerHint, offered: readonly TransportAddress[]): PeerHint {
  const more = offered.filter((ta) => !hint.endpoints.some((known) => known.equals(ta)))
  if (more.length === 0) return hint
  return { ...hint, endpoints: [...hint.endpoints, ...more].slice(0, HINT_ENDPOINTS_MAX) }
}
