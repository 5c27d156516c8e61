/** Errors of virtual devices and of the data plane: a stable code, and what the user can do. */
import { NAME_BYTES_MAX } from './limits.ts'

/** What went wrong, as a word that does not change between versions. */
export type DeviceErrorCode =
  | 'TUN_ADDON_MISSING'
  | 'TUN_ARGUMENT_INVALID'
  | 'TUN_CLOSED'
  | 'TUN_NAME_INVALID'
  | 'TUN_NAME_IN_USE'
  | 'TUN_NOT_PERMITTED'
  | 'TUN_SYSTEM'
  | 'TUN_UNAVAILABLE'

/** A virtual device could not be made or changed. The message says what to do. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError'
  /** What went wrong. */
  readonly code: DeviceErrorCode
  /** The system's error code, e.g. `EPERM`, where there is one. */
  readonly systemCode: string | undefined

  constructor(code: DeviceErrorCode, message: string, systemCode?: string) {
    super(message)
    this.code = code
    this.systemCode = systemCode
  }
}

/** Returns the error for a failure that native code reported while working on `device`. */
export function deviceErrorFrom(failure: unknown, device: string): DeviceError {
  if (failure instanceof DeviceError) return failure
  const { code: systemCode, message } = describe(failure)
  const { code, advice } = explanationOf(systemCode)
  return new DeviceError(code, `${device}: ${message}${advice}`, systemCode)
}

/** What the data plane refused, as a word that does not change between versions. */
export type DataPlaneErrorCode =
  | 'PLANE_ARGUMENT_INVALID'
  | 'PLANE_CLOSED'
  | 'PLANE_ROW_UNKNOWN'
  | 'PLANE_SYSTEM'
  | 'PLANE_TABLE_FULL'

/** The data plane refused a row or a wish. */
export class DataPlaneError extends Error {
  override readonly name = 'DataPlaneError'
  /** What was refused. */
  readonly code: DataPlaneErrorCode

  constructor(code: DataPlaneErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

const PLANE_CODES: Readonly<Record<string, DataPlaneErrorCode>> = {
  EBADF: 'PLANE_CLOSED',
  EINVAL: 'PLANE_ARGUMENT_INVALID',
  ENOBUFS: 'PLANE_TABLE_FULL',
  ENOENT: 'PLANE_ROW_UNKNOWN',
}

/** Returns the error for a failure that the native data plane reported. */
export function dataPlaneErrorFrom(failure: unknown): DataPlaneError {
  const { code, message } = describe(failure)
  return new DataPlaneError(PLANE_CODES[code] ?? 'PLANE_SYSTEM', `data plane: ${message}`)
}

/** Returns the error for an interface name that Linux does not allow. */
export function nameError(name: string): DeviceError {
  return new DeviceError(
    'TUN_NAME_INVALID',
    `"${name}" cannot name a network interface: use 1 to ${NAME_BYTES_MAX} letters, digits, '-', '_' or '.'`,
  )
}

/** Errors of native code may come from another realm, so their shape decides and not their class. */
function describe(failure: unknown): { code: string; message: string } {
  const { code, message } = (failure ?? {}) as { code?: unknown; message?: unknown }
  return {
    code: typeof code === 'string' ? code : 'EUNKNOWN',
    message: typeof message === 'string' ? message : String(failure),
  }
}

function explanationOf(systemCode: string): { code: DeviceErrorCode; advice: string } {
  switch (systemCode) {
    case 'EPERM':
    case 'EACCES':
      return {
        code: 'TUN_NOT_PERMITTED',
        advice: '. Run as root or with the capability CAP_NET_ADMIN (and access to /dev/net/tun)',
      }
    case 'ENODEV':
      return {
        code: 'TUN_UNAVAILABLE',
        advice:
          '. Load the kernel module with "modprobe tun"; in a container pass --device /dev/net/tun',
      }
    case 'EBUSY':
      return {
        code: 'TUN_NAME_IN_USE',
        advice: '. Another program or interface has this name: choose another or stop that program',
      }
    case 'EBADF':
      return { code: 'TUN_CLOSED', advice: '' }
    case 'EINVAL':
      return { code: 'TUN_ARGUMENT_INVALID', advice: '' }
    default:
      return { code: 'TUN_SYSTEM', advice: '' }
  }
}
