/** The side of request and reply that answers: each request runs at most once, and its reply finds a way back. */
import type { Address } from '@ipop/address'
import { Malformed } from '@ipop/codec'
import type { Log, Runtime } from '@ipop/runtime'
import { BODY_BYTES_MAX, REQUEST_RESENDS_MAX } from '../limits.ts'
import type { OverlayPacket } from '../wire/overlay-packet.ts'
import { PayloadKind, RoutingMode } from '../wire/overlay-packet.ts'
import { decodeRequest, encodeReply, ReplyStatus, requestId } from '../wire/request-reply.ts'
import type { CallOutcome, DispatchTable } from './dispatch-table.ts'
import { ReplyCache } from './reply-cache.ts'
import { ReplyWays } from './reply-ways.ts'
import type { PacketSender } from './request-reply.ts'

/** Answers the requests that arrive at one node. */
export class RequestServer {
  readonly #runtime: Pick<Runtime, 'clock'>
  readonly #log: Log
  readonly #sender: PacketSender
  readonly #dispatch: DispatchTable
  readonly #cache = new ReplyCache()
  readonly #ways = new ReplyWays()
  #isClosed = false

  constructor(modules: {
    runtime: Pick<Runtime, 'clock'>
    log: Log
    sender: PacketSender
    dispatch: DispatchTable
  }) {
    this.#runtime = modules.runtime
    this.#log = modules.log
    this.#sender = modules.sender
    this.#dispatch = modules.dispatch
  }

  /** Tells the asker that its exact request met no such node. */
  refuse(packet: OverlayPacket): void {
    const id = requestId(packet.payload)
    if (id === undefined || packet.kind !== PayloadKind.request) return
    this.#reply(packet.source, encodeReply({ id, status: ReplyStatus.unreachable, value: null }))
  }

  /** Sends no reply from now on. */
  close(): void {
    this.#isClosed = true
  }

  /** Runs the method that a request asks for, and answers; its payload is borrowed. */
  serve(packet: OverlayPacket): void {
    const { source, hops } = packet
    const request = decodeRequest(packet.payload)
    if (request instanceof Malformed) {
      this.#log.write('debug', 'request malformed', {
        from: source.toString(),
        reason: request.reason,
      })
      return
    }
    const isRepeatable = this.#dispatch.isRepeatable(request.method)
    const now = this.#runtime.clock.now()
    const seen = isRepeatable ? undefined : this.#cache.begin(source, request.id, now)
    // Who asks from next door is answered there; a request from afar that comes again has its replies lost on the way.
    const tried = hops > 1 ? this.#ways.of(source, request.id, now) : undefined
    if (seen?.kind === 'answered') this.#reply(source, seen.reply, tried)
    if (seen) return
    void this.#dispatch.call(request.method, request.args, { source, hops }).then((outcome) => {
      const reply = encodeOutcome(request.id, outcome)
      if (!isRepeatable) this.#cache.answer(source, request.id, reply)
      if (!this.#isClosed) this.#reply(source, reply, tried)
    })
  }

  #reply(destination: Address, reply: Uint8Array, tried?: Address[]): void {
    const { exact } = RoutingMode
    const hop = this.#sender.send(destination, exact, PayloadKind.reply, reply, tried)
    if (hop && tried && tried.length <= REQUEST_RESENDS_MAX) tried.push(hop)
  }
}

function encodeOutcome(id: number, outcome: CallOutcome): Uint8Array {
  if (!outcome.ok)
    return encodeReply({ id, status: ReplyStatus.error, value: outcome.message.slice(0, 500) })
  const reply = encodeReply({ id, status: ReplyStatus.result, value: outcome.value })
  if (reply.length <= BODY_BYTES_MAX) return reply
  return encodeReply({
    id,
    status: ReplyStatus.error,
    value: `the result has ${reply.length} bytes, too many`,
  })
}
