/** What happens to packets on the way: delay, loss, copies, disorder. */

/** Properties of a path, or of one host's access to the network. */
export interface LinkProperties {
  /** One-way delay; on a host's own link it is added to that of the path. */
  readonly latencyMs: number
  /** Further delay, uniform between 0 and this. */
  readonly jitterMs: number
  /** Chance that a datagram vanishes. */
  readonly lossProbability: number
  /** Chance that a datagram arrives twice. */
  readonly duplicateProbability: number
  /** Chance that a datagram is held back by `reorderDelayMs`. */
  readonly reorderProbability: number
  /** How long a datagram is held back when it is reordered. */
  readonly reorderDelayMs: number
  /** Largest datagram that fits; larger ones vanish. */
  readonly datagramBytesMax: number
  /** Bits per second the link carries, with a first-in first-out queue; Infinity = no queueing. */
  readonly bitsPerSecond: number
}

/** A link that adds nothing. */
export const PERFECT_LINK: LinkProperties = {
  latencyMs: 0,
  jitterMs: 0,
  lossProbability: 0,
  duplicateProbability: 0,
  reorderProbability: 0,
  reorderDelayMs: 100,
  datagramBytesMax: Infinity,
  bitsPerSecond: Infinity,
}

/** Returns the effect of two links in a row. */
export function joinLinks(one: LinkProperties, other: LinkProperties): LinkProperties {
  if (one === PERFECT_LINK) return other
  if (other === PERFECT_LINK) return one
  return {
    latencyMs: one.latencyMs + other.latencyMs,
    jitterMs: one.jitterMs + other.jitterMs,
    lossProbability: eitherOf(one.lossProbability, other.lossProbability),
    duplicateProbability: eitherOf(one.duplicateProbability, other.duplicateProbability),
    reorderProbability: eitherOf(one.reorderProbability, other.reorderProbability),
    reorderDelayMs: Math.max(one.reorderDelayMs, other.reorderDelayMs),
    datagramBytesMax: Math.min(one.datagramBytesMax, other.datagramBytesMax),
    bitsPerSecond: Math.min(one.bitsPerSecond, other.bitsPerSecond),
  }
}

function eitherOf(one: number, other: number): number {
  return 1 - (1 - one) * (1 - other)
}
