/** Which side of a position another one lies on, and whether it lies inside a range. */
import type { Address } from '../address/address.ts'
import { compareFields, compareWords, subtractFields } from '../address/words.ts'

const HALF_TOP_WORD = 0x8000_0000
const scratch = new Uint32Array(5)
const scratchRange = new Uint32Array(5)

/**
 * Returns whether the shorter way from `y` to `x` goes left. Of two positions exactly half a ring apart the numerically
 * greater one is left of the other, because their plain difference then needs no wrapping; nothing is left of itself.
 */
export function isLeftOf(x: Address, y: Address): boolean {
  const difference = subtractFields(x, y, scratch)
  const top = difference[0] ?? 0
  if (top > HALF_TOP_WORD) return false
  const rest =
    (difference[1] ?? 0) | (difference[2] ?? 0) | (difference[3] ?? 0) | (difference[4] ?? 0)
  if (top === HALF_TOP_WORD) return rest === 0 && compareFields(x, y) > 0
  return top !== 0 || rest !== 0
}

/** Returns whether the shorter way from `y` to `x` goes right: the opposite of isLeftOf for different positions. */
export function isRightOf(x: Address, y: Address): boolean {
  return isLeftOf(y, x)
}

/** Returns whether going left from `from` meets `x` before `to`. The ends are excluded; equal ends have nothing between. */
export function isBetweenLeft(x: Address, from: Address, to: Address): boolean {
  const toX = subtractFields(x, from, scratch)
  const toEnd = subtractFields(to, from, scratchRange)
  return compareWords(toX, toEnd) < 0 && !x.equals(from)
}

/** Returns whether going right from `from` meets `x` before `to`. The ends are excluded; equal ends have nothing between. */
export function isBetweenRight(x: Address, from: Address, to: Address): boolean {
  return isBetweenLeft(x, to, from)
}
