/** Builders of nodes on the simulator: hosts, UDP ports, channel tables, and what they were told. */
import type { Runtime } from '@ipop/runtime'
import { Identity } from '@ipop/security'
import { type Host, World, type WorldOptions } from '@ipop/simulator'
import {
  type Channel,
  type ChannelDownReason,
  type ChannelObserver,
  ChannelTable,
  type EdgeListener,
  type RelayOptions,
  UdpEdgeListener,
} from '@ipop/transport'

/** Everything a channel table told its owner. */
export interface Told {
  readonly up: Channel[]
  readonly down: { channel: Channel; reason: ChannelDownReason; at: number }[]
  readonly frames: { channel: Channel; text: string }[]
  readonly suspects: Channel[]
  readonly statuses: number[]
  readonly pathChanges: Channel[]
}

/** A node in a test. */
export interface TestNode {
  readonly table: ChannelTable
  readonly listeners: EdgeListener[]
  readonly told: Told
}

/** What a test may choose. */
export interface NodeOptions {
  readonly namespace?: string
  readonly path?: string
  readonly identity?: Identity
  readonly channelsMax?: number
  readonly observer?: ChannelObserver
  readonly relay?: RelayOptions
}

/** Returns a channel table on `listeners` that records what it is told. */
export function makeNode(
  runtime: Runtime,
  listeners: EdgeListener[],
  options: NodeOptions = {},
): TestNode {
  const identity = options.identity ?? Identity.create(runtime.random.fork('identity'))
  const { namespace = 'test', path, channelsMax, observer, relay } = options
  const table = new ChannelTable(runtime, {
    identity,
    namespace,
    listeners,
    observer,
    relay,
    ...(path === undefined ? {} : { path }),
    ...(channelsMax === undefined ? {} : { channelsMax }),
  })
  const told = record(table, runtime)
  return { table, listeners, told }
}

/** Opens a UDP port on `host` and puts one node behind it. */
export async function udpNode(
  host: Host,
  options: NodeOptions & { port?: number; bind?: string } = {},
): Promise<TestNode & { listener: UdpEdgeListener }> {
  const { port = 4000, bind = '0.0.0.0' } = options
  const listener = await UdpEdgeListener.open(host.runtime, { host: bind, port })
  return { ...makeNode(host.runtime, [listener], options), listener }
}

/** Returns a world with two hosts and a node on each. */
export async function twoNodes(options: Partial<WorldOptions> = {}) {
  const world = new World({ seed: 1, latencyMs: 20, ...options })
  const hosts = [world.addHost({ name: 'left' }), world.addHost({ name: 'right' })] as const
  const left = await udpNode(hosts[0])
  const right = await udpNode(hosts[1])
  return { world, hosts, left, right }
}

/** Returns two nodes with an open channel: the left one dialled. */
export async function connected(options: Partial<WorldOptions> = {}) {
  const pair = await twoNodes(options)
  const { world, left, right } = pair
  left.table.dial(right.table.hintOf())
  const isUp = await world.runUntil(() => left.told.up.length > 0 && right.told.up.length > 0, {
    limitMs: 60_000,
  })
  if (!isUp) throw new Error('channel did not come up')
  return { ...pair, toRight: left.told.up[0] as Channel, toLeft: right.told.up[0] as Channel }
}

/** Returns an overlay frame with text in it. */
export function frameOf(text: string): Uint8Array {
  return Uint8Array.of(3, ...new TextEncoder().encode(text))
}

function record(table: ChannelTable, runtime: Runtime): Told {
  const told: Told = { up: [], down: [], frames: [], suspects: [], statuses: [], pathChanges: [] }
  table.setHandlers({
    onUp: (channel) => told.up.push(channel),
    onDown: (channel, reason) => told.down.push({ channel, reason, at: runtime.clock.now() }),
    onFrame: (channel, frame) =>
      told.frames.push({ channel, text: new TextDecoder().decode(frame.subarray(1)) }),
    onSuspect: (channel) => told.suspects.push(channel),
    onStatus: (channel) => told.statuses.push(channel.remoteStatus),
    onPathChange: (channel) => told.pathChanges.push(channel),
  })
  return told
}
