/** Arrays of sockets: many ports of a random NAT opened towards one peer, so that one of its guesses hits. */
import type { Clock, Timers } from '@ipop/runtime'
import type { TransportAddress } from '../address/transport-address.ts'
import type { DatagramReceiver, EdgeListener } from '../edge/edge.ts'
import { PORT_ARRAY_KEPT_MAX, PORT_ARRAY_SOCKETS_MAX, PORT_ARRAYS_MAX } from '../limits.ts'

/** Sockets opened together; the next ones after a pause, so that the node serves others in between. */
const BATCH = 32
const BATCH_PAUSE_MS = 10
/** A second packet from each port keeps the mapping and makes up for a lost one. */
const REPEAT_MS = 2_000
/** What was not hit by then is closed: a burst takes 1.6 s. */
const CLOSE_MS = 5_000

/** What an array is opened for. */
export interface PortArrayRequest {
  /** Opens one more socket. */
  openSocket(): Promise<EdgeListener>
  readonly towards: TransportAddress
  /** Returns the datagram to send, if there is a key. */
  datagram(): Uint8Array | undefined
  /** Whether a path goes over the socket. */
  isUsed(socket: EdgeListener): boolean
  /** Whether there is still no better way. */
  isWanted(): boolean
  /** All ports are open. */
  onOpen(): void
}

/** The arrays of one node. */
export class PortArrays {
  readonly #clock: Clock
  readonly #timers: Timers
  readonly #receiver: DatagramReceiver
  #kept: { socket: EdgeListener; isUsed: () => boolean }[] = []
  #open = 0
  #isClosed = false

  constructor(
    { clock, timers }: { clock: Clock; timers: Timers },
    { receiver }: { receiver: DatagramReceiver },
  ) {
    this.#clock = clock
    this.#timers = timers
    this.#receiver = receiver
  }

  /** Opens an array; returns false when there is no room for one now. */
  open(request: PortArrayRequest): boolean {
    this.#sweep()
    if (this.#isClosed || this.#open >= PORT_ARRAYS_MAX) return false
    if (this.#kept.length >= PORT_ARRAY_KEPT_MAX) return false
    this.#open++
    void this.#run(request).finally(() => this.#open--)
    return true
  }

  /** Closes every socket. */
  async close(): Promise<void> {
    this.#isClosed = true
    const kept = this.#kept.splice(0)
    await Promise.all(kept.map(({ socket }) => socket.close()))
  }

  async #run(request: PortArrayRequest): Promise<void> {
    const sockets: EdgeListener[] = []
    while (sockets.length < PORT_ARRAY_SOCKETS_MAX && !this.#isClosed && request.isWanted()) {
      const batch = await Promise.allSettled(
        Array.from({ length: BATCH }, () => request.openSocket()),
      )
      const opened = batch.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
      for (const socket of opened) socket.attach(this.#receiver)
      send(opened, request)
      sockets.push(...opened)
      // The system has no more sockets to give: the array is as large as it gets.
      if (opened.length < BATCH) break
      await this.#pause(BATCH_PAUSE_MS)
    }
    if (!this.#isClosed && request.isWanted() && sockets.length > 0) {
      request.onOpen()
      await this.#pause(REPEAT_MS)
      if (request.isWanted()) send(sockets, request)
      await this.#pause(CLOSE_MS - REPEAT_MS)
    }
    const used = this.#isClosed ? [] : sockets.filter((socket) => request.isUsed(socket))
    this.#kept.push(...used.map((socket) => ({ socket, isUsed: () => request.isUsed(socket) })))
    await Promise.all(sockets.flatMap((socket) => (used.includes(socket) ? [] : [socket.close()])))
  }

  /** Closes sockets whose channel has found another path or is gone. */
  #sweep(): void {
    this.#kept = this.#kept.filter(({ socket, isUsed }) => {
      if (isUsed()) return true
      void socket.close()
      return false
    })
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#timers.at(this.#clock.now() + ms, 'port array', () => resolve())
    })
  }
}

function send(sockets: readonly EdgeListener[], request: PortArrayRequest): void {
  for (const socket of sockets) {
    const bytes = request.datagram()
    const edge = bytes && socket.dial(request.towards)
    if (bytes && edge && !(edge instanceof Promise)) edge.send(bytes)
  }
}
