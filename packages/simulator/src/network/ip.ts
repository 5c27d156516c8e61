/** The little a simulated system knows about IP addresses in text form. */
import { FAMILIES_CACHED_MAX } from '../limits.ts'

const families = new Map<string, 4 | 6 | 0>()

/** Returns 4 or 6, or undefined when `text` is not an IP literal. */
export function ipFamily(text: string): 4 | 6 | undefined {
  const cached = families.get(text)
  if (cached !== undefined) return cached === 0 ? undefined : cached
  const isFour = /^\d{1,3}(\.\d{1,3}){3}$/.test(text)
  const family = text.includes(':') ? 6 : isFour ? 4 : 0
  if (families.size >= FAMILIES_CACHED_MAX) families.clear()
  families.set(text, family)
  return family === 0 ? undefined : family
}

/** Returns whether `host` is an address of the loopback interface. */
export function isLoopback(host: string): boolean {
  return host === '::1' || host.startsWith('127.')
}

/** Returns whether `host` is a multicast group. */
export function isMulticast(host: string): boolean {
  const first = Number(host.split('.')[0])
  return ipFamily(host) === 6 ? /^ff/i.test(host) : first >= 224 && first <= 239
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
