/** The first `count` seeds of one scenario. */
export interface SeedPlan {
  readonly argv: readonly string[]
  readonly count: number
}

export const TEST_SEEDS: readonly SeedPlan[]
export const NIGHTLY_SEEDS: readonly SeedPlan[]
