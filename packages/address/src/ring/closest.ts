/** Choosing among positions by their distance to a target. */
import type { Address } from '../address/address.ts'
import { compareWords, foldWords, subtractFields } from '../address/words.ts'

const scratchA = new Uint32Array(5)
const scratchB = new Uint32Array(5)

/** Returns an order for sorting: nearer to `target` first, of two equally near ones the lower address first. */
export function compareByDistance(target: Address): (a: Address, b: Address) => -1 | 0 | 1 {
  return (a, b) => {
    const toA = foldWords(subtractFields(a, target, scratchA))
    const toB = foldWords(subtractFields(b, target, scratchB))
    return compareWords(toA, toB) || a.compare(b)
  }
}

/** Returns an order for sorting: in the order in which they lie going left from `center`. */
export function compareLeftwards(center: Address): (a: Address, b: Address) => -1 | 0 | 1 {
  return (a, b) => {
    const toA = subtractFields(a, center, scratchA)
    const toB = subtractFields(b, center, scratchB)
    return compareWords(toA, toB)
  }
}

/** Returns an order for sorting: in the order in which they lie going right from `center`. */
export function compareRightwards(center: Address): (a: Address, b: Address) => -1 | 0 | 1 {
  return (a, b) => {
    const toA = subtractFields(center, a, scratchA)
    const toB = subtractFields(center, b, scratchB)
    return compareWords(toA, toB)
  }
}

/** Returns the candidate nearest to `target` (of two equally near ones the lower address), undefined when there is none. */
export function closest(target: Address, candidates: Iterable<Address>): Address | undefined {
  const compare = compareByDistance(target)
  let best: Address | undefined
  for (const candidate of candidates) {
    if (best === undefined || compare(candidate, best) < 0) best = candidate
  }
  return best
}
