/** Lets the configured node meet those of its ring on the local networks, when the configuration does not forbid it. */
import type { NodeConfig } from '@ipop/config'
import type { OverlayNode } from '@ipop/overlay'
import type { Runtime } from '@ipop/runtime'
import { LanDiscovery, type EdgeListener } from '@ipop/transport'
import { advertising } from './listeners.ts'

/** Returns the discovery of `overlay`; it does nothing until it is started. */
export function createLanDiscovery(
  runtime: Runtime,
  { lanDiscovery, devicesToBind, brunetNamespace }: NodeConfig,
  { listeners, virtualDevice, overlay }: Discovered,
): LanDiscovery | undefined {
  if (!lanDiscovery.enabled) return undefined
  const portOf = (kind: EdgeListener['kind']) =>
    listeners.find((listener) => listener.kind === kind)?.localAddresses()[0]?.port ?? 0
  const { clock, timers, datagrams } = runtime
  const { interfaces } = advertising(runtime, devicesToBind, virtualDevice)
  const log = runtime.log.child({ part: 'lan discovery' })
  const random = runtime.random.fork('lan discovery')
  return new LanDiscovery(
    { clock, timers, random, log, datagrams, interfaces },
    {
      namespace: brunetNamespace,
      udpPort: portOf('udp'),
      tcpPort: portOf('tcp'),
      found: (ta) => overlay.meet(ta),
    },
  )
}

/** The node to be found, and where. */
interface Discovered {
  readonly listeners: readonly EdgeListener[]
  /** The virtual interface, on which nobody is looked for. */
  readonly virtualDevice: string | undefined
  readonly overlay: OverlayNode
}
