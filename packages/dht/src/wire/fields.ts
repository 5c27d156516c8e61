/** Reads the fields of a CBOR map and remembers the first one that does not fit. Unknown fields are skipped. */
import type { CborMap, CborValue } from '@ipop/codec'
import { Malformed } from '@ipop/codec'

/** A cursor over one message. Fields that do not fit read as empty; look at `malformed` once at the end. */
export class Fields {
  /** What was wrong first. */
  malformed: Malformed | undefined
  readonly #map: CborMap
  readonly #message: string

  constructor(value: CborValue | undefined, message: string) {
    this.#message = message
    this.#map = isMap(value) ? value : {}
    if (!isMap(value)) this.#refuse('not a map')
  }

  /** Returns whether the field is there. */
  has(name: string): boolean {
    return this.#map[name] !== undefined
  }

  /** Reads bytes of a length within the bounds. */
  bytes(name: string, lengthMin: number, lengthMax: number): Uint8Array {
    const bytes = asBytes(this.#map[name], lengthMin, lengthMax)
    return bytes ?? this.#refuse(name) ?? new Uint8Array(lengthMin)
  }

  /** Reads an integer from 0 to `max`. */
  uint(name: string, max: number): number {
    const value = this.#map[name]
    if (isUint(value, max)) return value
    this.#refuse(name)
    return 0
  }

  /** Reads text of at most `lengthMax` characters. */
  text(name: string, lengthMax: number): string {
    const value = this.#map[name]
    if (typeof value === 'string' && value.length <= lengthMax) return value
    this.#refuse(name)
    return ''
  }

  /** Reads an array of at most `lengthMax` items, each read by `item` (undefined = does not fit). */
  list<T>(name: string, lengthMax: number, item: (value: CborValue) => T | undefined): T[] {
    const values = this.#map[name]
    if (!Array.isArray(values) || values.length > lengthMax) {
      this.#refuse(name)
      return []
    }
    const items: T[] = []
    for (const value of values as readonly CborValue[]) {
      const read = item(value)
      if (read === undefined) this.#refuse(name)
      else items.push(read)
    }
    return items
  }

  #refuse(what: string): undefined {
    this.malformed ??= new Malformed(`${this.#message}: ${what}`)
  }
}

/** Returns `value` if it is bytes of a length within the bounds. */
export function asBytes(
  value: CborValue | undefined,
  lengthMin: number,
  lengthMax: number,
): Uint8Array | undefined {
  if (!(value instanceof Uint8Array)) return undefined
  return value.length >= lengthMin && value.length <= lengthMax ? value : undefined
}

/** Returns whether `value` is an integer from 0 to `max`. */
export function isUint(value: CborValue | undefined, max: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= max
}

function isMap(value: CborValue | undefined): value is CborMap {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array)
  )
}
