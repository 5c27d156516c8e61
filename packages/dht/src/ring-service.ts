/** What the DHT needs of the ring it lives on; `OverlayNode` provides it. */
import type { Address } from '@ipop/address'
import type { CborValue, Malformed } from '@ipop/codec'

/** One answer to a call. */
export interface RingReply {
  readonly from: Address
  readonly result: CborValue
}

/** Who asks. */
export interface RingCaller {
  readonly source: Address
}

/** How a call finds its target. */
export interface RingCallOptions {
  readonly mode?: 'exact' | 'greedy'
  readonly timeoutMs?: number
}

/** The nearest peers on each side, nearest first. */
export interface RingNeighborhood {
  readonly left: readonly Address[]
  readonly right: readonly Address[]
}

/** The ring, as far as the DHT uses it. */
export interface RingService {
  readonly address: Address
  /** Calls `method` at `target` and resolves with the answers; rejects when none came. Calls to oneself are local. */
  call(
    target: Address,
    method: string,
    args: CborValue,
    options?: RingCallOptions,
  ): Promise<readonly RingReply[]>
  /** Serves `method` with `handler` for arguments that pass `schema`. */
  handle<T>(
    method: string,
    schema: (args: CborValue) => T | Malformed,
    handler: (args: T, caller: RingCaller) => CborValue | Promise<CborValue>,
  ): void
  /** Calls `listener` after every change of the near neighbours; returns what undoes that. */
  onNeighborsChanged(listener: () => void): () => void
  /** Returns the connected near neighbours. */
  nearNeighbors(): RingNeighborhood
}
