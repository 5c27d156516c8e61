/** Reach checks of one node: its own, and the help it gives to others. */
import { Malformed } from '@ipop/codec'
import type { Channel } from '../channel/channel.ts'
import type { Edge } from '../edge/edge.ts'
import { REACH_CHECKS_MAX, REACH_ROUND_MS, REACH_ROUNDS_MAX } from './limits.ts'
import { decodeReachMessage } from '../wire/reach-check.ts'
import { FilterCheck, type NatFiltering } from './filter-check.ts'
import type { ReachChecksHost } from './reach-host.ts'
import { ReachHelper } from './reach-helper.ts'

/** What a node knows of its own reach when it begins a check. */
export interface ReachCheckOptions {
  readonly family: 4 | 6
  /** Hosts that were sent to besides the peers. */
  readonly contacted: readonly string[]
  /** The node's own hosts, where it is behind a NAT. */
  readonly inside?: readonly string[]
}

/** Both sides of reach checks. Nothing happens unless somebody asks. */
export class ReachChecks {
  readonly #host: ReachChecksHost
  readonly #helper: ReachHelper
  readonly #running = new Set<FilterCheck>()
  #isClosed = false

  constructor(host: ReachChecksHost) {
    this.#host = host
    this.#helper = new ReachHelper(host)
  }

  /** Learns who is let in to this node, within two seconds. */
  async check({ family, contacted, inside }: ReachCheckOptions): Promise<NatFiltering> {
    if (this.#running.size >= REACH_CHECKS_MAX) return 'unknown'
    const channels = [...this.#host.channels()]
    const check = new FilterCheck(channels, {
      family,
      contacted: new Set([...contacted, ...channels.flatMap(hostsOf)]),
      inside: inside && new Set(inside),
      newId: () => this.#host.random.uint32(),
    })
    this.#running.add(check)
    for (let round = 0; round < REACH_ROUNDS_MAX && !check.isOver && !this.#isClosed; round++) {
      check.ask()
      await this.#pause()
    }
    this.#running.delete(check)
    return check.filtering
  }

  /** Handles a message of a peer, which came over `edge`. Borrowed. */
  receive(from: Channel, frame: Uint8Array, edge: Edge): void {
    const message = decodeReachMessage(frame)
    if (message instanceof Malformed) return this.#host.drop(message.reason)
    switch (message.kind) {
      case 'ask':
        return this.#helper.asked(from, message)
      case 'carry':
        return this.#helper.carry(from, message)
      case 'sent':
        for (const check of this.#running) check.sent(from, message)
        return
      case 'probe':
        for (const check of this.#running) check.probed(from, message, edge)
    }
  }

  /** Ends what runs. */
  close(): void {
    this.#isClosed = true
  }

  #pause(): Promise<void> {
    const { clock, timers } = this.#host
    return new Promise((resolve) => {
      timers.at(clock.now() + REACH_ROUND_MS, 'reach check', () => resolve())
    })
  }
}

function hostsOf(channel: Channel): string[] {
  const paths = channel.edges.flatMap(({ remote }) => remote?.host ?? [])
  return [...paths, ...[...channel.ways.endpointCandidates].map(({ ta }) => ta.host)]
}
