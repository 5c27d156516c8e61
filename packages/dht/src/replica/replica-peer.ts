/** Calls to other replicas, with their answers read and checked. */
import type { Address } from '@ipop/address'
import type { CborValue } from '@ipop/codec'
import { equalBytes, Malformed } from '@ipop/codec'
import { KEY_HASH_BYTES } from '../placement/placement.ts'
import type { EntryChecker } from '../entry/entry-checker.ts'
import { remainingMsOf, type Entry } from '../entry/entry.ts'
import { KEY_RECORDS_MAX, REQUEST_TIMEOUT_MS } from '../limits.ts'
import type { RingCallOptions, RingReply, RingService } from '../ring-service.ts'
import { GET_METHOD, readGetReply, writeGetRequest, type GetReply } from '../wire/get.ts'
import {
  HANDOVER_METHOD,
  readListReply,
  readOfferReply,
  readPushReply,
  writeHandoverRequest,
  type HandoverRequest,
  type ListReply,
  type Offer,
} from '../wire/handover.ts'
import type { HeldEntry, KeyedEntry } from '../wire/held-entry.ts'
import { PUT_METHOD, readPutReply, writePutRequest } from '../wire/put.ts'
import { allPages } from './pages.ts'

/** A verified entry and how long it may still live. */
export interface LiveEntry {
  readonly entry: Entry
  readonly remainingMs: number
}

/** What one replica said to a write. */
export type WriteAnswer =
  | { readonly kind: 'stored' }
  | { readonly kind: 'conflict' | 'stale'; readonly holder: LiveEntry }
  | { readonly kind: 'refused'; readonly reason: string }

/** Where a call goes: to a node, or to whoever is nearest to a position. */
export interface CallTarget {
  readonly address: Address
  readonly mode: 'exact' | 'greedy'
  readonly timeoutMs?: number
}

/** What calls are made with. */
export interface ReplicaPeerModules {
  readonly ring: RingService
  readonly checker: EntryChecker
  readonly wallTimeMs: () => number
}

/** Speaks to replicas. Every method rejects when there is no usable answer. */
export class ReplicaPeer {
  readonly #modules: ReplicaPeerModules

  constructor(modules: ReplicaPeerModules) {
    this.#modules = modules
  }

  /** Stores one entry. */
  async put(target: CallTarget, entry: Entry): Promise<WriteAnswer> {
    const request = writePutRequest({ keyHash: entry.keyHash, entry: entry.bytes })
    const reply = good(readPutReply((await this.#call(target, PUT_METHOD, request)).result))
    if (reply.kind === 'stored' || reply.kind === 'refused') return reply
    const holder = this.#live(entry.keyHash, reply.holder)
    return holder ? { kind: reply.kind, holder } : { kind: 'refused', reason: 'holder' }
  }

  /** Reads everything that a replica has for a key; entries that do not verify are left out. */
  async get(target: CallTarget, keyHash: Uint8Array): Promise<readonly LiveEntry[]> {
    const found: LiveEntry[] = []
    let next: Uint8Array | undefined
    let at = target
    let seen = 0
    while (seen < KEY_RECORDS_MAX) {
      const request = writeGetRequest({ keyHash, ...(next && { token: next }) })
      const reply = await this.#call(at, GET_METHOD, request)
      const page: GetReply = good(readGetReply(reply.result))
      found.push(...page.entries.flatMap((held) => this.#live(keyHash, held) ?? []))
      seen += page.entries.length
      if (page.entries.length === 0 || !isProgress(next, page.next)) return found
      next = page.next
      // The rest comes from whoever sent the first page: another replica's pages need not join on.
      at = { ...target, address: reply.from, mode: 'exact' }
    }
    return found
  }

  /** Offers keys and returns which of them are wanted. */
  async offer(target: CallTarget, offers: readonly Offer[]): Promise<readonly Offer[]> {
    const reply = await this.#handover(target, { kind: 'offer', offers })
    return good(readOfferReply(reply.result)).flatMap((index) => offers[index] ?? [])
  }

  /** Sends entries, in as many messages as it takes; returns how many are stored there now. */
  async push(target: CallTarget, entries: readonly KeyedEntry[]): Promise<number> {
    let accepted = 0
    for (const page of allPages(entries, (entry) => entry.bytes.length + KEY_HASH_BYTES)) {
      const reply = await this.#handover(target, { kind: 'push', entries: page })
      accepted += good(readPushReply(reply.result))
    }
    return accepted
  }

  /** Asks which keys a replica has with a position from `from` to `to`, one page, and who answered. */
  async list(
    target: CallTarget,
    range: { from: Address; to: Address; token?: Uint8Array },
  ): Promise<ListReply & { readonly replier: Address }> {
    const reply = await this.#handover(target, { kind: 'list', ...range })
    return { ...good(readListReply(reply.result)), replier: reply.from }
  }

  #handover(target: CallTarget, request: HandoverRequest): Promise<RingReply> {
    return this.#call(target, HANDOVER_METHOD, writeHandoverRequest(request))
  }

  async #call(target: CallTarget, method: string, args: CborValue): Promise<RingReply> {
    const options: RingCallOptions = {
      mode: target.mode,
      timeoutMs: target.timeoutMs ?? REQUEST_TIMEOUT_MS,
    }
    const [reply] = await this.#modules.ring.call(target.address, method, args, options)
    if (!reply) throw new Error(`${method}: no answer`)
    return reply
  }

  #live(keyHash: Uint8Array, held: HeldEntry): LiveEntry | undefined {
    const entry = this.#modules.checker.check(keyHash, held.bytes)
    if (typeof entry === 'string') return undefined
    const remainingMs = remainingMsOf(entry, held.remainingMs, this.#modules.wallTimeMs())
    return remainingMs > 0 ? { entry, remainingMs } : undefined
  }
}

/** Returns whether a page's token leads on: a replica that repeats itself must not keep its asker busy. */
export function isProgress(last: Uint8Array | undefined, next: Uint8Array | undefined): boolean {
  if (!next) return false
  return !last || (!equalBytes(last, next) && Buffer.compare(next, last) > 0)
}

function good<T>(value: T | Malformed): T {
  if (value instanceof Malformed) throw new Error(value.reason)
  return value
}
