/** Multicast of the machine: groups that are listened to, and the interface that a socket sends to groups on. */
import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { InterfaceAddress } from '../ports/host.ts'
import type { DatagramHandlers, Endpoint, GroupMembership } from '../ports/sockets.ts'

/** Listens to `group` on the interfaces of `on`; rejects when none of them can join. */
export async function joinGroup(
  group: Endpoint,
  on: readonly InterfaceAddress[],
  handlers: DatagramHandlers,
): Promise<GroupMembership> {
  const isV6 = isIPv6(group.host)
  // Several programs of one machine may listen to the same group.
  const socket = createSocket({ type: isV6 ? 'udp6' : 'udp4', reuseAddr: true, ipv6Only: isV6 })
  try {
    await bound(socket, { host: isV6 ? '::' : '0.0.0.0', port: group.port })
    addMemberships(socket, group, on)
  } catch (error) {
    await closed(socket)
    throw error
  }
  socket.on('message', (bytes, { address, port }) =>
    handlers.onDatagram(bytes, { host: withoutScope(address), port }),
  )
  socket.on('error', (error) => handlers.onError(error))
  return {
    close: () => {
      socket.removeAllListeners('message')
      return closed(socket)
    },
  }
}

/** Lets a socket bound to `host` send to groups on the interface that has this address. */
export function sendToGroupsOn(socket: Socket, host: string): void {
  for (const [device, addresses] of Object.entries(networkInterfaces())) {
    const own = addresses?.find(({ address, internal }) => address === host && !internal)
    if (own !== undefined)
      socket.setMulticastInterface(own.family === 'IPv6' ? `::%${device}` : host)
  }
}

/** An interface that just went away must not keep the others from joining. */
function addMemberships(socket: Socket, group: Endpoint, on: readonly InterfaceAddress[]): void {
  const byDevice = new Map(on.map((each) => [each.device, each]))
  const errors: unknown[] = []
  for (const { device, family, host } of byDevice.values()) {
    try {
      socket.addMembership(group.host, family === 6 ? `::%${device}` : host)
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length === byDevice.size) throw errors[0] ?? new RangeError('no interface to join on')
}

function bound(socket: Socket, { host, port }: Endpoint): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ address: host, port }, () => {
      socket.off('error', reject)
      resolve()
    })
  })
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()))
}

function withoutScope(address: string): string {
  return address.split('%')[0] ?? address
}
