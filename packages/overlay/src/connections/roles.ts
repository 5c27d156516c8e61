/** What a connection is for; each end sets its own roles and tells them in the status byte of its pings. */

/** The role bits of a status byte. A connection without any role at either end is closed after a while. */
export const Role = {
  leaf: 0x01,
  near: 0x02,
  shortcut: 0x04,
  onDemand: 0x08,
  managed: 0x10,
} as const
/** One of the roles. */
export type Role = (typeof Role)[keyof typeof Role]

/** Set in the status byte of a node that has found its place in the ring. */
export const STATUS_IN_RING = 0x80

const ROLE_NAMES: readonly (readonly [number, string])[] = [
  [Role.leaf, 'leaf'],
  [Role.near, 'near'],
  [Role.shortcut, 'shortcut'],
  [Role.onDemand, 'onDemand'],
  [Role.managed, 'managed'],
]

/** Roles that make a connection part of the structured overlay; a leaf is not. */
export const STRUCTURED_ROLES = Role.near | Role.shortcut | Role.onDemand | Role.managed

/** Returns the names of the roles in `bits`. */
export function roleNames(bits: number): string[] {
  return ROLE_NAMES.filter(([bit]) => (bits & bit) !== 0).map(([, name]) => name)
}
