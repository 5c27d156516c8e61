/** Whether the peer is still there: silence, probes, misses. */
import type { Instant, Random } from '@ipop/runtime'
import {
  ANSWER_MS,
  IDLE_PROBE_MS,
  LOST_SILENCE_MIN_MS,
  PROBE_MISSES_MAX,
  PROBE_MISSES_SUSPECT,
  UNANSWERED_PROBE_MS,
} from '../limits.ts'

/** The end that probes first and the other one wait for different shares of the interval, so that one probe serves both. */
const SHARE_FIRST = { from: 0.85, to: 0.95 }
const SHARE_SECOND = { from: 1, to: 1.1 }

/** Time for the peer's own probe to arrive. */
const GRACE_MS = 500

/** The same for a peer that is watched closely: the silence was short, so that more probes must fail. */
const GRACE_CLOSE_MS = 1_500

/** What is to be tried at last begins this long before the peer counts as lost. */
const LAST_CHANCE_MS = 1_000

/** What the channel has to do. `suspect` and `lost` are told once per silence. */
export type LivenessAdvice = 'probe' | 'probe all' | 'suspect' | 'lost'

type LivenessState =
  | { readonly kind: 'quiet'; readonly share: number }
  | {
      readonly kind: 'probing'
      readonly misses: number
      readonly missAt: Instant
      /** Not lost before: a peer that moved while idle shows up with its own probe. */
      readonly graceUntil: Instant
    }
  | { readonly kind: 'lost' }

/** Judges by time alone: anything authenticated that arrives is a sign of life. */
export class Liveness {
  /** After this much silence the peer is probed. */
  idleProbeMs: number
  /** When the peer was last heard. */
  lastHeardAt: Instant
  /** When the peer last turned out to be there after a probe was missed. */
  recoveredAt: Instant = Number.NEGATIVE_INFINITY
  /** Whether this end probes before the other one. */
  readonly isFirst: boolean
  readonly #random: Random
  #state: LivenessState
  /** When the first frame went out that nothing was heard after. */
  #unansweredSince: Instant | undefined

  constructor(
    { random }: { random: Random },
    { idleProbeMs, isFirst, now }: { idleProbeMs: number; isFirst: boolean; now: Instant },
  ) {
    this.#random = random
    this.isFirst = isFirst
    this.idleProbeMs = idleProbeMs
    this.lastHeardAt = now
    this.#state = this.#quiet()
  }

  /**
   * Sets after how much silence the peer is probed; a peer that misses probes is decided on as soon as one watched like that.
   * Returns whether that is new.
   */
  watch(idleProbeMs: number): boolean {
    if (idleProbeMs === this.idleProbeMs) return false
    const isCloser = idleProbeMs < this.idleProbeMs
    this.idleProbeMs = idleProbeMs
    if (!isCloser || this.#state.kind !== 'probing') return true
    const graceUntil = Math.min(this.#state.graceUntil, this.#ownProbeBy())
    this.#state = { ...this.#state, graceUntil }
    return true
  }

  /** Misses in a row. */
  get misses(): number {
    return this.#state.kind === 'probing' ? this.#state.misses : 0
  }

  /**
   * How often the time for an answer has doubled. Once only where the peer is watched closely: there are many probes in a
   * short time then, which a lossy path does not lose all.
   */
  get backoff(): number {
    return this.idleProbeMs < IDLE_PROBE_MS ? Math.min(this.misses, 1) : this.misses
  }

  /** Whether a probe waits for its answer: another one sent meanwhile must not put its miss off. */
  get isProbing(): boolean {
    return this.#state.kind === 'probing'
  }

  /** Whether the owner was warned and nothing was heard since. */
  get isSuspect(): boolean {
    return this.misses >= PROBE_MISSES_SUSPECT
  }

  /** Returns whether little time is left before the peer counts as lost. */
  isNearlyLost(now: Instant): boolean {
    return this.#state.kind === 'probing' && this.isSuspect
      ? now >= this.#state.graceUntil - LAST_CHANCE_MS
      : false
  }

  /** Whether frames were sent that nothing was heard after. */
  get isUnanswered(): boolean {
    return this.#unansweredSince !== undefined
  }

  /** Notes a sign of life. */
  heard(now: Instant): void {
    this.lastHeardAt = now
    this.#unansweredSince = undefined
    if (this.misses > 0) this.recoveredAt = now
    if (this.#state.kind === 'probing') this.#state = this.#quiet()
  }

  /**
   * Notes that something was sent; returns when `handleTimeout` wants to be called. What is sent right after something came
   * is mostly the answer to it, and has none itself: a peer that restarts in that moment is missed by what is sent later.
   */
  sent(now: Instant): Instant {
    const isAnswer = now - this.lastHeardAt < ANSWER_MS
    if (this.#state.kind === 'quiet' && !isAnswer) this.#unansweredSince ??= now
    return this.pollTimeout()
  }

  /** Notes that a probe was sent for liveness and when it counts as missed. */
  probeSent(missAt: Instant): void {
    if (this.#state.kind === 'lost') return
    const graceUntil = this.#state.kind === 'probing' ? this.#state.graceUntil : this.#grace(missAt)
    this.#state = { kind: 'probing', misses: this.misses, missAt, graceUntil }
  }

  /** Returns when `handleTimeout` wants to be called. */
  pollTimeout(): Instant {
    switch (this.#state.kind) {
      case 'quiet':
        return Math.min(
          this.lastHeardAt + this.idleProbeMs * this.#state.share,
          (this.#unansweredSince ?? Number.POSITIVE_INFINITY) + UNANSWERED_PROBE_MS,
        )
      case 'probing':
        return this.#state.missAt
      case 'lost':
        return Number.POSITIVE_INFINITY
    }
  }

  /** Returns what is due; the caller sends the probe and calls `probeSent`. */
  handleTimeout(now: Instant): LivenessAdvice | undefined {
    if (now < this.pollTimeout()) return undefined
    if (this.#state.kind !== 'probing') return 'probe'
    const misses = this.#state.misses + 1
    if (misses >= PROBE_MISSES_MAX) {
      if (now < this.#state.graceUntil) return 'probe all'
      this.#state = { kind: 'lost' }
      return 'lost'
    }
    this.#state = { ...this.#state, misses }
    return misses >= PROBE_MISSES_SUSPECT ? 'suspect' : 'probe all'
  }

  /** A probe after silence waits for the peer's own one; a probe that was asked for does not, unless the peer was heard just now. */
  #grace(missAt: Instant): Instant {
    const isIdle = missAt - this.lastHeardAt >= this.idleProbeMs * SHARE_FIRST.from
    return isIdle ? this.#ownProbeBy() : Math.max(missAt, this.lastHeardAt + LOST_SILENCE_MIN_MS)
  }

  #ownProbeBy(): Instant {
    const graceMs = this.idleProbeMs < IDLE_PROBE_MS ? GRACE_CLOSE_MS : GRACE_MS
    return this.lastHeardAt + this.idleProbeMs * SHARE_SECOND.to + graceMs
  }

  #quiet(): LivenessState {
    const { from, to } = this.isFirst ? SHARE_FIRST : SHARE_SECOND
    return { kind: 'quiet', share: from + this.#random.float() * (to - from) }
  }
}
