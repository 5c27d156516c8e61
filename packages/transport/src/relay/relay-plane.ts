/** What a data plane is told about relay channels, so that it can carry them without JavaScript. */
import type { Edge } from '../edge/edge.ts'
import type { ByteRate } from './token-bucket.ts'

/** One direction of a relayed pair at the relay. */
export interface RelayPlaneRow extends ByteRate {
  /** What frames of the row carry when they arrive. */
  readonly channel: number
  /** Where they come from. */
  readonly owner: Edge
  /** Where they go. */
  readonly next: Edge
  /** What they carry when they leave. */
  readonly nextChannel: number
}

/** An end of a relayed pair. */
export interface RelayPlaneEnd {
  /** What frames for this end carry. */
  readonly channel: number
  /** Where they come from. */
  readonly relay: Edge
}

/**
 * Mirrors channels into a data plane. It takes what it can: the rest keeps coming to JavaScript, which forwards it by
 * the same rules. Installing a channel again replaces what was known of it.
 */
export interface RelayPlane {
  /** Sets what all rows together may carry. */
  setQuota(quota: ByteRate): void
  installRow(row: RelayPlaneRow): void
  installEnd(end: RelayPlaneEnd): void
  remove(channel: number): void
  /** Returns how many frames of a row it forwarded by itself. */
  forwarded(channel: number): number
}
