/** A random order that a seed determines. */

/** Fisher and Yates's shuffle of `items` with Marsaglia's generator of period 2^32 - 1, from `seed`. */
export function shuffled(items, seed) {
  const result = [...items]
  let state = seed | 1
  for (let at = result.length - 1; at > 0; at--) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    const other = (state >>> 0) % (at + 1)
    ;[result[at], result[other]] = [result[other], result[at]]
  }
  return result
}
