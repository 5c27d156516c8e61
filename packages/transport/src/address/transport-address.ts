/** Where a node can be reached: `brunet.udp://host:port`, `brunet.tcp://[v6]:port/path`. */
import { Malformed } from '@ipop/codec'
import type { Endpoint } from '@ipop/runtime'
import { ADDRESSES_SEEN_MAX, HOST_NAME_LENGTH_MAX, PATH_LENGTH_MAX } from '../limits.ts'
import { formatIp, parseIp, parseIpv6, unmapIp } from './ip-text.ts'

/** The transports an address can name. */
export type TransportKind = 'udp' | 'tcp'

/** The UDP addresses made of endpoints lately: many edges lead to one place, in a simulated network above all. */
const seen = new Map<string, TransportAddress>()

/** An immutable transport address. The text is canonical, so that equal addresses have equal texts. */
export class TransportAddress {
  readonly kind: TransportKind
  /** IP literal in canonical form without brackets, or a host name in lower case. */
  readonly host: string
  readonly port: number
  /** Names one of several nodes behind the port; without the slash. */
  readonly path?: string
  /** The bytes of the IP literal (4 or 16), or undefined for a host name. */
  readonly ipBytes: Uint8Array | undefined
  readonly #text: string

  private constructor(kind: TransportKind, host: string | Uint8Array, port: number, path?: string) {
    this.kind = kind
    this.port = port
    this.ipBytes = typeof host === 'string' ? parseIp(host) : host
    this.host = this.ipBytes ? formatIp(this.ipBytes) : String(host).toLowerCase()
    if (path !== undefined && path !== '') this.path = path
    const shown = this.host.includes(':') ? `[${this.host}]` : this.host
    this.#text = `brunet.${kind}://${shown}:${port}${this.path === undefined ? '' : `/${this.path}`}`
  }

  /** Returns the UDP address of an endpoint. The host is trusted: a literal or a checked host name. */
  static udp(endpoint: Endpoint, path?: string): TransportAddress {
    if (path !== undefined && path !== '')
      return new TransportAddress('udp', endpoint.host, endpoint.port, path)
    const name = `${endpoint.host} ${endpoint.port}`
    const known = seen.get(name)
    if (known !== undefined) return known
    const made = new TransportAddress('udp', endpoint.host, endpoint.port)
    if (seen.size >= ADDRESSES_SEEN_MAX) seen.clear()
    seen.set(name, made)
    return made
  }

  /** Returns the TCP address of an endpoint. The host is trusted: a literal or a checked host name. */
  static tcp(endpoint: Endpoint, path?: string): TransportAddress {
    return new TransportAddress('tcp', endpoint.host, endpoint.port, path)
  }

