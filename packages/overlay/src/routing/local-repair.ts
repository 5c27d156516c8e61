/** Packets that were handed to a silent neighbour are kept for a moment: if it stays silent, they go another way. */
import type { Address } from '@ipop/address'
import type { Clock, Instant, TimerHandle, Timers } from '@ipop/runtime'
import type { Connection } from '../connections/connection.ts'
import {
  REPAIR_ANSWER_MAX_MS,
  REPAIR_ANSWER_MIN_MS,
  REPAIR_PACKETS_MAX,
  REPAIR_SILENCE_MS,
  REPAIR_WAYS_MAX,
} from '../limits.ts'

/** A packet that may be lost with the neighbour it was handed to. */
interface KeptPacket {
  readonly frame: Uint8Array
  /** The neighbours it was handed to, in that order. */
  readonly tried: readonly Address[]
  readonly hop: Connection
  readonly since: Instant
  timer: TimerHandle | undefined
}

/** What a repair works with. */
export interface LocalRepairModules {
  readonly clock: Clock
  readonly timers: Timers
  /** Sends a packet by another neighbour than those in `tried`, if there is one that is nearer to its destination. */
  readonly sendAgain: (frame: Uint8Array, tried: readonly Address[]) => void
}

/**
 * The node that notices first that a hop is gone is the one before it: it knows other ways, while the asker far away
 * learns of the loss last, and its next request may meet the same hop again.
 */
export class LocalRepair {
  readonly #modules: LocalRepairModules
  readonly #kept = new Set<KeptPacket>()

  constructor(modules: LocalRepairModules) {
    this.#modules = modules
  }

  /** The number of packets kept. */
  get size(): number {
    return this.#kept.size
  }

  /** Keeps a copy of `frame`, which is about to be handed to `hop`, if that one was silent; `tried` had it before. */
  keep(hop: Connection, frame: Uint8Array, tried: readonly Address[]): void {
    const now = this.#modules.clock.now()
    if (now - hop.channel.lastHeardAt < REPAIR_SILENCE_MS || tried.length >= REPAIR_WAYS_MAX) return
    hop.probeAfter(REPAIR_SILENCE_MS, now)
    this.#makeRoom()
    const all = [...tried, hop.address]
    const kept: KeptPacket = { frame: frame.slice(), tried: all, hop, since: now, timer: undefined }
    kept.timer = this.#modules.timers.at(now + answerMs(hop), 'local repair', () =>
      this.#decide(kept),
    )
    this.#kept.add(kept)
  }

  /** Forgets all packets. */
  close(): void {
    for (const { timer } of this.#kept) timer?.cancel()
    this.#kept.clear()
  }

  #decide(kept: KeptPacket): void {
    this.#kept.delete(kept)
    const { hop, since, frame, tried } = kept
    if (hop.channel.lastHeardAt > since) return
    hop.missedPacket(since)
    this.#modules.sendAgain(frame, tried)
  }

  #makeRoom(): void {
    if (this.#kept.size < REPAIR_PACKETS_MAX) return
    const [oldest] = this.#kept
    if (oldest === undefined) return
    oldest.timer?.cancel()
    this.#kept.delete(oldest)
  }
}

/** Returns how long the answer to a probe may take. */
function answerMs({ rttMs = REPAIR_ANSWER_MAX_MS }: Connection): number {
  const patientMs = 1.5 * rttMs
  return Math.min(REPAIR_ANSWER_MAX_MS, Math.max(REPAIR_ANSWER_MIN_MS, patientMs))
}
