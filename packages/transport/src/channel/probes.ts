/** Pings and pongs of a path as datagrams of the session. */
import { encodeProbe } from '../wire/control-frames.ts'
import type { Path } from './path.ts'
import type { PathHost } from './path-host.ts'

/** What a ping or pong says. */
export interface ProbeOptions {
  readonly kind: 'ping' | 'pong'
  readonly id: number
  readonly path: Path
  readonly isActive: boolean
  readonly isSearching: boolean
  /** Whether it tells the peer where it is seen. */
  readonly isTelling: boolean
  /** Least length of the frame; zeros fill it. */
  readonly frameBytesMin?: number
}

/** Returns the datagram of a ping or pong; undefined without a key. */
export function sealProbe(host: PathHost, options: ProbeOptions): Uint8Array | undefined {
  const { kind, id, path, isActive, isSearching, isTelling, frameBytesMin = 0 } = options
  const observed = isTelling ? path.edge.remote : undefined
  const status = host.localStatus()
  const frame = encodeProbe({ kind, id, isActive, isSearching, status, observed })
  if (frame.length >= frameBytesMin) return host.seal(frame)
  const padded = new Uint8Array(frameBytesMin)
  padded.set(frame)
  return host.seal(padded)
}

/** Sends a ping or pong over its path; returns false where there is no key yet, or it was dropped. */
export function sendProbe(host: PathHost, options: ProbeOptions): boolean {
  const datagram = sealProbe(host, options)
  return datagram !== undefined && options.path.edge.send(datagram)
}
