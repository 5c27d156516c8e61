/** Errors with stable codes. */

/** What went wrong, for programs. */
export type SecurityErrorCode = 'INDEXES_EXHAUSTED' | 'FRAME_TOO_LONG' | 'CERTIFICATE_TOO_LONG'

/** Reports a use of this package that its limits forbid. */
export class SecurityError extends Error {
  readonly code: SecurityErrorCode

  constructor(code: SecurityErrorCode, message: string) {
    super(message)
    this.name = 'SecurityError'
    this.code = code
  }
}
