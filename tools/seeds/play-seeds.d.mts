/** Part of what `npm run simulate -- --json` tells about one seed. */
export interface SeedReport {
  readonly seed: string
  readonly ok: boolean
  readonly problems: readonly string[]
  readonly traceHash: string
}

export function playSeeds(
  program: string,
  argv: readonly string[],
  range: { readonly first: number; readonly last: number },
): Promise<SeedReport[]>

export function repeatSample(
  program: string,
  argv: readonly string[],
  reports: readonly SeedReport[],
): Promise<{ readonly played: number; readonly differing: readonly string[] }>
