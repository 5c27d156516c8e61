/** Questions to a gateway over UDP: repeated until the answer comes, taken only from the gateway. */
import { Malformed } from '@ipop/codec'
import type { Clock, DatagramPort, DatagramSocket, TimerHandle, Timers } from '@ipop/runtime'
import { MAPPING_RESEND_MS, MAPPING_SENDS_MAX } from '../limits.ts'
import { GATEWAY_PORT } from '../wire/port-mapping.ts'

/** The ports an exchange uses. */
export interface ExchangeRuntime {
  readonly clock: Clock
  readonly timers: Timers
  readonly datagrams: DatagramPort
}

/** One question. */
export interface GatewayQuestion<T> {
  readonly bytes: Uint8Array
  /** Reads what came from the gateway; undefined when it does not answer this question. */
  read(bytes: Uint8Array): T | Malformed | undefined
}

/** Asks one gateway, one question at a time: simple gateways lose what comes too quickly. */
export class GatewayExchange {
  readonly #runtime: ExchangeRuntime
  readonly #gateway: string
  #socket: Promise<DatagramSocket> | undefined
  #handle: (bytes: Uint8Array) => void = () => undefined
  #turn: Promise<unknown> = Promise.resolve()
  #isClosed = false
  #giveUp: () => void = () => undefined

  constructor(runtime: ExchangeRuntime, options: { readonly gateway: string }) {
    this.#runtime = runtime
    this.#gateway = options.gateway
  }

  /** Returns the answer, or undefined when none came. `sendsMax` bounds how often the question is put. */
  ask<T>(question: GatewayQuestion<T>, sendsMax = MAPPING_SENDS_MAX): Promise<T | undefined> {
    const answer = this.#turn.then(() => this.#ask(question, sendsMax))
    this.#turn = answer
    return answer
  }

  /** Gives up what is asked and closes the socket. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#giveUp()
    const socket = await this.#socket?.catch(() => undefined)
    await socket?.close()
  }

  async #ask<T>(question: GatewayQuestion<T>, sendsMax: number): Promise<T | undefined> {
    const socket = await this.#open()
    if (socket === undefined || this.#isClosed) return undefined
    return new Promise((resolve) => {
      let timer: TimerHandle | undefined
      const end = (answer: T | undefined) => {
        timer?.cancel()
        this.#handle = () => undefined
        this.#giveUp = () => undefined
        resolve(answer)
      }
      const send = (sent: number) => {
        if (sent === sendsMax) return end(undefined)
        socket.send(question.bytes, { host: this.#gateway, port: GATEWAY_PORT })
        const at = this.#runtime.clock.now() + MAPPING_RESEND_MS * 2 ** sent
        timer = this.#runtime.timers.at(at, 'repeat to gateway', () => send(sent + 1))
      }
      this.#giveUp = () => end(undefined)
      this.#handle = (bytes) => {
        const answer = question.read(bytes)
        if (answer !== undefined && !(answer instanceof Malformed)) end(answer)
      }
      send(0)
    })
  }

  async #open(): Promise<DatagramSocket | undefined> {
    if (this.#isClosed) return undefined
    this.#socket ??= this.#runtime.datagrams.bind(
      { host: '0.0.0.0', port: 0 },
      {
        onDatagram: (bytes, from) => {
          if (from.host === this.#gateway && from.port === GATEWAY_PORT) this.#handle(bytes)
        },
        onError: () => this.#giveUp(),
      },
    )
    // Without a socket the gateway is as good as silent, and the next round tries again.
    return this.#socket.catch(() => undefined)
  }
}
