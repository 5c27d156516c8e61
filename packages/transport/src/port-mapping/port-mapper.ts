/** Keeps this node's ports mapped at the gateway: asks every protocol, takes the best, renews, retries, removes. */
import type { Clock, Log, TimerHandle, Timers } from '@ipop/runtime'
import { TransportAddress } from '../address/transport-address.ts'
import {
  MAPPING_LIFETIME_SECONDS,
  MAPPING_RENEW_MIN_MS,
  MAPPING_RETRY_MAX_MS,
  MAPPING_RETRY_MIN_MS,
  MAPPING_SETTLE_MS,
} from '../limits.ts'
import { isPublicIpv4 } from './external-address.ts'
import type {
  GatewayAnswer,
  MappedPort,
  MappingClient,
  MappingClients,
  MappingProtocol,
  OfferedPort,
} from './types.ts'

/** What is known of one protocol: not asked yet, nobody answers, refused, or spoken. */
export interface ProtocolStatus {
  readonly protocol: MappingProtocol
  readonly state: 'silent' | 'refused' | 'available'
  /** Why the gateway refuses. */
  readonly reason?: string
}

/** What port mapping achieved so far. */
export interface PortMappingStatus {
  /**
   * Searching for a gateway, none that maps, mapped, or mapped at a gateway that has no public address itself, which
   * helps nobody outside.
   */
  readonly state: 'searching' | 'none' | 'mapped' | 'private'
  readonly protocols: readonly ProtocolStatus[]
  /** Transport addresses that lead here from everywhere. */
  readonly mapped: readonly string[]
  /** The address that the gateway has outside, where that is not a public one. */
  readonly privateHost?: string
}

interface Mapping {
  readonly client: MappingClient
  readonly wanted: OfferedPort
  readonly port: MappedPort
}

/** Runs from `start` to `stop` and never keeps anybody waiting. */
export class PortMapper {
  readonly #clock: Clock
  readonly #timers: Timers
  readonly #log: Log
  readonly #makeClients: MappingClients
  readonly #ports: readonly OfferedPort[]
  #clients: readonly MappingClient[] = []
  #mappings: readonly Mapping[] = []
  #protocols: readonly ProtocolStatus[] = []
  #privateHost: string | undefined
  #hasAsked = false
  #retryMs = MAPPING_RETRY_MIN_MS
  #timer: TimerHandle | undefined
  #round: Promise<void> = Promise.resolve()
  #isStopped = true

  constructor(
    modules: { clock: Clock; timers: Timers; log: Log; clients: MappingClients },
    { ports }: { readonly ports: readonly OfferedPort[] },
  ) {
    this.#clock = modules.clock
    this.#timers = modules.timers
    this.#log = modules.log
    this.#makeClients = modules.clients
    this.#ports = ports
  }

