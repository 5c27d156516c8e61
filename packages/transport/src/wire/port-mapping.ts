/** What the two binary protocols of port mapping have in common. */

/** Port of a gateway that speaks PCP or NAT-PMP (RFC 6886 section 3). */
export const GATEWAY_PORT = 5_351

/** Added to the number of an operation in its response. */
export const RESPONSE_BIT = 128

/** Transports that have ports to map. */
export type MappedKind = 'udp' | 'tcp'

/** One port to map at a gateway, or no longer to map with a lifetime of 0. */
export interface MapRequest {
  readonly kind: MappedKind
  /** The port on this machine. */
  readonly port: number
  /** The port wished for outside; 0 for any. */
  readonly externalPort: number
  readonly lifetimeSeconds: number
}

/** One response of a gateway. */
export interface GatewayEvent {
  /** What it is about: a mapping of that transport, or the gateway itself. */
  readonly kind: MappedKind | 'announce'
  /** Why the gateway refuses; undefined when it does not. */
  readonly refusal: string | undefined
  /** Seconds since the gateway lost its mappings. */
  readonly epochSeconds: number
  readonly lifetimeSeconds?: number
  readonly port?: number
  readonly externalPort?: number
  /** The address outside, where the response names it. */
  readonly host?: string
}

/** Returns the transport with an IP protocol number. */
export function transportOf(ipProtocol: number): MappedKind | undefined {
  return ipProtocol === 17 ? 'udp' : ipProtocol === 6 ? 'tcp' : undefined
}
