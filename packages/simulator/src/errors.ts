/** Errors the simulator raises: misuse by a test, and the codes systems give to sockets. */

/** What went wrong in the use of a world. */
export type SimulationErrorCode =
  | 'SIM_ADDRESS_TAKEN'
  | 'SIM_NAME_TAKEN'
  | 'SIM_ALREADY_RUNNING'
  | 'SIM_HANDLER_THREW'
  | 'SIM_STUCK'
  | 'SIM_UNSETTLED'
  | 'SIM_BAD_OPTION'

/** A mistake in the use of the simulator, or an exception that simulated code let escape. */
export class SimulationError extends Error {
  readonly code: SimulationErrorCode

  constructor(code: SimulationErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'SimulationError'
    this.code = code
  }
}

/** An error as a socket reports it, with the system's code. */
export interface SocketError extends Error {
  readonly code: string
}

/** Returns an error with the system's `code`, e.g. EADDRINUSE. */
export function socketError(code: string, message: string): SocketError {
  return Object.assign(new Error(`${code}: ${message}`), { code })
}
