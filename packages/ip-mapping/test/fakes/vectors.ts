/** Reads test/vectors. */
import { readFileSync } from 'node:fs'
import { fromHex, Malformed } from '@ipop/codec'

/** The shape of inner-ip.json. */
export interface InnerIpVectors {
  readonly ipv4: {
    readonly name: string
    readonly hex: string
    readonly pad: number
    readonly fields: {
      readonly source: string
      readonly destination: string
      readonly protocol: number
      readonly ttl: number
      readonly totalLength: number
      readonly dontFragment: boolean
    }
  }[]
  readonly checksums: { readonly hex: string; readonly checksum: string }[]
  readonly udp: {
    readonly hex: string
    readonly source: string
    readonly destination: string
    readonly text: string
  }
  readonly hostUnreachable: { readonly about: string; readonly hex: string }
}

/** Reads one vectors file. */
export function loadVectors(name: 'inner-ip'): InnerIpVectors
export function loadVectors(name: string): unknown
export function loadVectors(name: string): unknown {
  const file = new URL(`../vectors/${name}.json`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8'))
}

/** Reads hexadecimal text that is known to be sound; blanks are ignored. */
export function hex(text: string): Uint8Array {
  const bytes = fromHex(text.replace(/\s/g, ''))
  if (bytes instanceof Malformed) throw new Error(bytes.reason)
  return bytes
}
