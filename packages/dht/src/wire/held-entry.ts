/**
 * An entry on its way between nodes: `[entry bytes, remaining life in ms]`, or with the key hash in front where the
 * message does not name one key. The remaining life is relative, so that no two clocks need to agree.
 */
import type { CborValue } from '@ipop/codec'
import { REMAINING_MS_MAX, VALUE_BYTES_MAX } from '../limits.ts'
import { KEY_HASH_BYTES } from '../placement/placement.ts'
import { ENTRY_OVERHEAD_BYTES } from './entry.ts'
import { asBytes, isUint } from './fields.ts'

/** Bytes that CBOR adds around an entry, its key hash and its remaining life. */
export const HELD_OVERHEAD_BYTES = 12

/** An entry and how long it has left. */
export interface HeldEntry {
  readonly bytes: Uint8Array
  readonly remainingMs: number
}

/** A held entry of a named key. */
export interface KeyedEntry extends HeldEntry {
  readonly keyHash: Uint8Array
}

/** Returns the CBOR form of a held entry. */
export function writeHeld(held: HeldEntry): CborValue {
  return [held.bytes, wholeMs(held.remainingMs)]
}

/** Returns the CBOR form of a keyed entry. */
export function writeKeyed(keyed: KeyedEntry): CborValue {
  return [keyed.keyHash, keyed.bytes, wholeMs(keyed.remainingMs)]
}

/** Reads a held entry, undefined when it is none. */
export function readHeld(value: CborValue): HeldEntry | undefined {
  if (!Array.isArray(value) || value.length < 2) return undefined
  const [entry, remainingMs] = value as readonly CborValue[]
  const bytes = asBytes(entry, ENTRY_OVERHEAD_BYTES, ENTRY_OVERHEAD_BYTES + VALUE_BYTES_MAX)
  if (!bytes || !isUint(remainingMs, REMAINING_MS_MAX)) return undefined
  return { bytes, remainingMs }
}

/** Reads a keyed entry, undefined when it is none. */
export function readKeyed(value: CborValue): KeyedEntry | undefined {
  if (!Array.isArray(value) || value.length < 3) return undefined
  const keyHash = asBytes((value as readonly CborValue[])[0], KEY_HASH_BYTES, KEY_HASH_BYTES)
  const held = readHeld((value as readonly CborValue[]).slice(1))
  return keyHash && held && { keyHash, ...held }
}

function wholeMs(remainingMs: number): number {
  return Math.min(REMAINING_MS_MAX, Math.max(0, Math.floor(remainingMs)))
}
