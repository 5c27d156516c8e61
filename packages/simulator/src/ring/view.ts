/** What the ring checkers look at: plain data that any overlay can be turned into. */

/** A ring address as the checkers need it; `Address` of `@ipop/address` fits. */
export interface RingAddress {
  /** Twenty bytes, big-endian. */
  readonly bytes: Uint8Array
  /** Returns its text form, for messages. */
  toString(): string
}

/** What one node believes about the ring. Left is clockwise, towards larger addresses. */
export interface RingNodeView {
  readonly address: RingAddress
  /** Whether the node runs; the beliefs of a dead node are not looked at. */
  readonly isAlive: boolean
  /** The next node clockwise; undefined when the node knows nobody. */
  readonly left?: RingAddress | undefined
  /** The next node counter-clockwise. */
  readonly right?: RingAddress | undefined
  /** Near nodes clockwise, nearest first. */
  readonly nearLeft?: readonly RingAddress[]
  /** Near nodes counter-clockwise, nearest first. */
  readonly nearRight?: readonly RingAddress[]
  /** Every node it has a connection with. */
  readonly connections: readonly RingAddress[]
}

/** The invariants of the ring, by the numbers of docs/SIMULATION.md. */
export type RingInvariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I10' | 'I11'

/** One thing that is wrong with a ring. */
export interface RingViolation {
  readonly invariant: RingInvariant
  /** The node that shows it. */
  readonly node?: RingAddress
  /** What is wrong, as a sentence. */
  readonly reason: string
}
