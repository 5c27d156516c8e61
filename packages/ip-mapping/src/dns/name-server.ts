/** The name server at the server address of the virtual network. */
import { Malformed } from '@ipop/codec'
import type { Instant } from '@ipop/runtime'
import { writeIpv4, type Ipv4 } from '../ip/ipv4-address.ts'
import type { Ipv4Network } from '../ip/ipv4-network.ts'
import { hostKey, readIpValue } from '../keys.ts'
import type { DhtMachine, DhtRequest, DhtResult, Wakeup } from '../lease/dht-machine.ts'
import {
  DHT_VALUES_CONSIDERED_MAX,
  DNS_ANSWER_TIMEOUT_MS,
  DNS_DHT_TTL_SECONDS_MAX,
  DNS_MESSAGE_BYTES_MAX,
  DNS_NEGATIVE_TTL_SECONDS,
  DNS_PENDING_MAX,
  DNS_TTL_SECONDS,
} from '../limits.ts'
import type { StoredValue } from '../services.ts'
import {
  decodeDnsQuery,
  DNS_RCODE,
  DNS_TYPE,
  encodeDnsName,
  encodeDnsResponse,
  type DnsAnswer,
  type DnsQueryMessage,
  type DnsQuestion,
  type DnsRcode,
} from '../wire/dns.ts'
import { NameCache } from './name-cache.ts'
import { isOwnDomain, reverseAddress, staticAddress, staticName } from './static-names.ts'

/** Sends a question to another name server; resolves with its answer, or undefined when there is none. */
export type DnsQuery = (question: Uint8Array) => Promise<Uint8Array | undefined>

/** How a name server is set up. */
export interface NameServerOptions {
  readonly namespace: string
  readonly mode: 'StaticDns' | 'DhtDns'
  /** Whether questions about foreign names are passed on. */
  readonly isForwarding: boolean
}

/** What the name server wants done. */
export type NameServerOutput<Client> =
  | { readonly kind: 'reply'; readonly client: Client; readonly message: Uint8Array }
  | { readonly kind: 'forward'; readonly id: number; readonly question: Uint8Array }

interface Pending<Client> {
  readonly client: Client
  readonly query: DnsQueryMessage
  readonly question: DnsQuestion
  readonly network: Ipv4Network
  readonly startedAt: Instant
}

/** Answers questions; `Client` is whatever the owner needs to send the answer back. */
export class NameServer<Client> implements DhtMachine {
  readonly #options: NameServerOptions
  readonly #cache = new NameCache()
  readonly #pending = new Map<number, Pending<Client>>()
  readonly #requests: DhtRequest[] = []
  readonly #outputs: NameServerOutput<Client>[] = []
  #nextId = 1

  constructor(options: NameServerOptions) {
    this.#options = options
  }

  /** Takes a message from a client. */
  handleMessage(message: Uint8Array, client: Client, network: Ipv4Network, now: Instant): void {
    const query = decodeDnsQuery(message)
    if (query instanceof Malformed) return
    const { question } = query
    if (query.opcode !== 0) return this.#reply(client, query, DNS_RCODE.notImplemented)
    if (question === undefined) return this.#reply(client, query, DNS_RCODE.formatError)
    const pending = { client, query, question, network, startedAt: now }
    const reverse = question.type === DNS_TYPE.ptr ? reverseAddress(question.name) : undefined
    const isOurs =
      isOwnDomain(question.name) || (reverse !== undefined && network.contains(reverse))
    if (!isOurs) return this.#forward(pending, message)
    if (question.class !== 1 && question.class !== 255) {
      return this.#reply(client, query, DNS_RCODE.notImplemented)
    }
    if (question.type === DNS_TYPE.ptr) return this.#answerReverse(pending, reverse, now)
    this.#answerForward(pending, now)
  }

  /** Takes the answer to a forwarded question. */
  handleForwarded(id: number, answer: Uint8Array | undefined): void {
    const pending = this.#pending.get(id)
    if (pending === undefined) return
    this.#pending.delete(id)
    const { client, query } = pending
    if (answer === undefined || answer.length < 12 || answer.length > DNS_MESSAGE_BYTES_MAX) {
      return this.#reply(client, query, DNS_RCODE.serverFailure, [], false)
    }
    this.#outputs.push({ kind: 'reply', client, message: answer })
  }

  /** Returns the next thing to do. */
  pollOutput(): NameServerOutput<Client> | undefined {
    return this.#outputs.shift()
  }

  /** Returns the next DHT request. */
  pollRequest(): DhtRequest | undefined {
    return this.#requests.shift()
  }

  /** Returns when the oldest question must be answered. */
  pollTimeout(): Wakeup | undefined {
    const oldest = this.#pending.values().next()
    if (oldest.done === true) return undefined
    return { at: oldest.value.startedAt + DNS_ANSWER_TIMEOUT_MS, reason: 'name server answer' }
  }

