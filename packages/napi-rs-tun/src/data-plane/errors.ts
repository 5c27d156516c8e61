/** Errors of the data plane: a stable code and the system's. */

/** What went wrong, as a word that does not change between versions. */
export type DataPlaneErrorCode =
  | 'PLANE_ARGUMENT_INVALID'
  | 'PLANE_CLOSED'
  | 'PLANE_ROW_UNKNOWN'
  | 'PLANE_SYSTEM'
  | 'PLANE_TABLE_FULL'

/** The data plane refused a row or a wish. */
export class DataPlaneError extends Error {
  override readonly name = 'DataPlaneError'
  /** What went wrong. */
  readonly code: DataPlaneErrorCode

  constructor(code: DataPlaneErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

const CODES: Readonly<Record<string, DataPlaneErrorCode>> = {
  EBADF: 'PLANE_CLOSED',
  EINVAL: 'PLANE_ARGUMENT_INVALID',
  ENOBUFS: 'PLANE_TABLE_FULL',
  ENOENT: 'PLANE_ROW_UNKNOWN',
}

/** Calls `action` and turns a failure of native code into a `DataPlaneError`. */
export function guarded<T>(action: () => T): T {
  try {
    return action()
  } catch (failure) {
    const { code, message } = failure as { code?: unknown; message?: unknown }
    const known = typeof code === 'string' ? CODES[code] : undefined
    throw new DataPlaneError(known ?? 'PLANE_SYSTEM', `data plane: ${String(message)}`)
  }
}
