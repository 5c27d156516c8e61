/** Collects what a run violates, each thing once, with the virtual time. */
import type { RingViolation, World } from '@ipop/simulator'
import { PROBLEMS_KEPT_MAX } from '../limits.ts'

/** The violations of one run. */
export class Violations {
  readonly #world: World
  readonly #found = new Set<string>()
  readonly #texts: string[] = []

  constructor(world: World) {
    this.#world = world
  }

  /** How many there are. */
  get count(): number {
    return this.#texts.length
  }

  /** Returns them as sentences. */
  all(): readonly string[] {
    return this.#texts
  }

  /** Adds a violation unless it is known. */
  add(invariant: string, reason: string): void {
    const key = `${invariant}: ${reason}`
    if (this.#found.has(key) || this.#texts.length >= PROBLEMS_KEPT_MAX) return
    this.#found.add(key)
    this.#texts.push(`${key} (at ${(this.#world.elapsedMs() / 1000).toFixed(2)} s)`)
  }

  /** Adds what a checker of the ring found. */
  addAll(violations: readonly RingViolation[]): void {
    for (const { invariant, reason } of violations) this.add(invariant, reason)
  }
}
