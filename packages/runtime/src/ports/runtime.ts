/** Everything that protocol code may ask of the outside world, in one object. */
import type { Clock, Timers } from './clock.ts'
import type { NameResolver, NetworkInterfaces } from './host.ts'
import type { HttpPort } from './http.ts'
import type { Log } from './log.ts'
import type { Random } from './random.ts'
import type { DatagramPort, StreamPort } from './sockets.ts'

/** The ports of one host. `@ipop/runtime/node` makes the real one, `@ipop/simulator` virtual ones. */
export interface Runtime {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly log: Log
  readonly datagrams: DatagramPort
  readonly streams: StreamPort
  readonly names: NameResolver
  readonly interfaces: NetworkInterfaces
  /** Absent where nobody speaks HTTP. */
  readonly http?: HttpPort
}
