/** The little a simulated system knows about IP addresses in text form. */
import { FAMILIES_CACHED_MAX } from '../limits.ts'

/** What a text says, if it is an IP literal. Every packet asks for it several times. */
interface Facts {
  readonly family: 4 | 6 | undefined
  readonly isLoopback: boolean
  readonly isMulticast: boolean
}

const known = new Map<string, Facts>()

/** Returns 4 or 6, or undefined when `text` is not an IP literal. */
export function ipFamily(text: string): 4 | 6 | undefined {
  return factsOf(text).family
}

/** Returns whether `host` is an address of the loopback interface. */
export function isLoopback(host: string): boolean {
  return factsOf(host).isLoopback
}

/** Returns whether `host` is a multicast group. */
export function isMulticast(host: string): boolean {
  return factsOf(host).isMulticast
}

/** Returns whether `host` stands for all addresses of a family. */
export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

/** Returns whether a socket bound to `bound` takes packets for `host`. */
export function accepts(bound: string, host: string): boolean {
  if (bound === host || bound === '::') return true
  return bound === '0.0.0.0' && ipFamily(host) === 4
}

function factsOf(text: string): Facts {
  let facts = known.get(text)
  if (facts !== undefined) return facts
  if (known.size >= FAMILIES_CACHED_MAX) known.clear()
  facts = read(text)
  known.set(text, facts)
  return facts
}

function read(text: string): Facts {
  const isFour = /^\d{1,3}(\.\d{1,3}){3}$/.test(text)
  const family = text.includes(':') ? 6 : isFour ? 4 : undefined
  const first = Number(text.split('.')[0])
  return {
    family,
    isLoopback: text === '::1' || text.startsWith('127.'),
    isMulticast: family === 6 ? /^ff/i.test(text) : first >= 224 && first <= 239,
  }
}
