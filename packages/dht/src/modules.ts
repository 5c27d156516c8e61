/** What every part of the DHT is built from. */
import type { Clock, Log, Random, Timers } from '@ipop/runtime'
import type { RingService } from './ring-service.ts'

/** The ring, time, chance and the log. */
export interface DhtModules {
  readonly ring: RingService
  readonly clock: Pick<Clock, 'now'>
  readonly timers: Timers
  readonly random: Random
  readonly log: Log
  /** Returns milliseconds since 1970, for signing times. */
  readonly wallTimeMs: () => number
}
