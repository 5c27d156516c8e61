/** The event loop of a world: virtual time, and quiet points between events. */
import { nextTick } from 'node:process'
import { setImmediate } from 'node:timers'
import { SimulationError } from '../errors.ts'
import { EVENTS_PER_INSTANT_MAX } from '../limits.ts'
import { EventQueue } from './event-queue.ts'
import type { SimEvent } from './event-queue.ts'

/** Runs events in order of virtual time. */
export class Scheduler {
  readonly #queue = new EventQueue()
  #now = 0
  #sequence = 0
  #executed = 0
  #executedAtInstant = 0

  /** Virtual milliseconds since the world began. */
  get now(): number {
    return this.#now
  }

  /** Number of events executed so far. */
  get executed(): number {
    return this.#executed
  }

  /** Number of events waiting. */
  get pending(): number {
    return this.#queue.size
  }

  /** Instant of the next event. */
  get nextAt(): number | undefined {
    return this.#queue.peek()?.at
  }

  /** Schedules `run` for `at`, or for now when that has passed. */
  schedule(at: number, run: (now: number) => void): SimEvent {
    return this.add(at, { at: 0, sequence: 0, index: -1, run })
  }

  /** As `schedule`, for an event that is an object of its own: a large world has tens of thousands waiting. */
  add<E extends SimEvent>(at: number, event: E): E {
    if (Number.isNaN(at)) throw new SimulationError('SIM_BAD_OPTION', 'an event at NaN')
    event.at = at > this.#now ? at : this.#now
    event.sequence = this.#sequence++
    if (event.at !== Infinity) this.#queue.push(event)
    return event
  }

  /** Takes an event back; does nothing once it has run. */
  cancel(event: SimEvent): void {
    this.#queue.remove(event)
  }

  /** Runs the next event if it is due by `until`; returns whether there was one. */
  step(until: number): boolean {
    const event = this.#queue.peek()
    if (event === undefined || event.at > until) return false
    this.#queue.pop()
    this.#countAtInstant(event.at)
    this.#now = event.at
    this.#executed++
    event.run(event.at)
    return true
  }

  /** Moves the clock forward to `instant`, which must not pass over an event. */
  advanceTo(instant: number): void {
    if (instant > this.#now) this.#now = instant
  }

  #countAtInstant(at: number): void {
    this.#executedAtInstant = at === this.#now ? this.#executedAtInstant + 1 : 0
    if (this.#executedAtInstant <= EVENTS_PER_INSTANT_MAX) return
    throw new SimulationError('SIM_STUCK', `over ${EVENTS_PER_INSTANT_MAX} events at ${at} ms`)
  }
}

/**
 * Waits until every promise callback that can run has run, however long its chain.
 *
 * Node runs the callbacks of `nextTick` only when its microtask queue is empty, so one tick is exact; and it costs
 * under a microsecond. Awaiting a fixed number of resolved promises would be neither.
 */
export function quiesce(): Promise<void> {
  return new Promise((resolve) => nextTick(resolve))
}

/** Lets signals, output and real timers have their turn, which endless ticks would keep from them. */
export function yieldToEngine(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
