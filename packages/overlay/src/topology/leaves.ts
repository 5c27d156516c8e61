/** The way into the ring: says hello to the bootstraps and links to whoever answers. */
import type { Address } from '@ipop/address'
import type { Instant, Log, Random, Runtime } from '@ipop/runtime'
import type { ChannelTable, HelloReply, TransportAddress } from '@ipop/transport'
import type { ConnectionTable } from '../connections/connection-table.ts'
import { Role, STATUS_IN_RING } from '../connections/roles.ts'
import {
  LEAF_ANSWERED_MS,
  LEAF_FAILED_PERIOD_MAX_MS,
  LEAF_FAILED_PERIOD_MS,
  LEAF_HURRY_MS,
  LEAF_IDLE_PERIOD_MS,
  LEAF_IDLE_SHARE,
  LEAF_LOSSES_MAX,
  LEAF_LOSSES_MS,
  LEAF_LOSSES_SHARE,
  LEAF_RETRY_MS,
  LEAVES_IN_RING_MAX,
  MET_FRESH_MS,
  MET_MAX,
} from '../limits.ts'
import type { Linker } from '../linking/linker.ts'
import type { OverlayNodeOptions } from '../node/options.ts'
import type { RequestReply } from '../messaging/request-reply.ts'
import { literalAddresses } from './literal-addresses.ts'

/** A hello that gets no answer in this time counts as failed, milliseconds. */
const HELLO_TIMEOUT_MS = 2_500

/** One in this many failed hellos is given more time. */
const HELLO_PATIENT_EVERY = 8

/** That time, milliseconds: enough for a way on which datagrams travel for two seconds, there and back. */
const HELLO_PATIENT_MS = 6_000

/** How long the ring may take to answer whether a bootstrap's node is in it, milliseconds. */
const SAME_RING_TIMEOUT_MS = 4_000

interface Bootstrap {
  readonly address: TransportAddress
  nextAt: Instant
  isBusy: boolean
  hasFailed: boolean
  /** Hellos without an answer, in a row. */
  failures: number
  /** Peers were lost since it last answered. */
  isDoubtful: boolean
  /** The node that answered there last. */
  node: Address | undefined
}

/** The leaf policy. */
export class Leaves {
  readonly #runtime: Runtime
  readonly #random: Random
  readonly #log: Log
  readonly #channels: ChannelTable
  readonly #table: ConnectionTable
  readonly #linker: Linker
  readonly #calls: RequestReply
  readonly #bootstraps: Bootstrap[]
  readonly #isLookingAround: boolean
  /** When a node found nearby was last met, oldest first. */
  readonly #metAt = new Map<string, Instant>()
  #answers = 0
  /** When peers were lost, lately. */
  #lostAt: Instant[] = []

