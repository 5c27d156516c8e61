/** The machine's router, as Linux tells it. */
import { readFileSync } from 'node:fs'

/** The kernel's table of IPv4 routes; other systems have none. */
const ROUTES_FILE = '/proc/net/route'

/** Returns the IPv4 address of the default router with the lowest metric, undefined where none is known. */
export function readGateway(): string | undefined {
  try {
    return defaultGateway(readFileSync(ROUTES_FILE, 'utf8'))
  } catch {
    // Not Linux, or a machine without the file: nobody can tell.
    return undefined
  }
}

/** Returns the default router in the text of the routing table: addresses are hexadecimal in the byte order of the machine. */
export function defaultGateway(table: string): string | undefined {
  const routes = table
    .split('\n')
    .slice(1)
    .map((line) => line.split(/\s+/))
    .filter(([, destination, gateway, , , , , mask]) => {
      return destination === '00000000' && mask === '00000000' && gateway !== '00000000'
    })
    .sort((a, b) => Number(a[6]) - Number(b[6]))
  const gateway = routes[0]?.[2]
  if (gateway === undefined || !/^[0-9A-F]{8}$/i.test(gateway)) return undefined
  // Every machine this runs on is little-endian.
  const bytes = gateway.match(/../g)?.reverse() ?? []
  return bytes.map((byte) => Number.parseInt(byte, 16)).join('.')
}
