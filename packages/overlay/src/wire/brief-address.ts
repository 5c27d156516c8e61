/** The last bytes of an address: they stand for a hint that the other end has most likely, and can ask for if not. */
import { Address } from '@ipop/address'

/** Bytes of a brief address: nobody finds a key whose address ends like that of another. */
export const BRIEF_ADDRESS_BYTES = 8

const ADDRESS_BYTES = 20
/** Letters of five bits of a key that come from the bytes of a brief address alone. */
const KEY_END_LETTERS = Math.floor((BRIEF_ADDRESS_BYTES * 8) / 5)

/** Returns the brief form of an address, a view of its bytes. */
export function briefAddress({ bytes }: Address): Uint8Array {
  return bytes.subarray(bytes.length - BRIEF_ADDRESS_BYTES)
}

/** Returns whether `brief` stands for `address`. */
export function isBriefOf(brief: Uint8Array, address: Address): boolean {
  if (brief.length !== BRIEF_ADDRESS_BYTES) return false
  return wordAt(brief, 0) === address.w3 && wordAt(brief, 4) === address.w4
}

/** Returns the end of the key of every address that `brief` may stand for: most that it does not can be told by it. */
export function keyEndOf(brief: Uint8Array): string {
  const bytes = new Uint8Array(ADDRESS_BYTES)
  bytes.set(brief, ADDRESS_BYTES - BRIEF_ADDRESS_BYTES)
  return Address.fromBytes(bytes).key.slice(-KEY_END_LETTERS)
}

function wordAt(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16)
  return high | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)
}
