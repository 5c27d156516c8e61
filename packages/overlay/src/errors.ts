/** The errors that the overlay's promises reject with. */

/** What went wrong; stable, for programs. */
export type OverlayErrorCode =
  | 'OVERLAY_TIMEOUT'
  | 'OVERLAY_UNREACHABLE'
  | 'OVERLAY_REMOTE_ERROR'
  | 'OVERLAY_NO_SUCH_METHOD'
  | 'OVERLAY_BAD_ARGUMENTS'
  | 'OVERLAY_NOT_RUNNING'
  | 'OVERLAY_TOO_MANY_REQUESTS'
  | 'OVERLAY_BODY_TOO_LARGE'

/** A failed overlay operation. */
export class OverlayError extends Error {
  readonly code: OverlayErrorCode
  /** The method that was called, where there is one. */
  readonly method: string | undefined

  constructor(data: { code: OverlayErrorCode; message: string; method?: string }) {
    super(data.message)
    this.name = 'OverlayError'
    this.code = data.code
    this.method = data.method
  }
}
