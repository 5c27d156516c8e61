/** Joins reach checks to the channels of a table. */
import type { Clock, Random, Timers } from '@ipop/runtime'
import { ReachChecks } from '../reach/reach-checks.ts'
import type { ChannelHost } from './channel-host.ts'
import type { ChannelRegistry } from './channel-registry.ts'
import { sealCounted } from './path-host.ts'

/** Returns the reach checks of the table that the parts belong to. */
export function openReachChecks(
  { clock, timers }: { clock: Clock; timers: Timers },
  modules: { random: Random; host: ChannelHost; channels: ChannelRegistry },
): ReachChecks {
  const { random, host, channels } = modules
  const { reach } = host
  return new ReachChecks({
    clock,
    timers,
    random,
    channels: () => channels.values(),
    seal: (channel, frame) => sealCounted(host, channel, frame),
    usable: ({ address }, endpoints) => reach.usable(address, endpoints),
    probe: (to, datagram) => reach.probe(to, datagram),
    probeFromNewPort: (to, datagram) => reach.probeFromNewPort(to, datagram),
    drop: (reason) => host.drop(reason),
  })
}
