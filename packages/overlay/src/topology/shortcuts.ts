/** Long links across the ring, at harmonic distances, so that a lookup takes O(log^2 N) hops; the quicker ones stay. */
import type { Address } from '@ipop/address'
import { addDistance } from '@ipop/address'
import type { Instant, Log, Random } from '@ipop/runtime'
import type { Connection } from '../connections/connection.ts'
import type { ConnectionTable } from '../connections/connection-table.ts'
import { Role } from '../connections/roles.ts'
import {
  SHORTCUT_MIN_RING,
  SHORTCUT_PATIENCE_MS,
  SHORTCUT_PERIOD_MS,
  SHORTCUT_TRIAL_FIRST_MS,
  SHORTCUT_TRIAL_MAX_MS,
} from '../limits.ts'
import type { Linker } from '../linking/linker.ts'

/** Returns how many shortcuts a node of a ring of `ringSize` nodes keeps. */
export function shortcutsWanted(ringSize: number): number {
  return ringSize > SHORTCUT_MIN_RING ? Math.ceil(0.5 * Math.log2(ringSize)) : 0
}

/**
 * Returns an address at a harmonic distance from `self`: every doubling of the distance is equally likely, from
 * one node's share of the ring up to the whole (Symphony).
 */
export function harmonicTarget(self: Address, ringSize: number, random: Random): Address {
  return addDistance(self, Math.pow(ringSize, random.float() - 1))
}

/**
 * The shortcut policy: as many as the ring asks for, and now and then one more on trial, after which the one with the
 * longest round trip goes. Delays know nothing of addresses, so that distances remain harmonic.
 */
export class Shortcuts {
  readonly #table: ConnectionTable
  readonly #linker: Linker
  readonly #random: Random
  readonly #log: Log
  #nextAt: Instant = 0
  #isBusy = false
  /** How many there were before the one on trial. */
  #beforeTrial: number | undefined
  #trialAt: Instant | undefined
  #trialPauseMs = SHORTCUT_TRIAL_FIRST_MS

  constructor(modules: { table: ConnectionTable; linker: Linker; random: Random; log: Log }) {
    this.#table = modules.table
    this.#linker = modules.linker
    this.#random = modules.random
    this.#log = modules.log
  }

  /** Opens one more shortcut when too few are there or one is due on trial; drops the role of one too many. */
  evaluate(ringSize: number, now: Instant): void {
    if (this.#isBusy || now < this.#nextAt) return
    const have = this.#table.withRole(Role.shortcut)
    const wanted = shortcutsWanted(ringSize)
    this.#nextAt = now + this.#jittered(SHORTCUT_PERIOD_MS)
    this.#dropOneBeyond(this.#beforeTrial ?? wanted + 1, have)
    this.#beforeTrial = undefined
    if (have.length < wanted) this.#nextAt = now + SHORTCUT_PERIOD_MS / 2
    else if (this.#isTrialDue(wanted, now)) this.#beforeTrial = have.length
    else return
    this.#open(ringSize)
  }

  #isTrialDue(wanted: number, now: Instant): boolean {
    if (wanted === 0) return false
    const dueAt = this.#trialAt
    if (dueAt !== undefined && now < dueAt) return false
    this.#trialAt = now + this.#jittered(this.#trialPauseMs)
    if (dueAt === undefined) return false
    this.#trialPauseMs = Math.min(2 * this.#trialPauseMs, SHORTCUT_TRIAL_MAX_MS)
    return true
  }

  #open(ringSize: number): void {
    this.#isBusy = true
    const target = harmonicTarget(this.#table.self, ringSize, this.#random)
    this.#linker
      .requestLink(target, Role.shortcut, { mode: 'greedy', patienceMs: SHORTCUT_PATIENCE_MS })
      .catch((error: unknown) => {
        this.#log.write('debug', 'shortcut failed', { error })
      })
      .finally(() => {
        this.#isBusy = false
      })
  }

  #dropOneBeyond(room: number, have: readonly Connection[]): void {
    if (have.length <= room) return
    const delayOf = ({ rttMs }: Connection) => rttMs ?? Number.MAX_VALUE
    const [slowest] = [...have].sort((a, b) => delayOf(b) - delayOf(a))
    slowest?.setRole(Role.shortcut, false)
  }

  #jittered(ms: number): number {
    return ms * (0.75 + 0.5 * this.#random.float())
  }
}
