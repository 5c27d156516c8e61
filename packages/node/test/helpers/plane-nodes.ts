/** Two nodes whose packets are carried by fake data planes, in virtual time. */
import { Malformed } from '@ipop/codec'
import { parseIpv4 } from '@ipop/ip-mapping'
import { Identity } from '@ipop/security'
import { type Host, World, type WorldOptions } from '@ipop/simulator'
import { type Channel, ChannelTable, UdpEdgeListener } from '@ipop/transport'
import { NodeDataPlane } from '../../src/dataplane/data-plane.ts'
import { FakePlane } from './fake-plane.ts'

/** One node with its data plane. */
export interface PlaneNode {
  readonly host: Host
  readonly fake: FakePlane
  readonly plane: NodeDataPlane
  readonly table: ChannelTable
  readonly listener: UdpEdgeListener
  /** Texts of frames that came to JavaScript. */
  readonly frames: string[]
  /** How often packets were seen to go to a peer without JavaScript. */
  readonly sentTo: string[]
  readonly up: Channel[]
  readonly down: string[]
}

/** Makes a node on `host`. */
export async function planeNode(host: Host): Promise<PlaneNode> {
  const { runtime } = host
  let fake: FakePlane | undefined
  const plane = new NodeDataPlane(
    runtime,
    (handlers) => (fake = new FakePlane(runtime.datagrams, handlers)),
  )
  if (fake === undefined) throw new Error('the plane was not opened')
  const ports = { ...runtime, datagrams: plane.datagrams }
  const listener = await UdpEdgeListener.open(ports, { host: '0.0.0.0', port: 4000 })
  const { ciphers, capabilities } = plane
  const identity = Identity.create(runtime.random.fork('identity'))
  const table = new ChannelTable(runtime, {
    identity,
    namespace: 'test',
    listeners: [listener],
    ciphers,
    capabilities,
    observer: plane,
    relay: { plane: plane.relays },
  })
  const node: PlaneNode = {
    host,
    fake,
    plane,
    table,
    listener,
    frames: [],
    sentTo: [],
    up: [],
    down: [],
  }
  table.setHandlers({
    onUp: (channel) => node.up.push(channel),
    onDown: (_channel, reason) => node.down.push(reason),
    onFrame: (_channel, frame) => node.frames.push(new TextDecoder().decode(frame)),
  })
  const sentTo = (peer: { toString(): string }) => void node.sentTo.push(peer.toString())
  plane.attach({ entry: table.dataPlane, relays: table.relays, sentTo }, [listener])
  return node
}

/** Returns two connected nodes; the left one dialled. */
export async function twoPlaneNodes(options: Partial<WorldOptions> = {}) {
  const world = new World({ seed: 1, latencyMs: 20, ...options })
  const left = await planeNode(world.addHost({ name: 'left' }))
  const right = await planeNode(world.addHost({ name: 'right' }))
  left.table.dial(right.table.hintOf())
  await world.runUntil(() => left.up.length > 0 && right.up.length > 0, { limitMs: 10_000 })
  // The path is proven by then.
  await world.run({ forMs: 1_000 })
  return { world, left, right }
}

/** Returns two nodes that cannot talk directly and one or more that relay between them, all with data planes. */
export async function relayedPlaneNodes({ relays = 1 } = {}) {
  const world = new World({ seed: 1, latencyMs: 20 })
  const [left, right, relay] = [
    await planeNode(world.addHost({ name: 'left' })),
    await planeNode(world.addHost({ name: 'right' })),
    await planeNode(world.addHost({ name: 'relay' })),
  ]
  const middle = [relay]
  while (middle.length < relays)
    middle.push(await planeNode(world.addHost({ name: `relay ${middle.length}` })))
  world.block(left.host, right.host)
  for (const end of [left, right]) for (const { table } of middle) end.table.dial(table.hintOf())
  await world.runUntil(() => middle.every(({ up }) => up.length === 2), { limitMs: 10_000 })
  await world.run({ forMs: 1_000 })
  const refusals: string[] = []
  const channel = left.table.dial({ ...right.table.hintOf(), endpoints: [] })
  const now = () => relay.host.runtime.clock.now()
  const ask = () => {
    for (const { table } of middle) {
      const request = { relay: table.address, peer: right.table.address, mayConnect: false }
      left.table.relays.client.open(request, (reason) => refusals.push(reason), now())
    }
  }
  ask()
  await world.runUntil(() => channel.state === 'up', { limitMs: 10_000 })
  await world.run({ forMs: 1_000 })
  return { world, left, right, relay, middle, channel, refusals, ask }
}

/** Lets packets between 10.0.0.1 (left) and 10.0.0.2 (right) stay in the planes. */
export function route(left: PlaneNode, right: PlaneNode): void {
  left.plane.forwarding.install(row('10.0.0.2', right))
  right.plane.forwarding.install(row('10.0.0.1', left))
  left.plane.forwarding.setOwn([row('10.0.0.1', left).base])
  right.plane.forwarding.setOwn([row('10.0.0.2', right).base])
}

/** Returns the row of `ip` at `node`. */
export function row(ip: string, node: PlaneNode) {
  const base = parseIpv4(ip)
  if (base instanceof Malformed) throw new Error(base.reason)
  return { base, prefixLength: 32, peer: node.table.address, allowedSources: [base] }
}
