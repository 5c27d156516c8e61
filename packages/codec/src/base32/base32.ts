/** Base32 text (RFC 4648 section 6), the writing of addresses. */
import { Malformed } from '../malformed.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const PADDING_CODE = 0x3d
/** Engines take only so many arguments. */
const CODES_AT_ONCE = 4_096
const NOT_A_LETTER = 255
const VALUE_BY_CODE = valueByCode()

/** Returns `bytes` as upper-case base32 without padding. */
export function encodeBase32(bytes: Uint8Array): string {
  const codes = new Array<number>(Math.ceil((bytes.length * 8) / 5))
  let written = 0
  let buffer = 0
  let bits = 0
  for (let i = 0; i < bytes.length; i++) {
    buffer = ((buffer << 8) | (bytes[i] as number)) & 0xfff
    bits += 8
    while (bits >= 5) {
      bits -= 5
      codes[written++] = ALPHABET.charCodeAt((buffer >>> bits) & 31)
    }
  }
  if (bits > 0) codes[written++] = ALPHABET.charCodeAt((buffer << (5 - bits)) & 31)
  return textOf(codes)
}

/** Returns the bytes written as `text`: either case, `=` padding tolerated at the end, unused last bits must be zero. */
export function decodeBase32(text: string): Uint8Array | Malformed {
  let length = text.length
  while (length > 0 && text.charCodeAt(length - 1) === PADDING_CODE) length -= 1
  if (text.length - length > 6) return new Malformed('too much base32 padding')
  // RFC 4648 section 6: the last group holds 2, 4, 5, 7 or 8 letters; 1, 3 and 6 stand for no whole byte.
  if ([1, 3, 6].includes(length % 8)) return new Malformed('impossible base32 length')
  const bytes = new Uint8Array(Math.floor((length * 5) / 8))
  let buffer = 0
  let bits = 0
  let written = 0
  for (let i = 0; i < length; i++) {
    const value = VALUE_BY_CODE[text.charCodeAt(i)] ?? NOT_A_LETTER
    if (value === NOT_A_LETTER) return new Malformed('not a base32 letter')
    buffer = ((buffer << 5) | value) & 0xfff
    bits += 5
    if (bits >= 8) {
      bits -= 8
      bytes[written++] = (buffer >>> bits) & 0xff
    }
  }
  if ((buffer & ((1 << bits) - 1)) !== 0) return new Malformed('unused base32 bits are not zero')
  return bytes
}

/** Makes one flat string: text that grows letter by letter is a list of its pieces, a kilobyte for 32 letters. */
function textOf(codes: readonly number[]): string {
  if (codes.length <= CODES_AT_ONCE) return String.fromCharCode(...codes)
  let text = ''
  for (let at = 0; at < codes.length; at += CODES_AT_ONCE)
    text += String.fromCharCode(...codes.slice(at, at + CODES_AT_ONCE))
  return text
}

/** Returns the table from character code to 5-bit value. */
function valueByCode(): Uint8Array {
  const table = new Uint8Array(128).fill(NOT_A_LETTER)
  for (let value = 0; value < ALPHABET.length; value++) {
    table[ALPHABET.charCodeAt(value)] = value
    table[ALPHABET.toLowerCase().charCodeAt(value)] = value
  }
  return table
}
