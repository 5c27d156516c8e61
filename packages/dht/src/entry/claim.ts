/** Which of two entries stands: the rule that replicas, readers and owners all apply. */
import type { Entry } from './entry.ts'

/** The part of an entry that decides between two owners. */
export type Claim = Pick<Entry, 'isExclusive' | 'isTentative' | 'claimedAtMs' | 'owner'>

/** Returns whether two live entries of one key cannot both stand: different owners, and one wants the key for itself. */
export function areRivals(a: Claim, b: Claim): boolean {
  return (a.isExclusive || b.isExclusive) && !a.owner.equals(b.owner)
}

/**
 * Returns whether `a` stands and its rival `b` gives way. An exclusive entry that a majority once granted beats a tentative
 * claim, and both beat shared values; of two of a kind the earlier first claim wins, and of two claims in the same
 * millisecond the lower address. The times are the owners' own: members of one group trust each other that far, and
 * outsiders cannot write at all.
 */
export function winsOver(a: Claim, b: Claim): boolean {
  const rankA = rankOf(a)
  const rankB = rankOf(b)
  if (rankA !== rankB) return rankA > rankB
  if (a.claimedAtMs !== b.claimedAtMs) return a.claimedAtMs < b.claimedAtMs
  return a.owner.compare(b.owner) < 0
}

function rankOf(claim: Claim): number {
  if (!claim.isExclusive) return 0
  return claim.isTentative ? 1 : 2
}
