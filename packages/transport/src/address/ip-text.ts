/** IP addresses between text and bytes: strict IPv4, IPv6 with RFC 5952 output. */

/** Returns the 4 bytes of a dotted quad, or undefined. Leading zeros are refused: some systems read them as octal. */
export function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  const bytes = new Uint8Array(4)
  for (let i = 0; i < 4; i++) {
    const part = parts[i] ?? ''
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined
    bytes[i] = Number(part)
  }
  return bytes
}

/** Returns the 16 bytes of an IPv6 address without scope, or undefined. */
export function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = parseGroups(halves[0] ?? '')
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '') : []
  if (!head || !tail) return undefined
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail]
  const bytes = new Uint8Array(16)
  groups.forEach((group, i) => {
    bytes[2 * i] = group >> 8
    bytes[2 * i + 1] = group & 0xff
  })
  return bytes
}

/** Returns the dotted quad of 4 bytes. */
export function formatIpv4(bytes: Uint8Array): string {
  return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`
}

/** Returns the canonical text of 16 bytes (RFC 5952). */
export function formatIpv6(bytes: Uint8Array): string {
  const groups: number[] = []
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0))
  const { start, length } = longestZeroRun(groups)
  // RFC 5952 §4.2.2: a single zero group is not shortened.
  if (length < 2) return groups.map((group) => group.toString(16)).join(':')
  const hex = (part: number[]) => part.map((group) => group.toString(16)).join(':')
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`
}

/** Returns the bytes of an IPv4 or IPv6 literal, or undefined; an IPv4-mapped IPv6 address becomes IPv4. */
export function parseIp(text: string): Uint8Array | undefined {
  if (!text.includes(':')) return parseIpv4(text)
  const bytes = parseIpv6(text)
  return bytes && unmapIp(bytes)
}

/** Returns a copy of an address of 4 or 16 bytes, with an IPv4-mapped IPv6 address turned into IPv4. */
export function unmapIp(bytes: Uint8Array): Uint8Array {
  return bytes.slice(isIpv4Mapped(bytes) ? 12 : 0)
}

/** Returns the canonical text of an address of 4 or 16 bytes. */
export function formatIp(bytes: Uint8Array): string {
  return bytes.length === 4 ? formatIpv4(bytes) : formatIpv6(bytes)
}

/** Returns whether an IP literal is a loopback address. */
export function isLoopback(host: string): boolean {
  return host.startsWith('127.') || host === '::1'
}

/** Returns whether an IP literal is an IPv6 link-local address, which means nothing without a scope. */
export function isLinkLocalIpv6(host: string): boolean {
  return /^fe[89ab][0-9a-f]:/.test(host)
}

/** Returns whether an IP literal is the wildcard of its family. */
export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

function parseGroups(text: string): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] ?? ''
    if (part.includes('.') && i === parts.length - 1) {
      const quad = parseIpv4(part)
      if (!quad) return undefined
      groups.push(((quad[0] ?? 0) << 8) | (quad[1] ?? 0), ((quad[2] ?? 0) << 8) | (quad[3] ?? 0))
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16))
    } else {
      return undefined
    }
  }
  return groups
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < groups.length; start++) {
    let length = 0
    while (start + length < groups.length && groups[start + length] === 0) length++
    if (length > best.length) best = { start, length }
  }
  return best
}

function isIpv4Mapped(bytes: Uint8Array): boolean {
  if (bytes.length !== 16) return false
  return bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every((b) => b === 0)
}
