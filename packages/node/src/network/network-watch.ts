/** Notices that the machine's network changed: another address or route, or a return from suspend. */
import type { Instant, Runtime, TimerHandle } from '@ipop/runtime'
import { messageOf } from '../errors.ts'
import {
  NETWORK_POLL_MS,
  NETWORK_SETTLE_MS,
  NETWORK_SUSPEND_MIN_MS,
  NETWORK_TEXT_PARTS_MAX,
} from '../limits.ts'

/** Starts to tell of events at once; what happened is not said. */
export type EventSource = (onEvent: () => void) => Promise<{ close(): void }>

/** What is watched, and who is told. */
export interface NetworkWatchOptions {
  /** The node's own interface, whose coming and going is no change. */
  readonly virtualDevice?: string | undefined
  /** The system's events; without it, or when it fails, changes are noticed by looking now and then. */
  readonly events?: EventSource
  /** Is told after every change while the machine has a network. */
  onChange(cause: NetworkChange): void
}

/** Why the network is not what it was. */
export type NetworkChange = 'addresses' | 'resume'

/** Compares addresses and routes when the system tells of an event, and now and then. */
export class NetworkWatch {
  readonly #runtime: Pick<Runtime, 'clock' | 'timers' | 'interfaces' | 'log'>
  readonly #options: NetworkWatchOptions
  #known: string
  #drift: number
  #poll: TimerHandle | undefined
  #settle: TimerHandle | undefined
  #events: { close(): void } | undefined
  #isClosed = false

  constructor(
    runtime: Pick<Runtime, 'clock' | 'timers' | 'interfaces' | 'log'>,
    options: NetworkWatchOptions,
  ) {
    this.#runtime = runtime
    this.#options = options
    this.#known = this.#describe().text
    this.#drift = this.#driftNow()
    this.#armPoll()
    options
      .events?.(() => this.#noteEvent())
      .then(
        (events) => {
          this.#events = events
          if (this.#isClosed) events.close()
        },
        (error: unknown) =>
          runtime.log.write('debug', 'network is polled', { reason: messageOf(error) }),
      )
  }

  /** Stops watching. */
  close(): void {
    this.#isClosed = true
    this.#poll?.cancel()
    this.#settle?.cancel()
    this.#events?.close()
  }

  /** A change comes as several events, of which the first may be the loss of the old address. */
  #noteEvent(): void {
    if (this.#settle !== undefined || this.#isClosed) return
    const { clock, timers } = this.#runtime
    this.#settle = timers.at(clock.now() + NETWORK_SETTLE_MS, 'network settles', () => {
      this.#settle = undefined
      this.#look()
    })
  }

  #armPoll(): void {
    const { clock, timers } = this.#runtime
    this.#poll = timers.at(clock.now() + NETWORK_POLL_MS, 'network poll', () => {
      this.#armPoll()
      this.#look()
    })
  }

  #look(): void {
    const drift = this.#driftNow()
    const hasSlept = Math.abs(drift - this.#drift) >= NETWORK_SUSPEND_MIN_MS
    this.#drift = drift
    const { text, isOnline } = this.#describe()
    const hasMoved = text !== this.#known
    if (!hasSlept && !hasMoved) return
    this.#known = text
    const cause = hasMoved ? 'addresses' : 'resume'
    this.#runtime.log.write('info', 'network changed', { cause, isOnline })
    if (isOnline) this.#options.onChange(cause)
  }

  /** The monotonic clock stands still while the machine sleeps, the calendar does not. */
  #driftNow(): Instant {
    const { clock } = this.#runtime
    return clock.wallTimeMs() - clock.now()
  }

  #describe(): { text: string; isOnline: boolean } {
    const { interfaces } = this.#runtime
    const isOther = ({ device }: { device: string }) => device !== this.#options.virtualDevice
    // Link-local addresses come with every container's interface and lead nowhere.
    const addresses = interfaces
      .list()
      .filter((each) => isOther(each) && !each.isInternal && !/^fe[89ab]/i.test(each.host))
      .map(({ device, host, prefixLength }) => `${device} ${host}/${prefixLength}`)
    const routes = (interfaces.routes?.() ?? [])
      .filter((each) => isOther(each) && !/^(fe[89ab]|ff)/i.test(each.text))
      .map(({ device, text }) => `${device} ${text}`)
    const parts = [...addresses, ...routes].sort().slice(0, NETWORK_TEXT_PARTS_MAX)
    return { text: parts.join('\n'), isOnline: addresses.length > 0 }
  }
}
