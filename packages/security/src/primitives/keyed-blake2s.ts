/** Keyed BLAKE2s (RFC 7693), which node:crypto lacks: made to be quick from its first call on, without allocations. */
import { endianness } from 'node:os'

const LONGEST_KEY_BYTES = 32
const BLOCK_BYTES = 64

const IV = Int32Array.of(
  0x6a09e667,
  0xbb67ae85,
  0x3c6ef372,
  0xa54ff53a,
  0x510e527f,
  0x9b05688c,
  0x1f83d9ab,
  0x5be0cd19,
)

/** The order in which each round takes the words of a block, in hexadecimal digits. */
const ORDER = Uint8Array.from(
  '0123456789abcdefea489fd61c02b753b8c052fdae3671947931dcbe265a40f8905724afe1bc683d' +
    '2c6a0b834d75fe19c51fed4a0763928bdb7ec13950f4862a6fe9b308c2d714a5a2847615fb9e3cd0',
  (digit) => Number.parseInt(digit, 16),
)

// Shared by all calls, each of which ends before the next begins.
const state = new Int32Array(8)
const work = new Int32Array(16)
const words = new Int32Array(16)
const block = Buffer.from(words.buffer)
const digest = Buffer.from(state.buffer)

/** BLAKE2s counts in little-endian words. */
const isForeign = endianness() === 'BE'

/** Returns the MAC of `data` under `key` (1 to 32 bytes), `length` bytes long. */
export function keyedBlake2s(key: Uint8Array, data: Uint8Array, length: number): Uint8Array {
  if (key.length === 0 || key.length > LONGEST_KEY_BYTES) throw new RangeError('key length')
  state.set(IV)
  state[0] = (state[0] as number) ^ 0x01010000 ^ (key.length << 8) ^ length
  block.fill(0)
  block.set(key)
  compress(BLOCK_BYTES, data.length === 0)
  for (let start = 0; start < data.length; start += BLOCK_BYTES) {
    const end = Math.min(start + BLOCK_BYTES, data.length)
    if (end - start < BLOCK_BYTES) block.fill(0)
    block.set(data.subarray(start, end))
    compress(BLOCK_BYTES + end, end === data.length)
  }
  if (isForeign) digest.swap32()
  return new Uint8Array(digest.subarray(0, length))
}

/** Mixes the block into the state, after `count` bytes in all. */
function compress(count: number, isLast: boolean): void {
  if (isForeign) block.swap32()
  work.set(state)
  work.set(IV, 8)
  work[12] = (work[12] as number) ^ count
  if (isLast) work[14] = ~(work[14] as number)
  for (let row = 0; row < ORDER.length; row += 16) {
    mix(0, 4, 8, 12, row)
    mix(1, 5, 9, 13, row + 2)
    mix(2, 6, 10, 14, row + 4)
    mix(3, 7, 11, 15, row + 6)
    mix(0, 5, 10, 15, row + 8)
    mix(1, 6, 11, 12, row + 10)
    mix(2, 7, 8, 13, row + 12)
    mix(3, 4, 9, 14, row + 14)
  }
  for (let i = 0; i < 8; i++)
    state[i] = (state[i] as number) ^ (work[i] as number) ^ (work[i + 8] as number)
}

/** RFC 7693's function G, on the two words that `ORDER` names from `order` on. */
function mix(ia: number, ib: number, ic: number, id: number, order: number): void {
  let a = work[ia] as number
  let b = work[ib] as number
  let c = work[ic] as number
  let d = work[id] as number
  a = (a + b + (words[ORDER[order] as number] as number)) | 0
  d ^= a
  d = (d >>> 16) | (d << 16)
  c = (c + d) | 0
  b ^= c
  b = (b >>> 12) | (b << 20)
  a = (a + b + (words[ORDER[order + 1] as number] as number)) | 0
  d ^= a
  d = (d >>> 8) | (d << 24)
  c = (c + d) | 0
  b ^= c
  b = (b >>> 7) | (b << 25)
  work[ia] = a
  work[ib] = b
  work[ic] = c
  work[id] = d
}
