/** Which IPv4 addresses can be reached from everywhere. */
import { parseIp, parseIpv4 } from '../address/ip-text.ts'

/** Blocks that are not globally reachable (IANA's registry of special-purpose addresses, RFC 6890), and multicast. */
const SPECIAL_BLOCKS = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16'],
  ...['172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16'],
  ...['198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/3'],
].map((block) => {
  const [network = '', length] = block.split('/')
  return { network: numberOf(network) ?? 0, shift: 32 - Number(length) }
})

/** Returns whether `host` is an IPv4 address that everybody can reach; false for anything else. */
export function isPublicIpv4(host: string): boolean {
  const address = numberOf(host)
  if (address === undefined) return false
  return SPECIAL_BLOCKS.every(({ network, shift }) => address >>> shift !== network >>> shift)
}

/** Returns whether two addresses of one family share their first `prefixLength` bits. */
export function isSameNetwork(one: string, other: string, prefixLength: number): boolean {
  const [a, b] = [parseIp(one), parseIp(other)]
  if (a === undefined || b === undefined || a.length !== b.length) return false
  return a.every((byte, at) => {
    const bits = Math.min(8, Math.max(0, prefixLength - 8 * at))
    return (byte ^ (b[at] ?? 0)) >>> (8 - bits) === 0
  })
}

function numberOf(host: string): number | undefined {
  const bytes = parseIpv4(host)
  return bytes && new DataView(bytes.buffer).getUint32(0)
}
