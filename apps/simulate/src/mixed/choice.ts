/** Turns the fractions of a planned fault into nodes and groups. */
import type { PlannedFault } from '@ipop/simulator'

const INSTANT_KINDS = new Set(['crash', 'leave', 'join', 'clock jump', 'nat reboot', 'move'])

/** Returns whether a fault goes on for a while. */
export function lasts({ kind }: PlannedFault): boolean {
  return !INSTANT_KINDS.has(kind)
}

/** Returns the item at a fraction, from 0 to 1, of the way through a list. */
export function pick<T>(all: readonly T[], fraction: number): T | undefined {
  return all[Math.min(all.length - 1, Math.floor(fraction * all.length))]
}

/** Returns in which of `parts` groups a host falls, for a split with this salt. */
export function groupOf(index: number, salt: number, parts: number): number {
  const mixed = Math.imul(index + 1, 0x9e3779b1) ^ Math.imul(salt + 1, 0x85ebca6b)
  return ((mixed ^ (mixed >>> 15)) >>> 0) % parts
}
