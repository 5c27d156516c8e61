/** A lease of a virtual address on a simulated node, run by the product's own lease code. */
import { Malformed } from '@ipop/codec'
import { DhtMachineDriver, formatIpv4, Ipv4Network, Lease } from '@ipop/ip-mapping'
import type { SimulatedNode } from './simulated-node.ts'

const NAMESPACE = 'simulate'
const LEASE_SECONDS = 3_600

/** Network, broadcast, server, and the second of the first pair are never leased. */
const RESERVED_ADDRESSES = 4

/** Returns the smallest network from which `count` addresses can be leased, and how many it has. */
export function poolFor(count: number): { network: Ipv4Network; size: number } {
  const hostBits = Math.max(3, Math.ceil(Math.log2(count + RESERVED_ADDRESSES)))
  const base = 0x0a80_0000
  const network = Ipv4Network.create(base, (0xffff_ffff << hostBits) >>> 0)
  if (network instanceof Malformed) throw new Error(network.reason)
  return { network, size: 2 ** hostBits - RESERVED_ADDRESSES }
}

/** Gets and keeps an address for one node. */
export class LeaseHolder {
  readonly node: SimulatedNode
  readonly #lease: Lease
  /** Virtual time from the wish to the first address. */
  acquiredAfterMs: number | undefined
  /** How often the address was given up because somebody else had it too. */
  conflicts = 0

  constructor(node: SimulatedNode, network: Ipv4Network) {
    if (node.dht === undefined) throw new Error('a lease needs a DHT')
    this.node = node
    const { clock, timers, random, log } = node.host.runtime
    const startedAt = clock.now()
    this.#lease = new Lease(
      { random: random.fork('lease'), log },
      {
        namespace: NAMESPACE,
        self: node.overlay.address,
        network,
        leaseSeconds: LEASE_SECONDS,
        mode: { kind: 'dynamic' },
      },
      startedAt,
    )
    const driver = new DhtMachineDriver(
      { dht: node.dht, clock, timers, log },
      { machine: this.#lease, afterStep: (now) => this.#takeEvents(now - startedAt) },
    )
    node.overlay.onNeighborsChanged(() => {
      this.#lease.handleRingChanged(clock.now())
      driver.pump(clock.now())
    })
    this.#lease.handleTimeout(startedAt)
    driver.pump(startedAt)
  }

  /** The address it believes to own, as text. */
  get address(): string | undefined {
    return this.#lease.ip === undefined ? undefined : formatIpv4(this.#lease.ip)
  }

  /** Where the lease stands. */
  get state(): string {
    return this.#lease.state.kind
  }

  #takeEvents(elapsedMs: number): void {
    for (let event = this.#lease.pollEvent(); event; event = this.#lease.pollEvent()) {
      if (event.kind === 'acquired') this.acquiredAfterMs ??= elapsedMs
      if (event.kind === 'lost' && event.cause === 'conflict') this.conflicts++
    }
  }
}
