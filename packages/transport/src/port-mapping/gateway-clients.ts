/** The clients of every protocol, for the gateway that this machine has now. */
import type { DatagramPort, HttpPort, NetworkInterfaces, Random } from '@ipop/runtime'
import { isSameNetwork } from './external-address.ts'
import type { ExchangeRuntime } from './gateway-exchange.ts'
import { NatPmpClient } from './nat-pmp-client.ts'
import { PcpClient } from './pcp-client.ts'
import type { MappingClient, MappingClients } from './types.ts'
import { UpnpClient } from './upnp/upnp-client.ts'

/** The ports that the clients use; without HTTP there is no UPnP. */
export interface GatewayRuntime extends ExchangeRuntime {
  readonly datagrams: DatagramPort
  readonly random: Random
  readonly interfaces: NetworkInterfaces
  readonly http?: HttpPort
}

/** Returns what makes the clients: PCP and NAT-PMP where the router is known, UPnP from its network or the first. */
export function gatewayClients(runtime: GatewayRuntime): MappingClients {
  const random = runtime.random.fork('port mapping')
  return () => {
    const { interfaces, http } = runtime
    const gateway = interfaces.gateway?.()
    const own = interfaces.list().filter(({ family, isInternal }) => family === 4 && !isInternal)
    const facing = gateway === undefined ? undefined : own.find(isFacing(gateway))
    const clients: MappingClient[] = []
    if (gateway !== undefined && facing !== undefined) {
      clients.push(new PcpClient({ ...runtime, random }, { gateway, client: facing.host }))
      clients.push(new NatPmpClient(runtime, { gateway }))
    }
    const client = (facing ?? own[0])?.host
    if (client !== undefined && http !== undefined) {
      clients.push(new UpnpClient({ ...runtime, random, http }, { client, gateway }))
    }
    return clients
  }
}

function isFacing(gateway: string) {
  return ({ host, prefixLength }: { host: string; prefixLength: number }) =>
    isSameNetwork(host, gateway, prefixLength)
}
