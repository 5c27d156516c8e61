/** Collects packets for the virtual interface and writes them in batches. */
import { DEVICE_BATCH_MAX } from '../limits.ts'
import type { VirtualDevice } from '../services.ts'
import type { RouterCounters } from './counters.ts'

/** Runs `task` once at the end of the current turn of the event loop. */
export type TurnScheduler = (task: () => void) => void

/** One `write` per turn instead of one per packet. */
export class DeviceWriter {
  readonly #device: Pick<VirtualDevice, 'write'>
  readonly #schedule: TurnScheduler
  readonly #counters: RouterCounters
  #batch: Uint8Array[] = []
  #isScheduled = false

  constructor(modules: {
    device: Pick<VirtualDevice, 'write'>
    schedule: TurnScheduler
    counters: RouterCounters
  }) {
    this.#device = modules.device
    this.#schedule = modules.schedule
    this.#counters = modules.counters
  }

  /** Queues a packet that now belongs to the writer. */
  push(ownedPacket: Uint8Array): void {
    this.#batch.push(ownedPacket)
    if (this.#batch.length >= DEVICE_BATCH_MAX) return this.flush()
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#schedule(() => {
      this.#isScheduled = false
      this.flush()
    })
  }

  /** Writes what is queued. */
  flush(): void {
    const batch = this.#batch
    if (batch.length === 0) return
    this.#batch = []
    const accepted = this.#device.write(batch)
    this.#counters.delivered += accepted
    this.#counters.dropped.deviceFull += batch.length - accepted
  }
}
