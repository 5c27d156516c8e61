/** Positions at a given way from another one. */
import { Address } from '../address/address.ts'
import { addWords, fractionWords, subtractWords, wordsFromFraction } from '../address/words.ts'
import type { Distance } from './distance.ts'

/** Returns address + numerator * 2^160 / denominator, rounded down, wrapped. Integers; denominator from 1 to 2^32. */
export function offset(address: Address, numerator: number, denominator: number): Address {
  const isUsable = Number.isSafeInteger(numerator) && Number.isSafeInteger(denominator)
  if (!isUsable || denominator < 1 || denominator > 0x1_0000_0000) {
    throw new RangeError(`no such share of the ring: ${numerator}/${denominator}`)
  }
  return Address.fromWords(addWords(address.words, fractionWords(numerator, denominator)))
}

/** Returns the position `fraction` of the ring to the left of `address`; negative fractions go right. From -1 to 1. */
export function addDistance(address: Address, fraction: number): Address {
  if (!(Math.abs(fraction) <= 1)) throw new RangeError(`not a share of the ring: ${fraction}`)
  const words = wordsFromFraction(Math.abs(fraction) % 1)
  return Address.fromWords(
    fraction < 0 ? subtractWords(address.words, words) : addWords(address.words, words),
  )
}

/** Returns the position `way` to the left of `address`. */
export function moveLeft(address: Address, way: Distance): Address {
  return Address.fromWords(addWords(address.words, way.words))
}

/** Returns the position `way` to the right of `address`. */
export function moveRight(address: Address, way: Distance): Address {
  return Address.fromWords(subtractWords(address.words, way.words))
}
