/** The search for a UPnP gateway on the network of one address. */
import { Malformed } from '@ipop/codec'
import type { DatagramSocket } from '@ipop/runtime'
import { UPNP_SEARCH_MS } from '../../limits.ts'
import type { ExchangeRuntime } from '../gateway-exchange.ts'
import { type DescriptionPlace, readSearchAnswer, searchRequest, SSDP_GROUP } from './ssdp.ts'

const SECOND_SEARCH_MS = 500

/** Asks once and again, and waits. */
export class GatewaySearch {
  readonly #runtime: ExchangeRuntime
  readonly #client: string
  readonly #gateway: string | undefined
  #found: DescriptionPlace | undefined
  #end: () => void = () => undefined

  /** `client` is the address to ask from; the answer of `gateway` is better than any other. */
  constructor(
    runtime: ExchangeRuntime,
    { client, gateway }: { readonly client: string; readonly gateway?: string | undefined },
  ) {
    this.#runtime = runtime
    this.#client = client
    this.#gateway = gateway
  }

  /** Returns where a gateway describes itself, undefined when none answers. */
  async run(): Promise<DescriptionPlace | undefined> {
    this.#found = undefined
    const handlers = {
      onDatagram: (bytes: Uint8Array, from: { host: string }) => this.#take(bytes, from.host),
      onError: () => this.#end(),
    }
    const bound = this.#runtime.datagrams.bind({ host: this.#client, port: 0 }, handlers)
    // An address that is gone finds no gateway; the mapper looks again when the network changed.
    const socket = await bound.catch(() => undefined)
    if (socket === undefined) return undefined
    await this.#wait(socket)
    await socket.close()
    return this.#found
  }

  /** Ends the search. */
  stop(): void {
    this.#end()
  }

  #wait(socket: DatagramSocket): Promise<void> {
    const { clock, timers } = this.#runtime
    const question = searchRequest()
    return new Promise((resolve) => {
      const now = clock.now()
      const again = timers.at(now + SECOND_SEARCH_MS, 'repeat gateway search', () =>
        socket.send(question, SSDP_GROUP),
      )
      const over = timers.at(now + UPNP_SEARCH_MS, 'end gateway search', () => this.#end())
      this.#end = () => {
        again.cancel()
        over.cancel()
        resolve()
      }
      socket.send(question, SSDP_GROUP)
    })
  }

  #take(bytes: Uint8Array, sender: string): void {
    const place = readSearchAnswer(bytes, sender)
    if (place instanceof Malformed) return
    const isRouter = this.#gateway === undefined || sender === this.#gateway
    if (isRouter || this.#found === undefined) this.#found = place
    if (isRouter) this.#end()
  }
}
