/** The error that sockets reject with when the system has none of its own. */

/** Codes of SocketError, named as the system names them. */
export type SocketErrorCode = 'ETIMEDOUT' | 'ENOBUFS' | 'ECONNRESET' | 'EADDRINUSE' | 'EMSGSIZE'

/** A socket failed for a reason found by this package; `code` reads like the system's codes. */
export class SocketError extends Error {
  /** What failed, e.g. ETIMEDOUT. */
  readonly code: SocketErrorCode

  constructor(options: { readonly code: SocketErrorCode; readonly detail: string }) {
    super(`${options.code}: ${options.detail}`)
    this.name = 'SocketError'
    this.code = options.code
  }
}

/** Returns the `code` of a system error, 'UNKNOWN' when it has none. */
export function errorCodeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' ? code : 'UNKNOWN'
}
