/** Long links across the ring, at harmonic distances, so that a lookup takes O(log^2 N) hops. */
import type { Address } from '@ipop/address'
import { addDistance } from '@ipop/address'
import type { Instant, Log, Random } from '@ipop/runtime'
import type { ConnectionTable } from '../connections/connection-table.ts'
import { Role } from '../connections/roles.ts'
import { SHORTCUT_MIN_RING, SHORTCUT_PERIOD_MS } from '../limits.ts'
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

/** The shortcut policy. */
export class Shortcuts {
  readonly #table: ConnectionTable
  readonly #linker: Linker
  readonly #random: Random
  readonly #log: Log
  #nextAt: Instant = 0
  #isBusy = false

  constructor(modules: { table: ConnectionTable; linker: Linker; random: Random; log: Log }) {
    this.#table = modules.table
    this.#linker = modules.linker
    this.#random = modules.random
    this.#log = modules.log
  }

  /** Opens one more shortcut when too few are there, and drops the role of the newest beyond the number wanted. */
  evaluate(ringSize: number, now: Instant): void {
    if (this.#isBusy || now < this.#nextAt) return
    const have = this.#table.withRole(Role.shortcut)
    const wanted = shortcutsWanted(ringSize)
    this.#nextAt = now + SHORTCUT_PERIOD_MS * (0.75 + 0.5 * this.#random.float())
    if (have.length > wanted + 1) this.#dropOne()
    if (have.length >= wanted) return
    this.#nextAt = now + SHORTCUT_PERIOD_MS / 5
    this.#isBusy = true
    const target = harmonicTarget(this.#table.self, ringSize, this.#random)
    this.#linker
      .requestLink(target, Role.shortcut, { mode: 'greedy' })
      .catch((error: unknown) => {
        this.#log.write('debug', 'shortcut failed', { error })
      })
      .finally(() => {
        this.#isBusy = false
      })
  }

  #dropOne(): void {
    const newest = this.#table.withRole(Role.shortcut).sort((a, b) => b.upAt - a.upAt)[0]
    newest?.setRole(Role.shortcut, false)
  }
}
