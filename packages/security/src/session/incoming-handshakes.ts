/** What a session remembers of its peer's initiations: enough to refuse replays and to answer resends. */
import { latin1Of } from '@ipop/codec'
import type { Instant } from '@ipop/runtime'
import { mac1Of } from '../handshake/macs.ts'
import { RESPONSE_BURST_MAX, RESPONSE_REFILL_MS } from '../limits.ts'
import { TokenBucket } from './rates.ts'
import { copyBytes } from '../primitives/bytes.ts'

/** What becomes of an initiation of a known peer. */
export type IncomingJudgement =
  | { readonly kind: 'answer' }
  | { readonly kind: 'repeat'; readonly datagram: Uint8Array }
  | { readonly kind: 'drop' }

/** Orders one peer's initiations by their time stamps and limits the answers. */
export class IncomingHandshakes {
  // Made when they are first needed: who only dials answers nothing.
  #answers: TokenBucket | undefined
  // Separate, so that replays of an old initiation cannot use up what a new one needs.
  #repeats: TokenBucket | undefined
  /** As text, which takes less memory than an array of bytes. */
  #lastTimestamp: string | undefined
  #answer: { readonly mac1: Uint8Array; readonly datagram: Uint8Array } | undefined

  /** Returns what to do with `initiation`, which carries `timestamp`. */
  judge(timestamp: Uint8Array, initiation: Uint8Array, now: Instant): IncomingJudgement {
    const last = this.#lastTimestamp
    const order = last === undefined ? 1 : compareTexts(latin1Of(timestamp), last)
    if (order < 0) return { kind: 'drop' }
    if (order > 0) return { kind: (this.#answers ??= newBucket()).take(now) ? 'answer' : 'drop' }
    // The same initiation again: it was resent, came over another path, or is a replay, which gains nothing by this.
    const answer = this.#answer
    const isSame = answer !== undefined && Buffer.compare(answer.mac1, mac1Of(initiation)) === 0
    if (!isSame || !(this.#repeats ??= newBucket()).take(now)) return { kind: 'drop' }
    return { kind: 'repeat', datagram: answer.datagram }
  }

  /** Notes that `initiation` was answered with `datagram`. */
  answered(timestamp: Uint8Array, initiation: Uint8Array, datagram: Uint8Array): void {
    this.#lastTimestamp = latin1Of(timestamp)
    this.#answer = { mac1: copyBytes(mac1Of(initiation)), datagram }
  }

  /** Forgets the answer: the peer has it, so that the same initiation can only be a replay. */
  confirmed(): void {
    this.#answer = undefined
  }
}

function compareTexts(one: string, other: string): number {
  return one === other ? 0 : one < other ? -1 : 1
}

function newBucket(): TokenBucket {
  return new TokenBucket({ burst: RESPONSE_BURST_MAX, refillMs: RESPONSE_REFILL_MS })
}
