/** Calls between nodes: requests that are resent until answered, and run at most once where they arrive. */
import type { Address } from '@ipop/address'
import type { CborValue } from '@ipop/codec'
import { Malformed } from '@ipop/codec'
import type { Instant, Log, Random, Runtime, TimerHandle } from '@ipop/runtime'
import type { OverlayError } from '../errors.ts'
import { BODY_BYTES_MAX, CALL_TIMEOUT_MS, REQUEST_RESENDS_MAX, REQUESTS_MAX } from '../limits.ts'
import type { HopTrust } from '../routing/hop-trust.ts'
import type { OverlayPacket } from '../wire/overlay-packet.ts'
import { PayloadKind, RoutingMode } from '../wire/overlay-packet.ts'
import type { ReplyBody } from '../wire/request-reply.ts'
import { decodeReply, encodeRequest, ReplyStatus } from '../wire/request-reply.ts'
import { failure, notRunning, remoteError, tooLarge, tooMany } from './call-errors.ts'
import type { DispatchTable } from './dispatch-table.ts'
import { RequestServer } from './request-server.ts'
import { RoundTripTimes } from './round-trip-times.ts'

/** One answer to a call. */
export interface CallReply {
  readonly from: Address
  readonly result: CborValue
  /** Ring hops the answer took. */
  readonly hops: number
}

/** How a call is made. */
export interface CallOptions {
  /** Which nodes answer: the precise one, the nearest, or both neighbours of an address. Default: exact. */
  readonly mode?: 'exact' | 'greedy' | 'both'
  /** Total time, milliseconds. */
  readonly timeoutMs?: number
  /** Shortest pause before the first resend, milliseconds: for what takes the other end a while. */
  readonly patienceMs?: number
  /**
   * Whether the first word that nobody is at the target ends the call, or that of others, who know better than a node without a
   * place: else the ring is given time to mend.
   */
  readonly acceptsRefusal?: boolean | 'of others'
  /** Answers to wait for: 1, or 2 with mode `both`. */
  readonly repliesMax?: number
}

/** Sends the packets that calls are made of. */
export interface PacketSender {
  /** Returns the neighbour that it was handed to: another than those in `tried` where there is one. */
  send(
    destination: Address,
    mode: RoutingMode,
    kind: PayloadKind,
    payload: Uint8Array,
    tried?: readonly Address[],
  ): Address | undefined
  /** Asks whether a neighbour is still there that was silent for `ms`. */
  doubt(hop: Address, ms: number): void
}

interface OpenCall {
  readonly id: number
  readonly target: Address
  readonly method: string
  readonly mode: RoutingMode
  readonly request: Uint8Array
  readonly repliesMax: number
  readonly startedAt: Instant
  readonly deadline: Instant
  readonly patienceMs: number
  readonly acceptsRefusal: boolean | 'of others'
  readonly replies: CallReply[]
  /** The neighbours that the request was handed to, in that order. */
  readonly tried: Address[]
  sentAt: Instant
  attempt: number
  isUnreachable: boolean
  timer: TimerHandle | undefined
  resolve(replies: CallReply[]): void
  reject(error: OverlayError): void
}

const MODES = {
  exact: RoutingMode.exact,
  greedy: RoutingMode.greedy,
  both: RoutingMode.both,
} as const

/** After the first of several answers, the others get at least this long, milliseconds. */
const LATE_REPLY_GRACE_MS = 50

/** Both sides of request and reply on one node. */
export class RequestReply {
  readonly #runtime: Runtime
  readonly #log: Log
  readonly #sender: PacketSender
  readonly #trust: Pick<HopTrust, 'lost' | 'answered'>
  readonly #server: RequestServer
  readonly #times = new RoundTripTimes()
  readonly #open = new Map<number, OpenCall>()
  #nextId: number
  #isClosed = false

  constructor(modules: {
    runtime: Runtime
    random: Random
    log: Log
    sender: PacketSender
    /** Learns by which neighbours calls are lost. */
    trust: Pick<HopTrust, 'lost' | 'answered'>
    dispatch: DispatchTable
  }) {
    this.#runtime = modules.runtime
    this.#log = modules.log
    this.#sender = modules.sender
    this.#trust = modules.trust
    this.#server = new RequestServer(modules)
    this.#nextId = modules.random.uint32()
  }

  /** The number of calls that wait for an answer. */
  get openCalls(): number {
    return this.#open.size
  }