  /** Begins to look for a gateway. */
  start(): void {
    if (!this.#isStopped) return
    this.#isStopped = false
    this.#armIn(0)
  }

  /** Begins anew: another network has another gateway, and the mappings of the last one are out of reach. */
  networkChanged(): void {
    if (this.#isStopped) return
    const old = this.#clients
    this.#clients = []
    this.#mappings = []
    this.#retryMs = MAPPING_RETRY_MIN_MS
    for (const client of old) void client.close()
    this.#armIn(MAPPING_SETTLE_MS)
  }

  /** Returns the transport addresses that lead here from everywhere. */
  mapped(): TransportAddress[] {
    return this.#mappings
      .filter(({ port }) => isPublicIpv4(port.external.host))
      .map(({ wanted, port }) => TransportAddress[wanted.kind](port.external))
  }

  /** Returns what was achieved so far. */
  status(): PortMappingStatus {
    const mapped = this.mapped().map(String)
    const state = !this.#hasAsked
      ? 'searching'
      : mapped.length > 0
        ? 'mapped'
        : this.#privateHost === undefined
          ? 'none'
          : 'private'
    const privateHost = this.#privateHost
    return {
      state,
      protocols: this.#protocols,
      mapped,
      ...(privateHost === undefined ? {} : { privateHost }),
    }
  }

  /** Removes the mappings and stops. */
  async stop(): Promise<void> {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#timer?.cancel()
    const mappings = this.#mappings
    this.#mappings = []
    await Promise.all(mappings.map((each) => this.#remove(each)))
    await Promise.all(this.#clients.map((client) => client.close()))
    await this.#round
  }

  #armIn(ms: number): void {
    this.#timer?.cancel()
    if (this.#isStopped) return
    this.#timer = this.#timers.at(this.#clock.now() + ms, 'port mapping', () => {
      this.#round = this.#round.then(() => this.#runRound())
    })
  }

  async #runRound(): Promise<void> {
    if (this.#isStopped) return
    if (this.#mappings.length === 0) await this.#find()
    const clients = this.#clients
    await this.#mapAll(clients)
    // The network changed meanwhile: the next round is armed, and this one says nothing about it.
    if (this.#isStopped || clients !== this.#clients) return
    this.#hasAsked = true
    this.#armIn(this.#pauseMs())
  }

  /** Asks all protocols at once; those that answer are left, best first. */
  async #find(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()))
    const all = this.#makeClients()
    this.#clients = all
    const answers = await Promise.all(all.map((client) => client.probe()))
    if (this.#isStopped || this.#clients !== all) return
    this.#protocols = all.map(({ protocol }, at) => statusOf(protocol, answers[at]))
    this.#log.write('debug', 'gateway asked', { protocols: this.#protocols })
    this.#clients = all.filter((_, at) => answers[at]?.kind === 'agreed')
    const others = all.filter((client) => !this.#clients.includes(client))
    await Promise.all(others.map((client) => client.close()))
  }

  async #mapAll(clients: readonly MappingClient[]): Promise<void> {
    const mappings: Mapping[] = []
    for (const wanted of this.#ports) {
      const mapping = await this.#map(clients, wanted)
      if (mapping !== undefined) mappings.push(mapping)
    }
    if (this.#isStopped || clients !== this.#clients) {
      // Made while `stop` was removing the others.
      await Promise.all(mappings.map((each) => this.#remove(each)))
      return
    }
    this.#take(mappings)
  }

  async #map(clients: readonly MappingClient[], wanted: OfferedPort): Promise<Mapping | undefined> {
    const known = this.#mappings.find((each) => each.wanted === wanted)
    for (const client of clients) {
      if (this.#isStopped) return undefined
      const externalPort = known?.port.external.port ?? wanted.port
      const request = { ...wanted, externalPort, lifetimeSeconds: MAPPING_LIFETIME_SECONDS }
      const answer = await client.map(request)
      if (answer.kind === 'agreed' && isUsable(answer.value)) {
        return { client, wanted, port: answer.value }
      }
      if (answer.kind === 'refused') this.#noteRefusal(client.protocol, answer.reason)
      this.#log.write('debug', 'port not mapped', { ...wanted, by: client.protocol, answer })
    }
    return undefined
  }

  /** A gateway may speak a protocol and refuse all the same. */
  #noteRefusal(protocol: MappingProtocol, reason: string): void {
    this.#protocols = this.#protocols.map((each) =>
      each.protocol === protocol ? { protocol, state: 'refused', reason } : each,
    )
  }

  #take(mappings: readonly Mapping[]): void {
    const before = this.mapped().join(' ')
    this.#mappings = mappings
    this.#privateHost = mappings.find(({ port }) => !isPublicIpv4(port.external.host))?.port
      .external.host
    const after = this.mapped().join(' ')
    if (after !== before) this.#log.write('info', 'ports mapped', { at: after })
  }

  /** Half the lifetime that the gateway granted, or a growing pause while there is nothing to renew. */
  #pauseMs(): number {
    if (this.#mappings.length > 0) {
      this.#retryMs = MAPPING_RETRY_MIN_MS
      const lifetimes = this.#mappings.map(({ port }) => port.lifetimeMs / 2)
      const renewMs = Math.min(...lifetimes, (1_000 * MAPPING_LIFETIME_SECONDS) / 2)
      return Math.max(renewMs, MAPPING_RENEW_MIN_MS)
    }
    const pause = this.#retryMs
    this.#retryMs = Math.min(2 * pause, MAPPING_RETRY_MAX_MS)
    return pause
  }

  #remove({ client, wanted, port }: Mapping): Promise<void> {
    return client.unmap({ ...wanted, externalPort: port.external.port })
  }
}

/** A gateway without an address outside, or one that grants no time, did not map anything. */
function isUsable({ external, lifetimeMs }: MappedPort): boolean {
  const isPlace = external.port > 0 && external.port <= 65_535
  return isPlace && lifetimeMs > 0 && external.host !== ''
}

function statusOf(
  protocol: MappingProtocol,
  answer: GatewayAnswer<void> | undefined,
): ProtocolStatus {
  if (answer === undefined || answer.kind === 'silent') return { protocol, state: 'silent' }
  if (answer.kind === 'agreed') return { protocol, state: 'available' }
  return { protocol, state: 'refused', reason: answer.reason }
}
