/** The channels of a node by address and by session, and their traffic counted together. */
import type { Address } from '@ipop/address'
import type { Session } from '@ipop/security'
import type { Edge } from '../edge/edge.ts'
import { CHANNELS_MAX } from '../limits.ts'
import { addCounters, newCounters } from './channel-counters.ts'
import type { Channel } from './channel.ts'
import type { ChannelCounters } from './types.ts'

/** Holds the channels that are not down. */
export class ChannelRegistry {
  /** Channels at most. */
  readonly max: number
  readonly #byAddress = new Map<string, Channel>()
  readonly #bySession = new Map<Session<Edge>, Channel>()
  readonly #gone: ChannelCounters = newCounters()

  constructor(max: number = CHANNELS_MAX) {
    this.max = max
  }

  /** Counts the channels. */
  get size(): number {
    return this.#byAddress.size
  }

  /** Whether no further channel is taken. */
  get isFull(): boolean {
    return this.#byAddress.size >= this.max
  }

  /** Lists the channels. */
  values(): Iterable<Channel> {
    return this.#byAddress.values()
  }

  /** Returns the channel to `address`. */
  get(address: Address): Channel | undefined {
    return this.#byAddress.get(address.key)
  }

  /** Returns the channel over `session`. */
  bySession(session: Session<Edge>): Channel | undefined {
    return this.#bySession.get(session)
  }

  /** Takes a channel in. */
  add(channel: Channel): void {
    this.#byAddress.set(channel.address.key, channel)
    this.#bySession.set(channel.session, channel)
  }

  /** Puts another session under a channel; returns the one before. */
  rebind(channel: Channel, session: Session<Edge>): Session<Edge> {
    const before = channel.session
    this.#bySession.delete(before)
    channel.session = session
    this.#bySession.set(session, channel)
    return before
  }

  /** Forgets a channel; returns whether it was known. */
  remove(channel: Channel): boolean {
    if (this.#byAddress.get(channel.address.key) !== channel) return false
    this.#byAddress.delete(channel.address.key)
    this.#bySession.delete(channel.session)
    addCounters(this.#gone, channel.counters)
    return true
  }

  /** Returns the traffic of all channels, present and past, and how many are up. */
  totals(): ChannelCounters & { up: number } {
    const totals = { ...this.#gone, up: 0 }
    for (const channel of this.#byAddress.values()) {
      addCounters(totals, channel.counters)
      if (channel.state === 'up') totals.up++
    }
    return totals
  }
}
