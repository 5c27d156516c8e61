/** JSON as the control socket speaks it. */
import { Malformed } from '@ipop/codec'

/** A JSON object of a request. */
export type JsonObject = Readonly<Record<string, unknown>>

/** Returns the object in `bytes`, or why they hold none. */
export function parseJsonObject(bytes: Uint8Array): JsonObject | Malformed {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as JsonObject
    return new Malformed('not a JSON object')
  } catch {
    return new Malformed('not JSON')
  }
}

/** Returns `value` as JSON; bytes become `{ "base64": ... }`. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (inner instanceof Uint8Array) return { base64: Buffer.from(inner).toString('base64') }
    return typeof inner === 'bigint' ? String(inner) : inner
  })
}
