/** Host names in transport addresses become the IP addresses they stand for. */
import type { NameResolver } from '@ipop/runtime'
import { TransportAddress } from '@ipop/transport'

/** Returns `address` with its host name replaced by each IP address it has; a literal as it is. */
export async function literalAddresses(
  names: NameResolver,
  address: TransportAddress,
): Promise<TransportAddress[]> {
  if (address.isLiteral) return [address]
  const hosts = await names.resolve(address.host)
  return hosts.map((host) => {
    const endpoint = { host, port: address.port }
    return address.kind === 'tcp'
      ? TransportAddress.tcp(endpoint, address.path)
      : TransportAddress.udp(endpoint, address.path)
  })
}
