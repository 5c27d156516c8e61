/** Why a node cannot start or a management call fails. */

/** Stable codes. NODE_ codes up to NODE_CONFIG_CONFLICT mean that the user has to change something. */
export type NodeErrorCode =
  | 'NODE_ALREADY_RUNNING'
  | 'NODE_KEY_BROKEN'
  | 'NODE_ADDRESS_MISMATCH'
  | 'NODE_PORT_IN_USE'
  | 'NODE_PORT_REFUSED'
  | 'NODE_DEVICE_UNAVAILABLE'
  | 'NODE_CONFIG_CONFLICT'
  | 'NODE_CONTROL_UNREACHABLE'
  | 'NODE_TRACE_BUSY'
  | 'NODE_TRACE_UNAVAILABLE'
  | 'RPC_NO_SUCH_METHOD'
  | 'RPC_NOT_REMOTE'
  | 'RPC_BAD_ARGUMENTS'
  | 'RPC_FAULT'

/** An error of this package. */
export class NodeError extends Error {
  override readonly name = 'NodeError'
  readonly code: NodeErrorCode

  constructor({ code, message }: { readonly code: NodeErrorCode; readonly message: string }) {
    super(message)
    this.code = code
  }
}

/** Returns the text of anything that was thrown. */
export function messageOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'message' in error)
    return String(error.message)
  return String(error)
}

/** Returns the `code` of anything that was thrown, or an empty text. */
export function codeOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error) return String(error.code)
  return ''
}