  /** Reads the text form; says what is wrong with it otherwise. */
  static parse(text: string): TransportAddress | Malformed {
    const match = /^brunet\.([a-z]+):\/\/(\[[^\]]*\]|[^/:[\]]*)(?::([^/]*))?(\/.*)?$/.exec(text)
    if (!match) return new Malformed('transport address: expected brunet.udp://host:port')
    const [, kind, bracketed = '', portText, pathText] = match
    if (kind !== 'udp' && kind !== 'tcp') {
      return new Malformed(`transport address: unknown transport "${kind}", expected udp or tcp`)
    }
    if (portText?.includes(':')) {
      return new Malformed('transport address: an IPv6 address needs brackets')
    }
    const host = checkHost(bracketed)
    if (host instanceof Malformed) return host
    const port = checkPort(portText)
    if (port instanceof Malformed) return port
    const path = pathText?.slice(1)
    const problem = path === undefined ? undefined : checkPath(path)
    return problem ?? new TransportAddress(kind, host, port, path)
  }

  /** Returns an address from decoded parts, checked as `parse` does. The host is a name, or 4 or 16 bytes (copied). */
  static fromParts(
    kind: TransportKind,
    host: string | Uint8Array,
    port: number,
    path?: string,
  ): TransportAddress | Malformed {
    const checked = typeof host === 'string' ? checkHost(host) : unmapIp(host)
    if (checked instanceof Malformed) return checked
    if (port < 1 || port > 65_535) return new Malformed('transport address: port out of range')
    if (path !== undefined) {
      const wrong = checkPath(path)
      if (wrong) return wrong
    }
    // Every pong of a peer names the same address: it is made once.
    if (kind === 'udp' && typeof checked !== 'string')
      return TransportAddress.udp({ host: formatIp(checked), port }, path)
    return new TransportAddress(kind, checked, port, path)
  }

  /** Whether the host is an IP literal rather than a name. */
  get isLiteral(): boolean {
    return this.ipBytes !== undefined
  }

  /** The IP family of a literal. */
  get family(): 4 | 6 | undefined {
    return this.ipBytes === undefined ? undefined : this.ipBytes.length === 4 ? 4 : 6
  }

  /** The endpoint: host and port. */
  get endpoint(): Endpoint {
    return { host: this.host, port: this.port }
  }

  /** Returns the same address without its path. */
  withoutPath(): TransportAddress {
    if (this.path === undefined) return this
    return new TransportAddress(this.kind, this.ipBytes ?? this.host, this.port)
  }

  /** Returns the same address with `path`. */
  withPath(path: string | undefined): TransportAddress {
    return new TransportAddress(this.kind, this.ipBytes ?? this.host, this.port, path)
  }

  /** Returns the same transport, port and path at another host: what a name resolved to. */
  withHost(host: string): TransportAddress {
    return new TransportAddress(this.kind, host, this.port, this.path)
  }

  /** Returns the same transport and host at another port, without the path. */
  withPort(port: number): TransportAddress {
    return new TransportAddress(this.kind, this.ipBytes ?? this.host, port)
  }

  /** Returns whether both name the same transport, host, port and path. */
  equals(other: TransportAddress): boolean {
    return this === other || this.#text === other.#text
  }

  /** Returns the canonical text. */
  toString(): string {
    return this.#text
  }

  /** Returns the canonical text, for logs and JSON. */
  toJSON(): string {
    return this.#text
  }
}

function checkHost(bracketed: string): string | Malformed {
  if (bracketed === '') return new Malformed('transport address: host is missing')
  if (bracketed.startsWith('[')) {
    const host = bracketed.slice(1, -1)
    if (!parseIpv6(host))
      return new Malformed(`transport address: "${host}" is not an IPv6 address`)
    return host
  }
  // A name that looks like numbers is a mistyped IPv4 address, never a host name (RFC 3696 §2).
  const last = bracketed.split('.').filter(Boolean).at(-1) ?? ''
  if (/^\d+$/.test(last)) {
    if (!parseIp(bracketed)) {
      return new Malformed(`transport address: "${bracketed}" is not an IPv4 address`)
    }
    return bracketed
  }
  const label = /^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)$/
  const labels = bracketed.replace(/\.$/, '').split('.')
  if (bracketed.length > HOST_NAME_LENGTH_MAX || !labels.every((part) => label.test(part))) {
    return new Malformed(`transport address: "${bracketed.slice(0, 80)}" is not a host name`)
  }
  return bracketed.replace(/\.$/, '')
}

function checkPort(text: string | undefined): number | Malformed {
  if (text === undefined || text === '') return new Malformed('transport address: port is missing')
  if (!/^\d{1,5}$/.test(text) || Number(text) < 1 || Number(text) > 65_535) {
    return new Malformed(`transport address: port "${text.slice(0, 20)}" is not within 1..65535`)
  }
  return Number(text)
}

function checkPath(path: string): Malformed | undefined {
  if (path.length > PATH_LENGTH_MAX) {
    return new Malformed(`transport address: path is longer than ${PATH_LENGTH_MAX} characters`)
  }
  if (!/^[\x21-\x7e]*$/.test(path)) {
    return new Malformed('transport address: path has characters outside printable ASCII')
  }
  return undefined
}
