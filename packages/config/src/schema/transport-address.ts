/** The text form of transport addresses, checked syntactically: this package does not open sockets. */
import { ipv4ToNumber, type Kind } from './kinds.ts'

const FORM =
  /^brunet\.(?<transport>[a-z]+):\/\/(?:\[(?<v6>[0-9A-Fa-f:.]+)\]|(?<host>[A-Za-z0-9._-]+)):(?<port>\d{1,5})(?:\/[!-~]{0,64})?$/

/** A UDP or TCP transport address. */
export const TRANSPORT_ADDRESS: Kind<string> = {
  expected: "'brunet.udp://host:port' or 'brunet.tcp://host:port'",
  read: (text) => {
    const parts = FORM.exec(text)?.groups
    if (parts === undefined || (parts['transport'] !== 'udp' && parts['transport'] !== 'tcp'))
      return undefined
    const port = Number(parts['port'])
    if (port < 1 || port > 65_535) return undefined
    if (parts['v6'] !== undefined) return isIpv6(parts['v6']) ? text : undefined
    return isHost(parts['host'] ?? '') ? text : undefined
  },
}

/** Returns the transport of an address this system never dials, e.g. `function`, or undefined. */
export function historicTransport(text: string): string | undefined {
  return /^brunet\.(function|xmpp|tunnel|subring|tls|tlstest):\/\//.exec(text)?.[1]
}

function isHost(host: string): boolean {
  // Digits and dots only: meant as an IPv4 address, so it must be one.
  if (/^[0-9.]+$/.test(host)) return ipv4ToNumber(host) !== undefined
  return host
    .replace(/\.$/, '')
    .split('.')
    .every((label) => /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/.test(label))
}

function isIpv6(host: string): boolean {
  const sides = host.split('::')
  if (sides.length > 2) return false
  let groups = 0
  for (const [index, side] of sides.entries()) {
    if (side === '') continue
    const parts = side.split(':')
    for (const [position, part] of parts.entries()) {
      const isLast = index === sides.length - 1 && position === parts.length - 1
      if (part.includes('.')) {
        if (!isLast || ipv4ToNumber(part) === undefined) return false
        groups += 2
      } else if (/^[0-9A-Fa-f]{1,4}$/.test(part)) groups += 1
      else return false
    }
  }
  return sides.length === 2 ? groups < 8 : groups === 8
}
