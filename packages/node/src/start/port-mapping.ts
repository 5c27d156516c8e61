/** Lets the gateway forward the ports of this process, when the configuration does not forbid it. */
import type { NodeConfig } from '@ipop/config'
import type { Runtime } from '@ipop/runtime'
import { gatewayClients, PortMapper, type EdgeListener, type OfferedPort } from '@ipop/transport'
import { advertising } from './listeners.ts'
import type { UndoStack } from './undo-stack.ts'

/** Returns the mapper of the listeners' ports; it does nothing until it is started, and removes its mappings on `undo`. */
export function openPortMapper(
  runtime: Runtime,
  { portMapping, devicesToBind }: Pick<NodeConfig, 'portMapping' | 'devicesToBind'>,
  { listeners, virtualDevice, undo }: OwnPorts,
): PortMapper | undefined {
  if (!portMapping.enabled) return undefined
  const ports = offeredPorts(listeners)
  const log = runtime.log.child({ part: 'port mapping' })
  const clients = gatewayClients(advertising(runtime, devicesToBind, virtualDevice))
  const mapper = new PortMapper(
    { clock: runtime.clock, timers: runtime.timers, log, clients },
    { ports },
  )
  undo.push('port mappings', () => mapper.stop())
  return mapper
}

/** The ports of the process, and what ends with them. */
interface OwnPorts {
  readonly listeners: readonly EdgeListener[]
  /** The interface whose addresses are inside the virtual network. */
  readonly virtualDevice: string | undefined
  readonly undo: UndoStack
}

/** IPv6 has no NAT to get through. */
function offeredPorts(listeners: readonly EdgeListener[]): OfferedPort[] {
  const addresses = listeners.flatMap((listener) => listener.localAddresses())
  const ports = addresses
    .filter(({ family }) => family === 4)
    .map(({ kind, port }): [string, OfferedPort] => [`${kind} ${port}`, { kind, port }])
  return [...new Map(ports).values()]
}
