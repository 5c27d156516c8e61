/** Finds nodes of the same namespace on the local networks by asking a multicast group; answers those that ask. */
import { equalBytes, Malformed } from '@ipop/codec'
import type {
  Clock,
  DatagramPort,
  Endpoint,
  Instant,
  Log,
  NetworkInterfaces,
  Random,
  TimerHandle,
  Timers,
} from '@ipop/runtime'
import { TransportAddress } from '../address/transport-address.ts'
import {
  LAN_ANSWERS_PER_SECOND_MAX,
  LAN_FOUND_MAX,
  LAN_PERIOD_MS,
  LAN_QUESTIONS_ENOUGH,
} from '../limits.ts'
import {
  decodeLanMessage,
  encodeLanMessage,
  LAN_NONCE_BYTES,
  type LanMessage,
} from '../wire/lan-discovery.ts'
import { lanLinks, lanTag } from './lan-groups.ts'
import { LanSockets } from './lan-sockets.ts'

/** Pauses between the first questions: the network may be as young as the node. */
const FIRST_PAUSES_MS = [250, 1_000, 3_000]

/** The ports LAN discovery uses. */
export interface LanRuntime {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly log: Log
  readonly datagrams: DatagramPort
  readonly interfaces: NetworkInterfaces
}

/** Who asks and answers. */
export interface LanDiscoveryOptions {
  readonly namespace: string
  /** Where hellos are answered; 0 for no port of that kind. */
  readonly udpPort: number
  readonly tcpPort: number
  /** Is told where a node of the namespace answered. Nothing is proved by that: it is a place to say hello to. */
  readonly found: (ta: TransportAddress) => void
}

/** Runs from `start` to `stop`. */
export class LanDiscovery {
  readonly #runtime: LanRuntime
  readonly #options: LanDiscoveryOptions
  readonly #tag: Uint8Array
  #sockets: LanSockets | undefined
  #openedFor = ''
  #isWhole = true
  #nonce: Uint8Array = new Uint8Array(LAN_NONCE_BYTES)
  #found = new Set<string>()
  /** Questions of others since the last one of this node. */
  #heard = 0
  #round = 0
  #answers = { second: 0, count: 0 }
  #timer: TimerHandle | undefined
  #work: Promise<void> = Promise.resolve()
  #isStopped = true

  constructor(runtime: LanRuntime, options: LanDiscoveryOptions) {
    this.#runtime = runtime
    this.#options = options
    this.#tag = lanTag(options.namespace)
  }

  /** Begins to ask and to answer. */
  start(): void {
    if (!this.#isStopped) return
    this.#isStopped = false
    this.networkChanged()
  }

  /** Asks anew: the neighbours may be others. */
  networkChanged(): void {
    if (this.#isStopped) return
    this.#round = 0
    this.#armIn(0)
  }

  /** Stops. */
  async stop(): Promise<void> {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#timer?.cancel()
    await this.#work
    await this.#sockets?.close()
  }

  #armIn(ms: number): void {
    this.#timer?.cancel()
    const at = this.#runtime.clock.now() + ms
    this.#timer = this.#runtime.timers.at(at, 'lan discovery', () => {
      this.#work = this.#work.then(() => this.#turn())
    })
  }

  async #turn(): Promise<void> {
    if (this.#isStopped) return
    if (await this.#reopen()) this.#round = 0
    if (this.#isStopped) return
    const pause = FIRST_PAUSES_MS[this.#round]
    // Where many nodes ask, a few of them find out for all whether there is another ring.
    if (pause !== undefined || this.#heard < LAN_QUESTIONS_ENOUGH) this.#ask()
    this.#heard = 0
    this.#round++
    const period = LAN_PERIOD_MS * (0.75 + 0.5 * this.#runtime.random.float())
    this.#armIn(pause ?? period)
  }

  /** Opens sockets for the interfaces of now; returns whether they are others than before. */
  async #reopen(): Promise<boolean> {
    const links = lanLinks(this.#runtime.interfaces.list())
    const name = links.map(({ device, host }) => `${device} ${host}`).join(', ')
    const isOther = name !== this.#openedFor
    // A young IPv6 address cannot be bound to before duplicates are ruled out (RFC 4862 section 5.4).
    if (!isOther && this.#isWhole) return false
    this.#openedFor = name
    await this.#sockets?.close()
    const { datagrams, log } = this.#runtime
    this.#sockets = new LanSockets({ datagrams, log }, (bytes, from) => this.#receive(bytes, from))
    this.#isWhole = await this.#sockets.open(links)
    return isOther
  }

  #ask(): void {
    if (this.#round === 0 || this.#round >= FIRST_PAUSES_MS.length) {
      this.#nonce = this.#runtime.random.bytes(LAN_NONCE_BYTES)
      this.#found.clear()
    }
    this.#sockets?.ask(encodeLanMessage(this.#message('question', this.#nonce)))
  }

  #receive(bytes: Uint8Array, from: Endpoint): void {
    if (this.#isStopped) return
    const message = decodeLanMessage(bytes)
    if (message instanceof Malformed || !equalBytes(message.tag, this.#tag)) return
    const isOwnNonce = equalBytes(message.nonce, this.#nonce)
    if (message.kind === 'answer' && isOwnNonce) this.#take(message, from)
    if (message.kind === 'question' && !isOwnNonce) this.#answer(message, from)
  }

  #take({ udpPort, tcpPort }: LanMessage, { host }: Endpoint): void {
    if (this.#found.size >= LAN_FOUND_MAX || !this.#sockets?.isNeighbor(host)) return
    if (udpPort === 0 && tcpPort === 0) return
    const ta =
      udpPort === 0
        ? TransportAddress.tcp({ host, port: tcpPort })
        : TransportAddress.udp({ host, port: udpPort })
    if (this.#found.has(ta.toString())) return
    this.#found.add(ta.toString())
    this.#options.found(ta)
  }

  #answer({ nonce }: LanMessage, from: Endpoint): void {
    if (!this.#sockets?.isNeighbor(from.host) || !this.#mayAnswer(this.#runtime.clock.now())) return
    this.#heard++
    this.#sockets.answer(encodeLanMessage(this.#message('answer', nonce)), from)
  }

  #mayAnswer(now: Instant): boolean {
    const second = Math.floor(now / 1_000)
    if (second !== this.#answers.second) this.#answers = { second, count: 0 }
    return ++this.#answers.count <= LAN_ANSWERS_PER_SECOND_MAX
  }

  #message(kind: LanMessage['kind'], nonce: Uint8Array): LanMessage {
    const { udpPort, tcpPort } = this.#options
    return { kind, udpPort, tcpPort, nonce, tag: this.#tag }
  }
}