  /** Calls `method` on the node or nodes that `options.mode` selects around `target`. */
  call(
    target: Address,
    method: string,
    args: CborValue,
    options: CallOptions = {},
  ): Promise<CallReply[]> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(notRunning(method))
      if (this.#open.size >= REQUESTS_MAX) return reject(tooMany(method))
      const now = this.#runtime.clock.now()
      const id = this.#nextId++ >>> 0
      const request = encodeRequest({ id, method, args })
      if (request.length > BODY_BYTES_MAX) return reject(tooLarge(method, request.length))
      const mode = MODES[options.mode ?? 'exact']
      const call: OpenCall = {
        id,
        target,
        method,
        mode,
        request,
        repliesMax: options.repliesMax ?? (mode === RoutingMode.both ? 2 : 1),
        startedAt: now,
        deadline: now + (options.timeoutMs ?? CALL_TIMEOUT_MS),
        patienceMs: options.patienceMs ?? 0,
        acceptsRefusal: options.acceptsRefusal ?? false,
        replies: [],
        tried: [],
        sentAt: now,
        attempt: 0,
        isUnreachable: false,
        timer: undefined,
        resolve,
        reject,
      }
      this.#open.set(id, call)
      this.#transmit(call, now)
    })
  }

  /** Accepts a packet of kind request or reply; its payload is borrowed. */
  receive(packet: OverlayPacket): void {
    if (packet.kind === PayloadKind.request) this.#server.serve(packet)
    else this.#complete(packet)
  }

  /** Tells the asker that its exact request met no such node. */
  refuse(packet: OverlayPacket): void {
    this.#server.refuse(packet)
  }

  /** Rejects every open call; later calls are refused. */
  close(): void {
    this.#isClosed = true
    this.#server.close()
    for (const call of this.#open.values()) {
      call.timer?.cancel()
      call.reject(notRunning(call.method))
    }
    this.#open.clear()
  }

  #transmit(call: OpenCall, now: Instant): void {
    const waitMs = Math.max(call.patienceMs, this.#times.timeoutMs(call.target, call.attempt))
    call.timer = this.#runtime.timers.at(
      Math.min(now + waitMs, call.deadline),
      'request',
      (later) => this.#expire(call, later),
    )
    const { target, mode, request, tried } = call
    call.sentAt = now
    const hop = this.#sender.send(target, mode, PayloadKind.request, request, tried)
    if (hop) tried.push(hop)
  }

  #expire(call: OpenCall, now: Instant): void {
    if (!this.#open.has(call.id)) return
    if (call.replies.length > 0) return this.#finish(call)
    if (now >= call.deadline || call.attempt >= REQUEST_RESENDS_MAX) {
      this.#open.delete(call.id)
      const { method, mode, attempt } = call
      this.#log.write('debug', 'call failed', { method, to: call.target.toString(), mode, attempt })
      call.reject(failure(call))
      return
    }
    const last = call.tried.at(-1)
    if (last) this.#sender.doubt(last, now - call.sentAt)
    call.attempt++
    this.#transmit(call, now)
  }

  #finish(call: OpenCall): void {
    call.timer?.cancel()
    this.#open.delete(call.id)
    call.resolve(call.replies)
  }

  #fail(call: OpenCall, error: OverlayError): void {
    call.timer?.cancel()
    this.#open.delete(call.id)
    call.reject(error)
  }

  #complete(packet: OverlayPacket): void {
    const reply = decodeReply(packet.payload)
    if (reply instanceof Malformed) {
      this.#log.write('debug', 'reply malformed', {
        from: packet.source.toString(),
        reason: reply.reason,
      })
      return
    }
    const call = this.#open.get(reply.id)
    if (!call || !this.#isExpected(call, packet)) return
    this.#settle(call, reply, packet)
  }

  #isExpected(call: OpenCall, packet: OverlayPacket): boolean {
    return call.mode !== RoutingMode.exact || packet.source.equals(call.target) || isRefusal(packet)
  }

  #settle(call: OpenCall, reply: ReplyBody, packet: OverlayPacket): void {
    const now = this.#runtime.clock.now()
    switch (reply.status) {
      case ReplyStatus.unreachable:
        if (call.acceptsRefusal === 'of others' && packet.source.equals(packet.destination)) return
        // The ring may be mending: the resend timer stays armed and decides.
        call.isUnreachable = true
        if (call.acceptsRefusal) this.#fail(call, failure(call))
        return
      case ReplyStatus.error: {
        const text = typeof reply.value === 'string' ? reply.value : 'an error without a text'
        return this.#fail(call, remoteError(call, text))
      }
      case ReplyStatus.result:
        if (call.attempt === 0) this.#times.record(call.target, now - call.startedAt)
        if (call.replies.length === 0) this.#judgeWays(call, now)
        this.#accept(call, { from: packet.source, result: reply.value, hops: packet.hops }, now)
    }
  }

  /** The answer came by the newest way, most likely; who should have answered was there, so the others lost the request. */
  #judgeWays({ tried, target }: OpenCall, now: Instant): void {
    const last = tried.at(-1)
    for (const hop of tried)
      if (last && !hop.equals(last) && !hop.equals(target)) this.#trust.lost(hop, now)
    if (last) this.#trust.answered(last)
  }

  #accept(call: OpenCall, reply: CallReply, now: Instant): void {
    if (call.replies.some((known) => known.from.equals(reply.from))) return
    call.replies.push(reply)
    if (call.replies.length >= call.repliesMax) return this.#finish(call)
    if (call.replies.length > 1) return
    call.timer?.cancel()
    const graceMs = Math.max(LATE_REPLY_GRACE_MS, now - call.startedAt)
    call.timer = this.#runtime.timers.at(
      Math.min(call.deadline, now + graceMs),
      'late replies',
      (later) => this.#expire(call, later),
    )
  }
}

function isRefusal(packet: OverlayPacket): boolean {
  const reply = decodeReply(packet.payload)
  return !(reply instanceof Malformed) && reply.status === ReplyStatus.unreachable
}
