/** The members of the multicast group, read from the DHT while somebody sends to it. */
import type { Address } from '@ipop/address'
import { Malformed } from '@ipop/codec'
import type { Instant } from '@ipop/runtime'
import { multicastKey, readAddressValue } from '../keys.ts'
import type { DhtMachine, DhtRequest, DhtResult, Wakeup } from '../lease/dht-machine.ts'
import { RequestLedger } from '../lease/request-ledger.ts'
import { MULTICAST_MEMBERS_MAX, MULTICAST_REFRESH_MS } from '../limits.ts'

/** A list that refreshes itself when it is used. */
export class MemberList implements DhtMachine {
  readonly #options: { readonly namespace: string; readonly self: Address }
  readonly #ledger = new RequestLedger()
  #members: readonly Address[] = []
  #refreshAt = Number.NEGATIVE_INFINITY

  constructor(options: { namespace: string; self: Address }) {
    this.#options = options
  }

  /** Returns the other members known now, and asks for news when the list is old. */
  members(now: Instant): readonly Address[] {
    if (now >= this.#refreshAt && !this.#ledger.isPending) {
      this.#refreshAt = now + MULTICAST_REFRESH_MS
      this.#ledger.send({ kind: 'get', key: multicastKey(this.#options.namespace) }, now)
    }
    return this.#members
  }

  /** Returns the next request to make. */
  pollRequest(): DhtRequest | undefined {
    return this.#ledger.poll()
  }

  /** Returns when an unanswered request is given up. */
  pollTimeout(): Wakeup | undefined {
    if (!this.#ledger.isPending) return undefined
    return { at: this.#ledger.deadline, reason: 'look for multicast members' }
  }

  /** Gives up an unanswered request. */
  handleTimeout(now: Instant): void {
    this.#ledger.expire(now)
  }

  /** Takes the result of request `id`. */
  handleResult(id: number, result: DhtResult): void {
    this.#ledger.takeAbandoned(id)
    if (this.#ledger.take(id) === undefined || result.kind !== 'values') return
    const members = new Map<string, Address>()
    for (const stored of result.values) {
      const address = readAddressValue(stored.value)
      if (address instanceof Malformed || !address.equals(stored.owner)) continue
      if (address.equals(this.#options.self)) continue
      if (members.size >= MULTICAST_MEMBERS_MAX) break
      members.set(address.key, address)
    }
    this.#members = [...members.values()]
  }
}
