/** Errors of the transport that a caller can act on. */

/** Stable names of what went wrong. */
export type TransportErrorCode =
  'TRANSPORT_INDEXES_FULL' | 'TRANSPORT_NODES_FULL' | 'TRANSPORT_PATH_TAKEN' | 'TRANSPORT_CLOSED'

/** A misuse of the transport or an exhausted table. */
export class TransportError extends Error {
  /** The stable name of what went wrong. */
  readonly code: TransportErrorCode

  constructor({ code, detail }: { code: TransportErrorCode; detail?: string }) {
    super(detail === undefined ? code : `${code}: ${detail}`)
    this.name = 'TransportError'
    this.code = code
  }
}