  constructor(
    modules: {
      runtime: Runtime
      random: Random
      log: Log
      channels: ChannelTable
      table: ConnectionTable
      linker: Linker
      calls: RequestReply
    },
    {
      remoteTas,
      isLookingAround = false,
    }: Pick<OverlayNodeOptions, 'remoteTas' | 'isLookingAround'>,
  ) {
    this.#isLookingAround = isLookingAround
    this.#runtime = modules.runtime
    this.#random = modules.random
    this.#log = modules.log
    this.#channels = modules.channels
    this.#table = modules.table
    this.#linker = modules.linker
    this.#calls = modules.calls
    this.#bootstraps = remoteTas.map((address) => ({
      address,
      nextAt: 0,
      isBusy: false,
      hasFailed: false,
      failures: 0,
      isDoubtful: false,
      node: undefined,
    }))
  }

  /** Whether another node answered a hello since the node began to look for its ring. */
  get hasAnswers(): boolean {
    return this.#answers > 0
  }

  /** Whether there is any bootstrap to ask, or nodes nearby to wait for. */
  get hasBootstraps(): boolean {
    return this.#bootstraps.length > 0 || this.#isLookingAround
  }

  /** Whether only nodes nearby are waited for. */
  get asksOnlyNearby(): boolean {
    return this.#bootstraps.length === 0 && this.#isLookingAround
  }

  /** Says hello to a node that was found nearby, unless it was met lately. */
  meet(address: TransportAddress, isInRing: boolean, now: Instant): void {
    const key = address.toString()
    const pause = this.#table.size === 0 ? LEAF_RETRY_MS : MET_FRESH_MS
    if (now - (this.#metAt.get(key) ?? Number.NEGATIVE_INFINITY) < pause) return
    this.#metAt.delete(key)
    this.#metAt.set(key, now)
    const [oldest] = this.#metAt.keys()
    if (this.#metAt.size > MET_MAX && oldest !== undefined) this.#metAt.delete(oldest)
    this.#greetFound(address, isInRing).catch((error: unknown) =>
      this.#log.write('debug', 'hello failed', { to: key, error }),
    )
  }

  /** Says hello to all at once and forgets who answered before: the node has lost everybody. */
  lookAgain(now: Instant): void {
    this.#answers = 0
    this.greetNow(now)
  }

  /**
   * Takes note that a peer stopped answering. Says hello soon to the bootstrap that it was; and to all where many were
   * lost, because bootstraps may have gone or come back with them. Single losses are common in large rings.
   */
  peerLost(peer: Address, now: Instant): void {
    this.#lostAt = this.#lostAt.filter((at) => now - at < LEAF_LOSSES_MS).slice(-LEAF_LOSSES_MAX)
    this.#lostAt.push(now)
    const isMany = LEAF_LOSSES_SHARE * this.#lostAt.length >= this.#table.size + this.#lostAt.length
    if (!isMany) return this.peerLeft(peer, now)
    for (const bootstrap of this.#bootstraps) hurryTo(bootstrap, now)
  }

  /**
   * Takes note that a peer said goodbye. A bootstrap that is restarted knows nobody and is a ring of its own until
   * somebody comes back to it; meanwhile newcomers would join that ring.
   */
  peerLeft(peer: Address, now: Instant): void {
    for (const bootstrap of this.#bootstraps)
      if (bootstrap.node?.equals(peer)) hurryTo(bootstrap, now)
  }

  /** Says hello to all at once, as after a change of this end's network: their answers tell how it is seen now. */
  greetNow(now: Instant): void {
    for (const bootstrap of this.#bootstraps) {
      bootstrap.nextAt = now
      // Also to one that is connected.
      bootstrap.node = undefined
    }
  }

  /** Says hello where it is due: all at once while joining, then now and then. */
  evaluate(isInRing: boolean, now: Instant): void {
    for (const bootstrap of this.#bootstraps) {
      if (bootstrap.isBusy || now < bootstrap.nextAt) continue
      if (isInRing && this.#isConnected(bootstrap)) {
        bootstrap.nextAt = now + this.#pauseMs(bootstrap, isInRing)
        continue
      }
      bootstrap.isBusy = true
      this.#greet(bootstrap, isInRing)
        .catch((error: unknown) => {
          bootstrap.hasFailed = true
          bootstrap.failures++
          this.#log.write('debug', 'hello failed', { to: bootstrap.address.toString(), error })
        })
        .finally(() => {
          bootstrap.isBusy = false
          bootstrap.nextAt = this.#runtime.clock.now() + this.#pauseMs(bootstrap, isInRing)
        })
    }
  }

  #pauseMs(bootstrap: Bootstrap, isInRing: boolean): number {
    return this.#periodMs(bootstrap, isInRing) * (0.75 + 0.5 * this.#random.float())
  }

  #periodMs(bootstrap: Bootstrap, isInRing: boolean): number {
    const { hasFailed } = bootstrap
    const hasLeaves = this.#linker.leavesInRing >= LEAVES_IN_RING_MAX
    if (!isInRing && !hasFailed && hasLeaves) return LEAF_ANSWERED_MS
    if (!isInRing || this.#table.size === 0) return LEAF_RETRY_MS
    if (hasFailed) return failedPeriodMs(bootstrap) * this.#failedCount()
    return LEAF_IDLE_PERIOD_MS * Math.min(LEAF_IDLE_SHARE, this.#bootstraps.length)
  }

  /** A session with the node that answered says more than another answer would. */
  #isConnected({ node, isDoubtful, hasFailed }: Bootstrap): boolean {
    return node !== undefined && !isDoubtful && !hasFailed && this.#table.get(node) !== undefined
  }

  /** The failed ones take turns: many that are gone for good must not cost as much as the ring itself. */
  #failedCount(): number {
    return this.#bootstraps.filter(({ hasFailed }) => hasFailed).length
  }

  async #greetFound(address: TransportAddress, isInRing: boolean): Promise<void> {
    const reply = await this.#channels.hello(address, HELLO_TIMEOUT_MS)
    if (reply === undefined) {
      this.#metAt.delete(address.toString())
      return
    }
    // To a peer that is known from afar this may be a better path.
    if (this.#table.get(reply.hint.address)) this.#channels.dial(reply.hint)
    await this.#follow(reply, isInRing)
  }

  async #greet(bootstrap: Bootstrap, isInRing: boolean): Promise<void> {
    const literals = await literalAddresses(this.#runtime.names, bootstrap.address)
    const replies = await Promise.all(
      literals.map((address) => this.#channels.hello(address, helloTimeoutMs(bootstrap, isInRing))),
    )
    const answered = replies.filter((reply) => reply !== undefined)
    bootstrap.hasFailed = answered.length === 0 || bootstrap.isDoubtful
    bootstrap.failures = answered.length === 0 ? bootstrap.failures + 1 : 0
    bootstrap.isDoubtful = false
    bootstrap.node = answered.at(-1)?.hint.address ?? bootstrap.node
    for (const reply of answered) await this.#follow(reply, isInRing)
  }

  async #follow(reply: HelloReply, isInRing: boolean): Promise<void> {
    const { hint, status } = reply
    if (hint.address.equals(this.#table.self)) return
    this.#answers++
    if (this.#table.get(hint.address)) return
    if (isInRing && this.#table.size > 0 && (await this.#isInSameRing(reply))) return
    const isPeerInRing = (status & STATUS_IN_RING) !== 0
    if (isPeerInRing && !isInRing && this.#linker.leavesInRing >= LEAVES_IN_RING_MAX) return
    this.#linker.link(hint, Role.leaf, { isPeerInRing })
  }

  async #isInSameRing(reply: HelloReply): Promise<boolean> {
    try {
      await this.#calls.call(reply.hint.address, 'ring.ping', null, {
        timeoutMs: SAME_RING_TIMEOUT_MS,
      })
      return true
    } catch {
      this.#log.write('info', 'bootstrap is in another ring', {
        node: reply.hint.address.toString(),
      })
      return false
    }
  }
}

function hurryTo(bootstrap: Bootstrap, now: Instant): void {
  bootstrap.nextAt = Math.min(bootstrap.nextAt, now + LEAF_HURRY_MS)
  bootstrap.isDoubtful = true
}

/**
 * Who is in a ring asks for a shorter time, and for an even shorter one where nobody answered before: there is no hurry, and it
 * will ask again. Now and then it asks longer than a newcomer does, for a bootstrap behind a very slow network.
 */
function helloTimeoutMs({ failures }: Bootstrap, isInRing: boolean): number {
  if (failures % HELLO_PATIENT_EVERY === HELLO_PATIENT_EVERY - 1) return HELLO_PATIENT_MS
  if (failures > 0) return HELLO_TIMEOUT_MS / 4
  return isInRing ? HELLO_TIMEOUT_MS / 2 : HELLO_TIMEOUT_MS
}

/** Each further failure doubles the pause, up to a limit. */
function failedPeriodMs({ failures }: Bootstrap): number {
  const periodMs = LEAF_FAILED_PERIOD_MS * 2 ** Math.min(failures - 1, 8)
  return Math.min(LEAF_FAILED_PERIOD_MAX_MS, Math.max(LEAF_FAILED_PERIOD_MS, periodMs))
}
