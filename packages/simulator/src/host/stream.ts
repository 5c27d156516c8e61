/** One end of a simulated stream: ordered, reliable, with a window and with a limit to its patience. */
import type { Endpoint, Stream, StreamHandlers } from '@ipop/runtime'
import { socketError } from '../errors.ts'
import {
  STREAM_HIGH_WATER_BYTES,
  STREAM_RETRANSMIT_MS,
  STREAM_SEGMENT_BYTES,
  STREAM_STALL_MAX_MS,
  STREAM_WINDOW_BYTES,
} from '../limits.ts'
import type { SocketModules } from './datagrams.ts'

/** What travels along a stream. */
type Segment =
  | { readonly kind: 'data'; readonly bytes: Uint8Array; readonly at: number }
  | { readonly kind: 'end' | 'reset'; readonly at: number }

/** A stream in the simulated network. */
export class SimStream implements Stream {
  readonly local: Endpoint
  readonly remote: Endpoint
  readonly #modules: SocketModules
  #peer: SimStream | undefined
  #handlers: StreamHandlers | undefined
  #unsent: Uint8Array[] = []
  #unsentBytes = 0
  #flight: Segment[] = []
  #flightBytes = 0
  #lastArrival = 0
  #stalledSince: number | undefined
  #wantsDrain = false
  #isEnding = false
  #isEndSent = false
  #isEndAcknowledged = false
  #isEndReceived = false
  #isClosed = false

  constructor(modules: SocketModules, local: Endpoint, remote: Endpoint) {
    this.#modules = modules
    this.local = local
    this.remote = remote
  }

  /** Connects this end with the other; nothing sent arrives before `readyAt`. */
  join(peer: SimStream, handlers: StreamHandlers | undefined, readyAt: number): void {
    this.#peer = peer
    this.#handlers = handlers
    peer.#lastArrival = Math.max(peer.#lastArrival, readyAt)
    this.#pump()
  }

  get queuedBytes(): number {
    return this.#unsentBytes
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isEnding || this.#isClosed) return false
    for (let start = 0; start < bytes.length; start += STREAM_SEGMENT_BYTES) {
      this.#unsent.push(new Uint8Array(bytes.subarray(start, start + STREAM_SEGMENT_BYTES)))
    }
    this.#unsentBytes += bytes.length
    this.#pump()
    if (this.#unsentBytes < STREAM_HIGH_WATER_BYTES) return true
    this.#wantsDrain = true
    return false
  }

  close(abort?: boolean): void {
    if (this.#isClosed) return
    if (abort === true) {
      this.#unsent = []
      this.#unsentBytes = 0
      this.#launch({ kind: 'reset', at: this.#arrivalOf(0) })
      this.#modules.process.schedule(this.#now(), () => this.#finish())
      return
    }
    this.#isEnding = true
    this.#pump()
  }

  #now(): number {
    return this.#modules.network.modules.scheduler.now
  }

  #pump(): void {
    if (this.#peer === undefined || this.#isClosed) return
    while (this.#flightBytes < STREAM_WINDOW_BYTES) {
      const bytes = this.#unsent.shift()
      if (bytes === undefined) break
      this.#unsentBytes -= bytes.length
      this.#flightBytes += bytes.length
      this.#modules.host.stats.streamBytesSent += bytes.length
      this.#launch({ kind: 'data', bytes, at: this.#arrivalOf(bytes.length) })
    }
    if (this.#unsent.length > 0) return
    if (this.#isEnding && !this.#isEndSent) {
      this.#isEndSent = true
      this.#launch({ kind: 'end', at: this.#arrivalOf(0) })
    }
    if (!this.#wantsDrain) return
    this.#wantsDrain = false
    this.#modules.process.schedule(this.#now(), () => {
      if (!this.#isClosed) this.#handlers?.onDrain()
    })
  }

  /** Returns when a segment sent now arrives: after those before it, and after its own retransmissions. */
  #arrivalOf(length: number): number {
    const { host, network } = this.#modules
    const peer = this.#peer as SimStream
    const link = network.linkBetween(host, peer.#modules.host)
    let at = this.#now() + network.delay(host, link, length + 40)
    while (network.chance(Math.min(link.lossProbability, 0.9))) at += STREAM_RETRANSMIT_MS
    this.#lastArrival = Math.max(this.#lastArrival, at)
    return this.#lastArrival
  }

  #launch(segment: Segment): void {
    this.#flight.push(segment)
    if (this.#flight.length === 1) this.#awaitHead(segment.at)
  }

  #awaitHead(at: number): void {
    this.#modules.network.modules.scheduler.schedule(at, (now) => this.#headArrives(now))
  }

  #headArrives(now: number): void {
    const peer = this.#peer as SimStream
    const { host, process, network } = this.#modules
    const segment = this.#flight[0]
    if (segment === undefined || (!process.isAlive && segment.kind === 'data')) return
    const peerHost = peer.#modules.host
    const cut = network.modules.reachability.cutBetween(host.place, peerHost.place)
    if (cut !== undefined || !peerHost.isUp) return this.#stall(now)
    this.#stalledSince = undefined
    if (!peer.#modules.process.isAlive) {
      process.enter(now, () => this.#finish(socketError('ECONNRESET', 'the peer restarted')))
      return
    }
    peer.#modules.process.enter(now, (then) => {
      this.#flight.shift()
      peer.#receive(segment, then)
      if (segment.kind === 'data') this.#flightBytes -= segment.bytes.length
      if (segment.kind === 'end') this.#isEndAcknowledged = true
      const next = this.#flight[0]
      if (next !== undefined) this.#awaitHead(next.at)
      this.#modules.process.enter(then, () => this.#afterArrival())
    })
  }

  #afterArrival(): void {
    if (this.#isEndAcknowledged && this.#isEndReceived) this.#finish()
    else this.#pump()
  }

  #stall(now: number): void {
    this.#stalledSince ??= now
    if (now - this.#stalledSince < STREAM_STALL_MAX_MS) {
      this.#awaitHead(now + STREAM_RETRANSMIT_MS)
      return
    }
    const error = socketError('ETIMEDOUT', 'the peer does not answer')
    this.#modules.process.enter(now, () => this.#finish(error))
  }

  #receive(segment: Segment, now: number): void {
    if (this.#isClosed) return
    switch (segment.kind) {
      case 'data':
        return this.#receiveData(segment.bytes, now)
      case 'reset':
        return this.#finish(socketError('ECONNRESET', 'reset by the peer'))
      case 'end':
        this.#isEndReceived = true
        this.#isEnding = true
        if (this.#isEndAcknowledged) this.#finish()
        else this.#pump()
    }
  }

  #receiveData(bytes: Uint8Array, now: number): void {
    const { stats, trace } = this.#modules.network.modules
    stats.streamBytesDelivered += bytes.length
    this.#modules.host.stats.streamBytesReceived += bytes.length
    trace.add('stream', now, this.remote, this.local, bytes)
    this.#handlers?.onData(bytes)
    bytes.fill(0xdb)
  }

  #finish(error?: Error): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#unsent = []
    this.#unsentBytes = 0
    if (error !== undefined) this.#flight = []
    this.#handlers?.onClose(error)
  }
}
