/** Asks several replicas at once and decides when enough of them have spoken. */
import { STRAGGLER_GRACE_MS } from '../limits.ts'
import type { Pauses } from '../pauses.ts'

/** How the questions stand. `answers` has a place for each, filled as they come in. */
export interface Gathered<T> {
  readonly answers: readonly (T | undefined)[]
  /** Questions answered. */
  readonly answered: number
  /** Questions neither answered nor failed. */
  readonly pending: number
}

/** Whether to go on waiting: `grace` gives stragglers a little more time. */
export type Verdict = 'wait' | 'grace' | 'done'

/** The answers when the decision fell, and a promise for when the last question is settled. */
export interface GatherResult<T> extends Gathered<T> {
  readonly settled: Promise<Gathered<T>>
}

/** Runs all questions in parallel; resolves when `judge` says so or nothing is pending. Failures count as no answer. */
export function gather<T>(
  pauses: Pauses,
  questions: readonly (() => Promise<T>)[],
  judge: (state: Gathered<T>) => Verdict,
): Promise<GatherResult<T>> {
  const answers: (T | undefined)[] = questions.map(() => undefined)
  const state = { answers, answered: 0, pending: questions.length }
  return new Promise((resolve) => {
    let isGraceRunning = false
    const finish = () => resolve({ ...state, answers: [...answers], settled })
    const review = () => {
      const verdict = state.pending === 0 ? 'done' : judge(state)
      if (verdict === 'done') return finish()
      if (verdict === 'wait' || isGraceRunning) return
      isGraceRunning = true
      void pauses.pause(STRAGGLER_GRACE_MS, 'dht stragglers').then(finish)
    }
    const settled = Promise.all(
      questions.map(async (ask, index) => {
        const answer = await ask().catch(() => undefined)
        answers[index] = answer
        if (answer !== undefined) state.answered++
        state.pending--
        review()
      }),
    ).then(() => state)
  })
}
