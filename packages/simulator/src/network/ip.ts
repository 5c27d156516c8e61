/** The little a simulated system knows about IP addresses in text form. */

/** Returns 4 or 6, or undefined when `text` is not an IP literal. */
export function ipFamily(text: string): 4 | 6 | undefined {
  if (text.includes(':')) return 6
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(text) ? 4 : undefined
}

/** Returns whether `host` is an address of the loopback interface. */
export function isLoopback(host: string): boolean {
  return host === '::1' || host.startsWith('127.')
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
