/** One run of a host's program, from boot to crash: nothing of it acts once it is dead. */
import { SimulationError } from '../errors.ts'
import type { Scheduler } from '../world/scheduler.ts'
import type { SimEvent } from '../world/event-queue.ts'

/** Guards every call into simulated code. */
export class Process {
  readonly #scheduler: Scheduler
  readonly #hostName: string
  #state: 'running' | 'paused' | 'dead' = 'running'
  #waiting: ((now: number) => void)[] = []

  constructor(scheduler: Scheduler, hostName: string) {
    this.#scheduler = scheduler
    this.#hostName = hostName
  }

  /** Whether it has not crashed. */
  get isAlive(): boolean {
    return this.#state !== 'dead'
  }

  /** Whether it is stopped as by SIGSTOP. */
  get isPaused(): boolean {
    return this.#state === 'paused'
  }

  /** Number of calls that wait for the process to be resumed. */
  get waitingCalls(): number {
    return this.#waiting.length
  }

  /** Schedules a call into simulated code. */
  schedule(at: number, run: (now: number) => void): SimEvent {
    return this.#scheduler.schedule(at, (now) => this.enter(now, run))
  }

  /** Schedules an event that calls `enter` by itself. */
  add<E extends SimEvent>(at: number, event: E): E {
    return this.#scheduler.add(at, event)
  }

  /** Takes a scheduled call back. */
  cancel(event: SimEvent): void {
    this.#scheduler.cancel(event)
  }

  /** Calls into simulated code now, or on resume, or never when it is dead. */
  enter(now: number, run: (now: number) => void): void {
    if (this.#state === 'dead') return
    if (this.#state === 'paused') {
      this.#waiting.push(run)
      return
    }
    try {
      run(now)
    } catch (error) {
      if (error instanceof SimulationError) throw error
      const text = error instanceof Error ? error.message : String(error)
      const where = `host ${this.#hostName} at ${now.toFixed(1)} ms`
      throw new SimulationError('SIM_HANDLER_THREW', `${where}: ${text}`, error)
    }
  }

  /** Stops all calls. */
  pause(): void {
    if (this.#state === 'running') this.#state = 'paused'
  }

  /** Makes up for the calls missed since `pause`, in their order. */
  resume(): void {
    if (this.#state !== 'paused') return
    this.#state = 'running'
    const missed = this.#waiting
    this.#waiting = []
    for (const run of missed) this.schedule(this.#scheduler.now, run)
  }

  /** Ends the process for good. */
  kill(): void {
    this.#state = 'dead'
    this.#waiting = []
  }
}
