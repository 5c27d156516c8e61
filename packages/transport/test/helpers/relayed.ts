/** Two nodes that cannot talk directly, and others that may relay between them. */
import { World } from '@ipop/simulator'
import type { Channel, RelayFailure, RelayOptions } from '@ipop/transport'
import { type TestNode, udpNode } from './nodes.ts'

/** How the nodes are set up. */
export interface RelayedOptions {
  readonly seed?: number
  /** One entry for each node that may relay. */
  readonly relays?: readonly RelayOptions[]
  /** How the left end is relayed. */
  readonly left?: RelayOptions
}

/** Returns the ends and the relays, each end connected with each relay. */
export async function relayedWorld({
  seed = 1,
  relays = [{}],
  left: leftOptions = {},
}: RelayedOptions = {}) {
  const world = new World({ seed, latencyMs: 20 })
  const make = async (name: string, relay: RelayOptions = {}) => {
    const host = world.addHost({ name })
    return { host, ...(await udpNode(host, { relay })) }
  }
  const [left, right] = [await make('left', leftOptions), await make('right')]
  const middle: Awaited<ReturnType<typeof make>>[] = []
  for (const [i, options] of relays.entries()) middle.push(await make(`relay ${i}`, options))
  world.block(left.host, right.host)
  for (const end of [left, right]) for (const relay of middle) end.table.dial(relay.table.hintOf())
  const isReady = () => middle.every(({ told }) => told.up.length === 2)
  await world.runUntil(isReady, { limitMs: 10_000 })
  await world.run({ forMs: 500 })
  const failures: RelayFailure[] = []
  const now = () => left.host.runtime.clock.now()
  /** Asks a relay for a path from left to right. */
  const ask = (relay: TestNode, mayConnect = false) =>
    left.table.relays.client.open(
      { relay: relay.table.address, peer: right.table.address, mayConnect },
      (reason) => failures.push(reason),
      now(),
    )
  /** Dials from left to right, who can only be reached through a relay. */
  const dial = (): Channel => left.table.dial({ ...right.table.hintOf(), endpoints: [] })
  return { world, left, right, middle, failures, ask, dial, now }
}

/** Returns a world whose ends have a channel through the first relay. */
export async function relayedPair(options: RelayedOptions = {}) {
  const parts = await relayedWorld(options)
  const { world, middle, ask, dial, right, left } = parts
  const [relay] = middle
  if (relay === undefined) throw new Error('a relay')
  const channel = dial()
  ask(relay)
  const isUp = () => channel.state === 'up' && right.table.channel(left.table.address) !== undefined
  if (!(await world.runUntil(isUp, { limitMs: 10_000 }))) throw new Error('not up')
  await world.run({ forMs: 1_000 })
  const other = right.table.channel(left.table.address)
  if (other === undefined) throw new Error('no channel back')
  return { ...parts, relay, channel, other }
}
