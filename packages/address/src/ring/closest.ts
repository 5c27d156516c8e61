/** Choosing among positions by their distance to a target. */
import type { Address } from '../address/address.ts'
import { compareWords, foldWords, subtractWords } from '../address/words.ts'

const scratchA = new Uint32Array(5)
const scratchB = new Uint32Array(5)

/** Returns an order for sorting: nearer to `target` first, of two equally near ones the lower address first. */
export function compareByDistance(target: Address): (a: Address, b: Address) => -1 | 0 | 1 {
  return (a, b) => {
    const toA = foldWords(subtractWords(a.words, target.words, scratchA))
    const toB = foldWords(subtractWords(b.words, target.words, scratchB))
    return compareWords(toA, toB) || a.compare(b)
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
