/** Asks ports who is behind them, resends, and verifies the answers. */
import type { Address } from '@ipop/address'
import { Malformed } from '@ipop/codec'
import type { Instant, Random } from '@ipop/runtime'
import { decodeNodeRecord, verifyNodeRecord } from '@ipop/security'
import type { HelloReply, PeerHint } from '../address/peer-hint.ts'
import type { TransportAddress } from '../address/transport-address.ts'
import type { Edge } from '../edge/edge.ts'
import {
  HELLO_BYTES,
  HELLO_BYTES_MIN,
  HELLO_RESEND_MAX_MS,
  HELLO_ROOM_BYTES,
  HELLO_SHORT_SENDS,
  HELLOS_PENDING_MAX,
  HINT_ENDPOINTS_MAX,
} from '../limits.ts'
import {
  decodeHelloReply,
  encodeHello,
  type Hello,
  HELLO_TRANSACTION_BYTES,
  type HelloReplyMessage,
  helloTransactionKey,
  transactionKey,
} from '../wire/hello.ts'

const RESEND_FIRST_MS = 250

interface PendingHello {
  readonly hello: Hello
  /** What is sent now. */
  bytes: Uint8Array
  sends: number
  readonly edges: Edge[]
  readonly giveUpAt: Instant
  readonly done: (reply: HelloReply | undefined) => void
  resendAt: Instant
  intervalMs: number
}

/** The asker's side of hellos: a machine that is told the time. */
export class HelloClient {
  readonly #random: Random
  readonly #wallTimeMs: () => number
  readonly #asker: Address
  readonly #shortBytes: number
  readonly #pending = new Map<string, PendingHello>()

  constructor(
    { random, wallTimeMs }: { random: Random; wallTimeMs: () => number },
    { asker, recordBytes }: { asker: Address; recordBytes: number },
  ) {
    this.#random = random
    this.#wallTimeMs = wallTimeMs
    this.#asker = asker
    const likeOwn = recordBytes + HELLO_ROOM_BYTES
    this.#shortBytes = Math.min(HELLO_BYTES, Math.max(HELLO_BYTES_MIN, likeOwn))
  }

  /** Starts asking; `done` is called once. Returns how to add an edge to ask over, or undefined when too many ask. */
  ask(
    { path, giveUpAt }: { path?: string | undefined; giveUpAt: Instant },
    done: (reply: HelloReply | undefined) => void,
    now: Instant,
  ): ((edge: Edge) => void) | undefined {
    if (this.#pending.size >= HELLOS_PENDING_MAX) return undefined
    const transaction = this.#random.bytes(HELLO_TRANSACTION_BYTES)
    const hello = { transaction, asker: this.#asker, ...(path === undefined ? {} : { path }) }
    const pending: PendingHello = {
      hello,
      bytes: encodeHello(hello, this.#shortBytes),
      sends: 1,
      edges: [],
      giveUpAt,
      done,
      resendAt: now + RESEND_FIRST_MS,
      intervalMs: RESEND_FIRST_MS,
    }
    const key = transactionKey(transaction)
    this.#pending.set(key, pending)
    return (edge) => {
      if (!this.#pending.has(key)) return
      pending.edges.push(edge)
      edge.send(pending.bytes)
    }
  }

  /** Returns whether a reply answers one of this client's hellos. */
  owns(reply: Uint8Array): boolean {
    return this.#pending.has(helloTransactionKey(reply))
  }

  /** Handles a reply; returns why it was dropped, if it was. A false reply does not end the asking. */
  handleReply(bytes: Uint8Array, edge: Edge): Malformed | HelloReply {
    const key = helloTransactionKey(bytes)
    const pending = this.#pending.get(key)
    if (!pending) return new Malformed('hello reply: not asked for')
    const message = decodeHelloReply(bytes)
    if (message instanceof Malformed) return message
    const hint = this.#verify(message, edge)
    if (hint instanceof Malformed) return hint
    this.#pending.delete(key)
    const reply = { hint, status: message.status, observed: message.observed }
    pending.done(reply)
    return reply
  }

  /** Returns when `handleTimeout` wants to be called. */
  pollTimeout(): Instant | undefined {
    let at: Instant | undefined
    for (const pending of this.#pending.values()) {
      const next = Math.min(pending.resendAt, pending.giveUpAt)
      if (at === undefined || next < at) at = next
    }
    return at
  }

  /** Resends and gives up what is due. */
  handleTimeout(now: Instant): void {
    for (const [key, pending] of this.#pending) {
      if (now >= pending.giveUpAt) {
        this.#pending.delete(key)
        pending.done(undefined)
      } else if (now >= pending.resendAt) {
        if (++pending.sends > HELLO_SHORT_SENDS) pending.bytes = encodeHello(pending.hello)
        for (const edge of pending.edges) edge.send(pending.bytes)
        pending.intervalMs = Math.min(pending.intervalMs * 2, HELLO_RESEND_MAX_MS)
        pending.resendAt = now + pending.intervalMs
      }
    }
  }

  /** Ends all asking without an answer. */
  close(): void {
    const all = [...this.#pending.values()]
    this.#pending.clear()
    for (const pending of all) pending.done(undefined)
  }

  #verify(message: HelloReplyMessage, edge: Edge): PeerHint | Malformed {
    const record = decodeNodeRecord(message.record.slice())
    if (record instanceof Malformed) return record
    if (!verifyNodeRecord(record, this.#wallTimeMs())) {
      return new Malformed('hello reply: node record does not verify')
    }
    if (record.address.equals(this.#asker)) return new Malformed('hello reply: answered by myself')
    const endpoints: TransportAddress[] = edge.remote ? [edge.remote] : []
    for (const endpoint of message.endpoints) {
      if (endpoints.length >= HINT_ENDPOINTS_MAX) break
      if (!endpoints.some((known) => known.equals(endpoint))) endpoints.push(endpoint)
    }
    return { address: record.address, sessionKey: record.sessionKey, endpoints }
  }
}
