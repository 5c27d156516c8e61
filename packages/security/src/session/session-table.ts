/** The sessions of one endpoint, found by session key, by address and by receiver index. */
import { Address } from '@ipop/address'
import { latin1Of } from '@ipop/codec'
import type { Session } from './session.ts'
import type { SessionPath } from './session-types.ts'

/** Three indexes over the same sessions, and the order in which half-open ones came. */
export class SessionTable<P extends SessionPath> {
  readonly #byKey = new Map<string, Session<P>>()
  readonly #byAddress = new Map<string, Session<P>>()
  readonly #byIndex = new Map<number, Session<P>>()
  readonly #halfOpen = new Set<Session<P>>()

  /** How many sessions there are. */
  get size(): number {
    return this.#byKey.size
  }

  /** How many of them are half open. */
  get halfOpenCount(): number {
    return this.#halfOpen.size
  }

  /** Returns the session with the owner of a session key or of an address. */
  get(name: Address | Uint8Array): Session<P> | undefined {
    return name instanceof Address ? this.#byAddress.get(name.key) : this.#byKey.get(latin1Of(name))
  }

  /** Returns the session that a receiver index leads to. */
  byIndex(index: number): Session<P> | undefined {
    return this.#byIndex.get(index)
  }

  /** Returns all sessions. */
  all(): IterableIterator<Session<P>> {
    return this.#byKey.values()
  }

  /** Adds a session. */
  add(session: Session<P>): void {
    this.#byKey.set(latin1Of(session.peer.sessionKey), session)
    this.nameByAddress(session)
  }

  /** Makes `session` the one of its peer's address, unless there is one already. */
  nameByAddress(session: Session<P>): void {
    const key = session.peer.address?.key
    if (key !== undefined && !this.#byAddress.has(key)) this.#byAddress.set(key, session)
  }

  /** Makes an established session the one of its peer's address; returns the other session that was. */
  claimAddress(session: Session<P>): Session<P> | undefined {
    const key = session.peer.address?.key
    if (key === undefined) return undefined
    const other = this.#byAddress.get(key)
    this.#byAddress.set(key, session)
    return other === session ? undefined : other
  }

  /** Removes a session; its indexes go by releaseIndex. */
  remove(session: Session<P>): void {
    const key = latin1Of(session.peer.sessionKey)
    if (this.#byKey.get(key) === session) this.#byKey.delete(key)
    const address = session.peer.address?.key
    if (address !== undefined && this.#byAddress.get(address) === session) {
      this.#byAddress.delete(address)
    }
    this.#halfOpen.delete(session)
  }

  /** Lets `index` lead to `session`. */
  setIndex(index: number, session: Session<P>): void {
    this.#byIndex.set(index, session)
  }

  /** Lets `index` lead nowhere. */
  deleteIndex(index: number): void {
    this.#byIndex.delete(index)
  }

  /** Notes that `session` is half open, or no longer. */
  markHalfOpen(session: Session<P>, isHalfOpen: boolean): void {
    if (isHalfOpen) this.#halfOpen.add(session)
    else this.#halfOpen.delete(session)
  }

  /** Returns the half-open session that has waited longest. */
  oldestHalfOpen(): Session<P> | undefined {
    for (const session of this.#halfOpen) {
      if (session.isHalfOpen) return session
      this.#halfOpen.delete(session)
    }
    return undefined
  }
}
