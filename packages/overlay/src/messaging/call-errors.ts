/** The errors that calls are rejected with. */
import type { Address } from '@ipop/address'
import { OverlayError } from '../errors.ts'
import { BODY_BYTES_MAX, REQUESTS_MAX } from '../limits.ts'

/** What an error says about its call. */
export interface FailedCall {
  readonly method: string
  readonly target: Address
  /** Whether some node answered that the target is not in the ring. */
  readonly isUnreachable: boolean
}

/** Returns the error of a call that nobody answered. */
export function failure(call: FailedCall): OverlayError {
  const where = `${call.method} at ${call.target.toString()}`
  if (call.isUnreachable)
    return new OverlayError({
      code: 'OVERLAY_UNREACHABLE',
      message: `no such node in the ring: ${where}`,
      method: call.method,
    })
  return new OverlayError({
    code: 'OVERLAY_TIMEOUT',
    message: `no answer: ${where}`,
    method: call.method,
  })
}

/** Returns the error of a call that the other node refused or failed. */
export function remoteError(call: FailedCall, message: string): OverlayError {
  return new OverlayError({ code: 'OVERLAY_REMOTE_ERROR', message, method: call.method })
}

/** Returns the error of a call on a node that does not run. */
export function notRunning(method: string): OverlayError {
  return new OverlayError({
    code: 'OVERLAY_NOT_RUNNING',
    message: 'the node is not running',
    method,
  })
}

/** Returns the error of a call beyond the cap. */
export function tooMany(method: string): OverlayError {
  return new OverlayError({
    code: 'OVERLAY_TOO_MANY_REQUESTS',
    message: `${REQUESTS_MAX} calls are open already`,
    method,
  })
}

/** Returns the error of a call whose arguments are too large. */
export function tooLarge(method: string, bytes: number): OverlayError {
  return new OverlayError({
    code: 'OVERLAY_BODY_TOO_LARGE',
    message: `${bytes} bytes of arguments, ${BODY_BYTES_MAX} at most`,
    method,
  })
}
