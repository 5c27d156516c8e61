/** What a read hands to its caller. */
import type { Address } from '@ipop/address'

/** One value found under a key. */
export interface DhtValue {
  readonly value: Uint8Array
  /** Seconds since its owner last wrote it. */
  readonly ageSeconds: number
  /** Seconds until it expires unless renewed. */
  readonly ttlSeconds: number
  /** The node that stored it. */
  readonly owner: Address
}
