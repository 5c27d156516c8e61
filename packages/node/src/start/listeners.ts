/** Opens the ports that a configuration names. */
import type { EdgeListenerConfig, NodeConfig } from '@ipop/config'
import type { Endpoint, Runtime } from '@ipop/runtime'
import { IndexTable, TcpEdgeListener, UdpEdgeListener, type EdgeListener } from '@ipop/transport'
import { codeOf, NodeError } from '../errors.ts'

/** Opens every listener; addresses of `virtualDevice` are told to nobody. On failure the listeners that were opened are closed again. */
export async function openListeners(
  config: NodeConfig,
  runtime: Runtime,
  virtualDevice?: string,
): Promise<EdgeListener[]> {
  const ports = advertising(runtime, config.devicesToBind, virtualDevice)
  const indexes = new IndexTable({ random: runtime.random.fork('receiver indices') })
  const listeners: EdgeListener[] = []
  try {
    for (const wanted of config.edgeListeners) {
      const first = await open(ports, wanted, '0.0.0.0', indexes)
      listeners.push(first)
      const second = await openIpv6(ports, { ...wanted, port: first.localPort }, indexes)
      if (second !== undefined) listeners.push(second)
    }
    return listeners
  } catch (error) {
    await Promise.all(listeners.map((listener) => listener.close()))
    throw error
  }
}

/** Returns a runtime that knows only the interfaces whose addresses may be told to others. */
export function advertising(
  runtime: Runtime,
  devices: readonly string[],
  virtualDevice: string | undefined,
): Runtime {
  const { interfaces } = runtime
  const isShown = (device: string) =>
    device !== virtualDevice && (devices.length === 0 || devices.includes(device))
  const list = () => interfaces.list().filter((each) => isShown(each.device))
  return { ...runtime, interfaces: { ...interfaces, list } }
}

async function open(
  runtime: Runtime,
  { type, port }: EdgeListenerConfig,
  host: string,
  indexes: IndexTable,
) {
  try {
    const kind = type === 'udp' ? UdpEdgeListener : TcpEdgeListener
    return await kind.open(runtime, { host, port, indexes })
  } catch (error) {
    throw portError({ host, port }, type, codeOf(error))
  }
}

/** IPv6 is taken along where this machine has it; a port that others hold there is no reason to stop. */
async function openIpv6(runtime: Runtime, wanted: EdgeListenerConfig, indexes: IndexTable) {
  const hasIpv6 = runtime.interfaces.list().some((each) => each.family === 6)
  if (!hasIpv6) return undefined
  try {
    return await open(runtime, wanted, '::', indexes)
  } catch {
    runtime.log.write('info', 'no IPv6 on this port', { type: wanted.type, port: wanted.port })
    return undefined
  }
}

function portError({ port }: Endpoint, type: string, systemCode: string): NodeError {
  if (systemCode === 'EADDRINUSE') {
    const message = `${type} port ${port} is in use by another program; choose another <port> or stop that program`
    return new NodeError({ code: 'NODE_PORT_IN_USE', message })
  }
  const advice = systemCode === 'EACCES' ? '; ports below 1024 need root' : ''
  return new NodeError({
    code: 'NODE_PORT_REFUSED',
    message: `${type} port ${port} cannot be opened (${systemCode})${advice}`,
  })
}