  /** Answers overdue questions with a failure. */
  handleTimeout(now: Instant): void {
    for (const [id, { client, query, startedAt }] of this.#pending) {
      if (startedAt + DNS_ANSWER_TIMEOUT_MS > now) return
      this.#pending.delete(id)
      this.#reply(client, query, DNS_RCODE.serverFailure, [], false)
    }
  }

  /** Takes the result of DHT request `id`. */
  handleResult(id: number, result: DhtResult, now: Instant): void {
    const pending = this.#pending.get(id)
    if (pending === undefined) return
    this.#pending.delete(id)
    const { client, query, question } = pending
    if (result.kind !== 'values') return this.#reply(client, query, DNS_RCODE.serverFailure)
    const found = registeredAddress(result.values, pending.network)
    const ttlSeconds = Math.min(
      found?.ttlSeconds ?? DNS_NEGATIVE_TTL_SECONDS,
      DNS_DHT_TTL_SECONDS_MAX,
    )
    this.#cache.set(question.name, { ip: found?.ip, expiresAt: now + ttlSeconds * 1_000 })
    this.#answerAddress(pending, found?.ip, Math.max(1, Math.floor(ttlSeconds)))
  }

  #answerForward(pending: Pending<Client>, now: Instant): void {
    const { client, query, question, network } = pending
    const { name, type } = question
    if (type !== DNS_TYPE.a && type !== DNS_TYPE.aaaa && type !== DNS_TYPE.any) {
      return this.#reply(client, query, DNS_RCODE.notImplemented)
    }
    const computed = staticAddress(name, network)
    if (computed !== undefined) return this.#answerAddress(pending, computed, DNS_TTL_SECONDS)
    if (this.#options.mode === 'StaticDns') return this.#reply(client, query, DNS_RCODE.nameError)
    const known = this.#cache.get(name, now)
    if (known === undefined) return this.#lookUp(pending)
    this.#answerAddress(pending, known.ip, Math.max(1, Math.floor((known.expiresAt - now) / 1_000)))
  }

  #answerReverse(pending: Pending<Client>, ip: Ipv4 | undefined, now: Instant): void {
    const { client, query } = pending
    if (ip === undefined) return this.#reply(client, query, DNS_RCODE.nameError)
    const registered = this.#options.mode === 'DhtDns' ? this.#cache.nameOf(ip, now) : undefined
    const data = encodeDnsName(registered ?? staticName(ip))
    const ttlSeconds = registered === undefined ? DNS_TTL_SECONDS : DNS_DHT_TTL_SECONDS_MAX
    this.#reply(client, query, DNS_RCODE.noError, [{ type: DNS_TYPE.ptr, ttlSeconds, data }])
  }

  /** A name without the asked type of address still exists: "no data" is no error (RFC 2308 §2.2). */
  #answerAddress(pending: Pending<Client>, ip: Ipv4 | undefined, ttlSeconds: number): void {
    const { client, query, question } = pending
    if (ip === undefined) return this.#reply(client, query, DNS_RCODE.nameError)
    if (question.type === DNS_TYPE.aaaa) return this.#reply(client, query, DNS_RCODE.noError)
    const data = new Uint8Array(4)
    writeIpv4(data, 0, ip)
    this.#reply(client, query, DNS_RCODE.noError, [{ type: DNS_TYPE.a, ttlSeconds, data }])
  }

  #lookUp(pending: Pending<Client>): void {
    const id = this.#wait(pending)
    if (id === undefined) return
    const key = hostKey(this.#options.namespace, pending.question.name)
    this.#requests.push({ id, kind: 'get', key })
  }

  #forward(pending: Pending<Client>, message: Uint8Array): void {
    const { client, query } = pending
    if (!this.#options.isForwarding) {
      return this.#reply(client, query, DNS_RCODE.refused, [], false)
    }
    const id = this.#wait(pending)
    if (id !== undefined) this.#outputs.push({ kind: 'forward', id, question: message.slice() })
  }

  #wait(pending: Pending<Client>): number | undefined {
    if (this.#pending.size >= DNS_PENDING_MAX) {
      this.#reply(pending.client, pending.query, DNS_RCODE.serverFailure, [], false)
      return undefined
    }
    const id = this.#nextId
    this.#nextId += 1
    this.#pending.set(id, pending)
    return id
  }

  #reply(
    client: Client,
    query: DnsQueryMessage,
    rcode: DnsRcode,
    answers: readonly DnsAnswer[] = [],
    isAuthoritative = true,
  ): void {
    const message = encodeDnsResponse(query, rcode, answers, isAuthoritative)
    this.#outputs.push({ kind: 'reply', client, message })
  }
}

/** Addresses outside the virtual network are not believed: a name must not lead a browser to 127.0.0.1. */
function registeredAddress(
  values: readonly StoredValue[],
  network: Ipv4Network,
): { ip: Ipv4; ttlSeconds: number } | undefined {
  for (const stored of values.slice(0, DHT_VALUES_CONSIDERED_MAX)) {
    const ip = readIpValue(stored.value)
    if (!(ip instanceof Malformed) && network.isUsable(ip))
      return { ip, ttlSeconds: stored.ttlSeconds }
  }
  return undefined
}
