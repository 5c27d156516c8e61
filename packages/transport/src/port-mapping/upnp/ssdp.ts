/** How a UPnP gateway is found: a question to the multicast group of SSDP, and what the answers say (UDA 1.1 section 1.3). */
import { Malformed } from '@ipop/codec'
import type { Endpoint } from '@ipop/runtime'
import { parseIpv4 } from '../../address/ip-text.ts'
import { UPNP_ANSWER_BYTES_MAX } from '../../limits.ts'

/** Where devices listen. */
export const SSDP_GROUP: Endpoint = { host: '239.255.255.250', port: 1_900 }

/** Version 2 gateways answer for version 1, too (UDA 1.1 section 1.3.2). */
const GATEWAY_TYPE = 'urn:schemas-upnp-org:device:InternetGatewayDevice:1'

/** Where a device describes itself. */
export interface DescriptionPlace extends Endpoint {
  readonly path: string
}

/** Returns the bytes of the question for gateways. */
export function searchRequest(): Uint8Array {
  const lines = [
    'M-SEARCH * HTTP/1.1',
    `HOST: ${SSDP_GROUP.host}:${SSDP_GROUP.port}`,
    'MAN: "ssdp:discover"',
    'MX: 1',
    `ST: ${GATEWAY_TYPE}`,
  ]
  return new TextEncoder().encode(`${lines.join('\r\n')}\r\n\r\n`)
}

/** Reads an answer that came from `sender`; a device may only name itself. */
export function readSearchAnswer(bytes: Uint8Array, sender: string): DescriptionPlace | Malformed {
  if (bytes.length > UPNP_ANSWER_BYTES_MAX) return new Malformed('ssdp: too long')
  const [status = '', ...headers] = new TextDecoder('latin1').decode(bytes).split('\r\n')
  if (!/^HTTP\/1\.[01] 200\b/.test(status)) return new Malformed('ssdp: not an answer')
  const valueOf = (name: string) =>
    headers
      .find((line) => line.toLowerCase().startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim()
  if (!/:InternetGatewayDevice:[12]$/.test(valueOf('st') ?? '')) {
    return new Malformed('ssdp: not a gateway')
  }
  return placeOnHost(valueOf('location') ?? '', sender)
}

/** Returns where `url` leads when it is plain HTTP on the host `host`, relative to `base` when one is given. */
export function placeOnHost(
  url: string,
  host: string,
  base?: DescriptionPlace,
): DescriptionPlace | Malformed {
  const root = base && `http://${base.host}:${base.port}${base.path}`
  const parsed = URL.canParse(url, root) ? new URL(url, root) : undefined
  if (parsed?.protocol !== 'http:') return new Malformed('upnp: not an HTTP address')
  const isLiteral = parseIpv4(parsed.hostname) !== undefined
  if (!isLiteral || parsed.hostname !== host) {
    return new Malformed('upnp: the device names another host')
  }
  const port = parsed.port === '' ? 80 : Number(parsed.port)
  return { host, port, path: `${parsed.pathname}${parsed.search}` }
}
