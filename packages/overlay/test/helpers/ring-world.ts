/** A simulated ring of real overlay nodes, for tests. */
import { Identity } from '@ipop/security'
import { World } from '@ipop/simulator'
import type { Host, WorldOptions } from '@ipop/simulator'
import { TransportAddress, UdpEdgeListener } from '@ipop/transport'
import { OverlayNode } from '../../src/index.ts'

/** UDP port of every simulated node. */
export const PORT = 40_000

/** A node, the machine it runs on and its port. */
export interface RingMember {
  readonly host: Host
  readonly node: OverlayNode
  readonly listener: UdpEdgeListener
}

/** How a ring is built. */
export interface RingOptions extends WorldOptions {
  readonly nodes: number
  /** Other nodes that each node starts with, chosen at random; without it everybody is given the first. */
  readonly hints?: number
}

/** A world and its ring. */
export class RingWorld {
  readonly world: World
  readonly members: RingMember[] = []

  constructor(options: WorldOptions) {
    this.world = new World(options)
  }

  /** Adds a machine with one node on it; it is started by the caller. */
  async add(
    options: { hints?: readonly TransportAddress[]; identity?: Identity; host?: Host } = {},
  ): Promise<RingMember> {
    const host = options.host ?? this.world.addHost()
    const listener = await UdpEdgeListener.open(host.runtime, { host: '0.0.0.0', port: PORT })
    const identity = options.identity ?? Identity.create(host.runtime.random.fork('identity'))
    const remoteTas = options.hints ?? []
    const node = OverlayNode.create(host.runtime, {
      identity,
      namespace: 'test',
      listeners: [listener],
      remoteTas: [...remoteTas],
    })
    const member = { host, node, listener }
    this.members.push(member)
    return member
  }

  /** Crashes a member: no goodbye. */
  crash(member: RingMember): void {
    member.host.crash()
    this.members.splice(this.members.indexOf(member), 1)
  }

  /** Returns what is wrong with the ring of the living, nothing when every node has its true neighbours. */
  faults(): string[] {
    const sorted = [...this.members].sort((a, b) => a.node.address.compare(b.node.address))
    return sorted.flatMap(({ node }, index) => {
      if (sorted.length === 1) return []
      const at = (offset: number) =>
        sorted[(index + offset + sorted.length) % sorted.length]?.node.address
      const { left, right } = node.neighbors()
      const name = node.address.toString()
      const faults: string[] = []
      if (!left?.equals(at(1) ?? node.address))
        faults.push(`${name}: wrong left ${left?.toString()}`)
      if (!right?.equals(at(-1) ?? node.address))
        faults.push(`${name}: wrong right ${right?.toString()}`)
      return faults
    })
  }

  /** Runs until the ring is right and everybody says so; throws with what is wrong after `limitMs`. */
  async untilConsistent(limitMs = 60_000): Promise<number> {
    const isDone = () =>
      this.members.every(({ node }) => node.state === 'connected') && this.faults().length === 0
    if (await this.world.runUntil(isDone, { limitMs, everyMs: 50 })) return this.world.elapsedMs()
    const states = this.members
      .map(({ node }) => node.state)
      .filter((state) => state !== 'connected')
    throw new Error(
      `no consistent ring: ${states.length} not connected; ${this.faults().slice(0, 6).join('; ')}`,
    )
  }
}

/** Builds a ring whose nodes all start at once. */
export async function ringOf(options: RingOptions): Promise<RingWorld> {
  const ring = new RingWorld(options)
  const hosts = Array.from({ length: options.nodes }, () => ring.world.addHost())
  const addresses = hosts.map((host) =>
    TransportAddress.udp({ host: host.addresses[0] ?? '', port: PORT }),
  )
  const random = ring.world.random.fork('hints')
  for (const [index, host] of hosts.entries()) {
    const hints =
      options.hints === undefined
        ? addresses.slice(0, index === 0 ? 0 : 1)
        : pick(addresses, index, options.hints, random)
    await ring.add({ host, hints })
  }
  for (const { node } of ring.members) node.start().catch(() => undefined)
  return ring
}

function pick(
  addresses: readonly TransportAddress[],
  self: number,
  count: number,
  random: { below(limit: number): number },
): TransportAddress[] {
  const chosen = new Set<TransportAddress>()
  while (chosen.size < Math.min(count, addresses.length - 1)) {
    const index = random.below(addresses.length)
    const address = addresses[index]
    if (address && index !== self) chosen.add(address)
  }
  return [...chosen]
}
