/** The machine's network interfaces. */
import { networkInterfaces } from 'node:os'
import type { InterfaceAddress, NetworkInterfaces } from '../ports/host.ts'
import { readGateway } from './gateway.ts'
import { readRoutes } from './routes.ts'

/** Returns the lister of this machine's addresses; asks the system at each call. */
export function createNodeInterfaces(): NetworkInterfaces {
  const routes = process.platform === 'linux' ? { routes: readRoutes } : {}
  return { list: listAddresses, gateway: readGateway, ...routes }
}

function listAddresses(): readonly InterfaceAddress[] {
  const addresses: InterfaceAddress[] = []
  for (const [device, entries] of Object.entries(networkInterfaces())) {
    for (const entry of entries ?? []) {
      const family = entry.family === 'IPv4' ? 4 : 6
      const prefix = Number(entry.cidr?.split('/')[1] ?? (family === 4 ? 32 : 128))
      addresses.push({
        device,
        host: entry.address.split('%')[0] ?? entry.address,
        family,
        prefixLength: prefix,
        isInternal: entry.internal,
      })
    }
  }
  return addresses
}
