/** Time as protocol code sees it: a monotonic instant handed in, and timers that call back with one. */

/** Milliseconds since the runtime started; monotonic, fractions allowed. Only differences mean anything. */
export type Instant = number

/** Reads the time. */
export interface Clock {
  /** Returns the monotonic time. */
  now(): Instant
  /** Returns milliseconds since 1970-01-01T00:00Z, for expiry dates that leave this machine. */
  wallTimeMs(): number
}

/** A timer that has been armed. */
export interface TimerHandle {
  /** Disarms the timer; does nothing once it has fired. */
  cancel(): void
}

/** Arms timers. */
export interface Timers {
  /** Calls `fire` once at `when` or as soon after as possible. `reason` names the timer in traces. */
  at(when: Instant, reason: string, fire: (now: Instant) => void): TimerHandle
}
