/** Two nodes behind any kinds of NATs that join a small public ring and talk to each other at once. */
import { Identity } from '@ipop/security'
import { addAttachedPair, type AttachmentKind, type Host, World } from '@ipop/simulator'
import { type Edge, TcpEdgeListener, TransportAddress, UdpEdgeListener } from '@ipop/transport'
import { OverlayNode } from '../../src/index.ts'

const PUBLIC = ['198.51.100.1', '2001:db8::1'] as const
const PUBLIC_PORTS = [40_000, 40_001] as const
const PORT = 41_000
const PACKET = Uint8Array.of(0x45, 0, 0, 4)
const PACKET_EVERY_MS = 50
/** Paths through others stay open for a moment after a direct one was found. */
const SETTLED_MS = 4_000

/** How two nodes met. */
export interface Meeting {
  /** From the start of both to the first answer; undefined where none came. */
  readonly firstReplyMs: number | undefined
  /** From the start of both until both send directly. */
  readonly directMs: number | undefined
  readonly path: Edge['kind'] | undefined
  /** Packets unanswered after the first answer. */
  readonly lost: number
  /** Frames that the public nodes forwarded once both had sent directly for a while. */
  readonly relayedAfter: number
  /** Times that either end went back to a path through others after both had sent directly. */
  readonly fallbacks: number
}

/** Starts two nodes attached as `kinds` says, lets the first send to the other as soon as it can, and watches for `forMs`. */
export async function meet(
  kinds: readonly [AttachmentKind, AttachmentKind],
  { seed, forMs }: { seed: number; forMs: number },
): Promise<Meeting> {
  const world = new World({ seed, latencyMs: 15, logLevel: 'debug' })
  const publicHost = world.addHost({ addresses: PUBLIC })
  const bootstraps = await Promise.all(PUBLIC_PORTS.map((port) => nodeOn(publicHost, port)))
  for (const node of bootstraps) node.start().catch(() => undefined)
  await world.run({ forMs: 5_000 })
  const hosts = addAttachedPair(world, kinds)
  const [one, two] = [await nodeOn(hosts[0], PORT), await nodeOn(hosts[1], PORT)]
  const startedAt = world.elapsedMs()
  const since = () => world.elapsedMs() - startedAt
  for (const node of [one, two]) node.start().catch(() => undefined)
  const pings = new Pings(one, two)
  const relayed = () =>
    bootstraps.reduce((sum, node) => sum + node.channels.relays.service.stats.frames, 0)
  let firstReplyMs: number | undefined
  let directMs: number | undefined
  let relayedBefore: number | undefined
  while (since() < forMs) {
    pings.send()
    await world.run({ forMs: PACKET_EVERY_MS })
    if (pings.answered > 0) firstReplyMs ??= since()
    if (isDirect(one, two)) directMs ??= since()
    if (since() - (directMs ?? Infinity) >= SETTLED_MS) relayedBefore ??= relayed()
  }
  await world.run({ forMs: 500 })
  return {
    firstReplyMs,
    directMs,
    path: kindOf(one, two),
    lost: pings.lost,
    relayedAfter: relayed() - (relayedBefore ?? relayed()),
    fallbacks: fallbacksSince(world, startedAt + (directMs ?? Infinity), [one, two]),
  }
}

function fallbacksSince(world: World, atMs: number, pair: readonly OverlayNode[]): number {
  const names = new Set(pair.map(({ address }) => address.toString()))
  return world.logs().filter((record) => {
    if (record.event !== 'path changed' || record.atMs < atMs) return false
    const { node, peer, to } = record.fields
    return names.has(String(node)) && names.has(String(peer)) && !/^(udp|tcp)/.test(String(to))
  }).length
}

/** Packets from one node to the other and back. */
class Pings {
  answered = 0
  #sentSince = 0
  readonly #from: OverlayNode
  readonly #to: OverlayNode

  constructor(from: OverlayNode, to: OverlayNode) {
    this.#from = from
    this.#to = to
    to.onIpPacket((packet, source) => void to.sendIp(source, packet.slice()))
    from.onIpPacket(() => this.answered++)
  }

  get lost(): number {
    return this.#sentSince - this.answered
  }

  send(): void {
    if (this.#from.state !== 'connected') return
    this.#from.connectOnDemand(this.#to.address)
    const isSent = this.#from.sendIp(this.#to.address, PACKET)
    if (isSent) this.#sentSince++
  }
}

function isDirect(one: OverlayNode, two: OverlayNode): boolean {
  return [kindOf(one, two), kindOf(two, one)].every((kind) => kind === 'udp' || kind === 'tcp')
}

function kindOf(from: OverlayNode, to: OverlayNode): Edge['kind'] | undefined {
  return from.channelTo(to.address)?.activeEdge?.kind
}

async function nodeOn(host: Host, port: number): Promise<OverlayNode> {
  const { runtime } = host
  const listeners = await Promise.all(
    host.addresses.flatMap((address) => [
      UdpEdgeListener.open(runtime, { host: address, port }),
      TcpEdgeListener.open(runtime, { host: address, port }),
    ]),
  )
  const remoteTas = PUBLIC.flatMap((address) =>
    PUBLIC_PORTS.flatMap((at) => [
      TransportAddress.udp({ host: address, port: at }),
      TransportAddress.tcp({ host: address, port: at }),
    ]),
  )
  const identity = Identity.create(runtime.random.fork(`identity ${port}`))
  return OverlayNode.create(runtime, { identity, namespace: 'test', listeners, remoteTas })
}
