/** The last bytes of an address: they stand for a hint that the other end has most likely, and can ask for if not. */
import type { Address } from '@ipop/address'
import { equalBytes } from '@ipop/codec'

/** Bytes of a brief address: nobody finds a key whose address ends like that of another. */
export const BRIEF_ADDRESS_BYTES = 8

/** Returns the brief form of an address, a view of its bytes. */
export function briefAddress({ bytes }: Address): Uint8Array {
  return bytes.subarray(bytes.length - BRIEF_ADDRESS_BYTES)
}

/** Returns whether `brief` stands for `address`. */
export function isBriefOf(brief: Uint8Array, address: Address): boolean {
  return equalBytes(briefAddress(address), brief)
}
