/** The errors that the DHT's promises reject with. */
import type { DhtValue } from './client/value.ts'

/** What went wrong; stable, for programs. */
export type DhtErrorCode =
  /** Somebody else holds the key; `holder` is the entry that stands. */
  | 'DHT_ENTRY_EXISTS'
  /** Too few replicas agreed: `received` of `wanted`. */
  | 'DHT_QUORUM_FAILED'
  /** `received` bytes where at most `wanted` are stored. */
  | 'DHT_VALUE_TOO_LARGE'
  /** `received` bytes of key where at most `wanted` are allowed. */
  | 'DHT_KEY_TOO_LARGE'
  /** `received` seconds where at most `wanted` are allowed. */
  | 'DHT_TTL_OUT_OF_RANGE'
  /** Most replicas found the signing time too far from theirs: this machine's clock is wrong. */
  | 'DHT_CLOCK_SKEW'
  /** Most replicas have no room: a cap on the key, the owner or the store is reached. */
  | 'DHT_STORE_FULL'
  /** The DHT has left the ring. */
  | 'DHT_CLOSED'

/** What an error is made of. */
export interface DhtErrorData {
  readonly code: DhtErrorCode
  /** How much was needed or allowed. */
  readonly wanted?: number
  /** How much there was. */
  readonly received?: number
  /** The entry in the way. */
  readonly holder?: DhtValue
}

/** A failed DHT operation. */
export class DhtError extends Error {
  readonly code: DhtErrorCode
  /** How much was needed or allowed, where that is a number. */
  readonly wanted: number | undefined
  /** How much there was, where that is a number. */
  readonly received: number | undefined
  /** The entry in the way of DHT_ENTRY_EXISTS. */
  readonly holder: DhtValue | undefined

  constructor(data: DhtErrorData) {
    const counts =
      data.wanted === undefined ? '' : ` (wanted ${data.wanted}, received ${data.received})`
    super(`${data.code}${counts}`)
    this.name = 'DhtError'
    this.code = data.code
    this.wanted = data.wanted
    this.received = data.received
    this.holder = data.holder
  }
}
