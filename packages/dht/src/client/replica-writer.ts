/** Writes one entry to its eight replicas and counts what they say. */
import type { Address } from '@ipop/address'
import type { Entry } from '../entry/entry.ts'
import {
  PUT_LATER_MS,
  READ_CERTAIN,
  ROUND_PAUSE_MAX_MS,
  ROUND_PAUSE_MS,
  WRITE_QUORUM,
} from '../limits.ts'
import type { DhtModules } from '../modules.ts'
import type { Pauses } from '../pauses.ts'
import { replicaPositions } from '../placement/placement.ts'
import type { CallTarget, LiveEntry, ReplicaPeer, WriteAnswer } from '../replica/replica-peer.ts'
import { gather, type Gathered, type Verdict } from './gather.ts'

/** What the replicas said to one entry. */
export interface WriteTally {
  readonly stored: number
  readonly answered: number
  /** Entries of others that stand in the way. */
  readonly rivals: readonly LiveEntry[]
  /** Newer entries of the same owner. */
  readonly newer: readonly LiveEntry[]
  /** Why replicas refused. */
  readonly reasons: readonly string[]
}

/** What a writer is built from. */
export interface ReplicaWriterModules extends Pick<DhtModules, 'random' | 'log'> {
  readonly peer: ReplicaPeer
  readonly pauses: Pauses
}

/** Writes entries. */
export class ReplicaWriter {
  readonly #modules: ReplicaWriterModules

  constructor(modules: ReplicaWriterModules) {
    this.#modules = modules
  }

  /** Sends `entry` to all positions; resolves when the outcome cannot change any more, or stragglers had their time. */
  async write(entry: Entry): Promise<WriteTally> {
    const { pauses } = this.#modules
    const questions = replicaPositions(entry.keyHash).map(
      (address) => () => this.#put(address, entry),
    )
    const result = await gather(pauses, questions, verdictOf)
    return tally(result.answers)
  }

  /** Asks one position; where nothing answers it is asked once more after a while, whatever the others said meanwhile. */
  async #put(address: Address, entry: Entry): Promise<WriteAnswer> {
    const target = { address, mode: 'greedy' } as const
    try {
      return await this.#modules.peer.put(target, entry)
    } catch (error) {
      // A claim is decided by then.
      if (!entry.isTentative) this.#putLater(target, entry)
      throw error
    }
  }

  #putLater(target: CallTarget, entry: Entry): void {
    const { peer, pauses, random, log } = this.#modules
    pauses
      .pause(PUT_LATER_MS * (0.5 + random.float()), 'dht put later')
      .then((isElapsed) => (isElapsed ? peer.put(target, entry) : undefined))
      .catch((error: unknown) =>
        log.write('debug', 'dht put was not answered', { to: target.address, error }),
      )
  }

  /** Waits before round `round` (from 0) of a write; false when the DHT closes. */
  pauseBeforeRetry(round: number): Promise<boolean> {
    const baseMs = Math.min(ROUND_PAUSE_MAX_MS, ROUND_PAUSE_MS * 2 ** round)
    return this.#modules.pauses.pause(baseMs * (0.5 + this.#modules.random.float()), 'dht retry')
  }
}

function verdictOf(state: Gathered<WriteAnswer>): Verdict {
  const stored = state.answers.filter((answer) => answer?.kind === 'stored').length
  const isDecided = stored >= WRITE_QUORUM || stored + state.pending < WRITE_QUORUM
  if (!isDecided) return 'wait'
  return state.answered >= READ_CERTAIN ? 'done' : 'grace'
}

function tally(answers: readonly (WriteAnswer | undefined)[]): WriteTally {
  const given = answers.filter((answer) => answer !== undefined)
  const rivals = new Map<string, LiveEntry>()
  const newer: LiveEntry[] = []
  const reasons: string[] = []
  for (const answer of given) {
    if (answer.kind === 'conflict') rivals.set(answer.holder.entry.slotId, answer.holder)
    else if (answer.kind === 'stale') newer.push(answer.holder)
    else if (answer.kind === 'refused') reasons.push(answer.reason)
  }
  return {
    stored: given.filter(({ kind }) => kind === 'stored').length,
    answered: given.length,
    rivals: [...rivals.values()],
    newer,
    reasons,
  }
}
