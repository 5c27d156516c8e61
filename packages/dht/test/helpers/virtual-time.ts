/** Virtual time for tests in one process: timers fire in order, promises run to the end in between. */
import type { Clock, Instant, Log, Random, TimerHandle, Timers } from '@ipop/runtime'

interface Armed {
  readonly when: Instant
  readonly order: number
  readonly fire: (now: Instant) => void
  isCancelled: boolean
}

/** Wall time at virtual time zero. */
export const EPOCH_MS = 1_700_000_000_000

/** A clock and timers that only move when told to. */
export class VirtualTime implements Clock, Timers {
  #now = 0
  #order = 0
  /** A binary heap, earliest first. */
  readonly #heap: Armed[] = []

  now(): Instant {
    return this.#now
  }

  wallTimeMs(): number {
    return EPOCH_MS + this.#now
  }

  at(when: Instant, _reason: string, fire: (now: Instant) => void): TimerHandle {
    const armed = {
      when: Math.max(when, this.#now),
      order: this.#order++,
      fire,
      isCancelled: false,
    }
    this.#push(armed)
    return { cancel: () => void (armed.isCancelled = true) }
  }

  /** Resolves `delayMs` of virtual time later. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.at(this.#now + delayMs, 'test', () => resolve()))
  }

  /** Runs until `work` is settled and returns what it resolved to. */
  async run<T>(work: Promise<T>, limitMs = 3_600_000): Promise<T> {
    let isSettled = false
    const mark = () => void (isSettled = true)
    work.then(mark, mark)
    const until = this.#now + limitMs
    await drain()
    while (!isSettled) {
      if (!(await this.#step(until))) throw new Error('virtual time ran out')
    }
    return work
  }

  /** Lets `durationMs` pass. */
  async advance(durationMs: number): Promise<void> {
    const until = this.#now + durationMs
    await drain()
    while (await this.#step(until)) continue
    this.#now = until
  }

  async #step(until: Instant): Promise<boolean> {
    while (this.#heap[0]?.isCancelled) this.#pop()
    const next = this.#heap[0]
    if (!next || next.when > until) return false
    this.#pop()
    this.#now = next.when
    next.fire(this.#now)
    await drain()
    return true
  }

  #push(armed: Armed): void {
    const heap = this.#heap
    let at = heap.push(armed) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(armed, heap[parent] as Armed)) break
      heap[at] = heap[parent] as Armed
      at = parent
    }
    heap[at] = armed
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (!last || heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      const right = heap[child + 1]
      if (right && isBefore(right, heap[child] as Armed)) child++
      if (!isBefore(heap[child] as Armed, last)) break
      heap[at] = heap[child] as Armed
      at = child
    }
    heap[at] = last
  }
}

function isBefore(a: Armed, b: Armed): boolean {
  return a.when < b.when || (a.when === b.when && a.order < b.order)
}

/** A seeded generator (mulberry32). */
export class SeededRandom implements Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  uint32(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.uint32() & 0xff)
  }

  float(): number {
    return this.uint32() / 0x1_0000_0000
  }

  below(limit: number): number {
    return Math.floor(this.float() * limit)
  }

  fork(label: string): Random {
    let seed = this.uint32()
    for (const letter of label) seed = Math.imul(seed ^ letter.charCodeAt(0), 0x01000193)
    return new SeededRandom(seed)
  }
}

/** A log that keeps events of a level and above. */
export function recordingLog(events: { level: string; event: string; fields?: unknown }[]): Log {
  const log: Log = {
    write: (level, event, fields) => void events.push({ level, event, fields }),
    isEnabled: () => true,
    child: () => log,
  }
  return log
}

/** Lets everything that waits only for promises run. */
async function drain(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}
