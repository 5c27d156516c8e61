/** Relay channels in virtual time: who agrees to what, what is carried, and what is not. */
import { describe, expect, it } from '@jest/globals'
import {
  type Edge,
  encodeRelayFrame,
  RelayEdge,
  type RelayPlane,
  type RelayPlaneEnd,
  type RelayPlaneRow,
} from '@ipop/transport'
import {
  RELAY_CONNECT_MS,
  RELAY_IDLE_MS,
  RELAY_OPEN_RESEND_MS,
  RELAY_OPEN_SENDS_MAX,
} from '../../src/relay/limits.ts'
import { frameOf, udpNode } from '../helpers/nodes.ts'
import { relayedPair, relayedWorld } from '../helpers/relayed.ts'

const text = (frames: { text: string }[]) => frames.map((frame) => frame.text)

describe('two nodes with a common peer', () => {
  it('talk through it, and it reads nothing', async () => {
    const { world, left, right, relay, channel, other } = await relayedPair()
    expect([channel.activeEdge?.kind, other.activeEdge?.kind]).toEqual(['relay', 'relay'])
    expect(channel.activeEdge?.relay?.equals(relay.table.address)).toBe(true)
    expect(channel.activeEdge?.remote).toBeUndefined()
    channel.send(frameOf('there'))
    other.send(frameOf('back'))
    await world.run({ forMs: 200 })
    expect([text(right.told.frames), text(left.told.frames)]).toEqual([['there'], ['back']])
    expect(relay.told.frames).toEqual([])
    expect(relay.table.relays.service.stats).toMatchObject({ pairs: 1 })
    expect(relay.table.relays.service.stats.frames).toBeGreaterThan(4)
  })

  it('make one pair of it when both ask at once', async () => {
    const { world, left, right, middle, ask, dial, now, failures } = await relayedWorld()
    const [relay] = middle
    if (!relay) throw new Error('a relay')
    const channel = dial()
    right.table.dial({ ...left.table.hintOf(), endpoints: [] })
    ask(relay)
    const back = { relay: relay.table.address, peer: left.table.address, mayConnect: false }
    right.table.relays.client.open(back, (reason) => failures.push(reason), now())
    await world.run({ forMs: 3_000 })
    expect(failures).toEqual([])
    expect(relay.table.relays.service.stats.pairs).toBe(1)
    const edges = [left, right].map(({ table }) => table.relays.client.edges.length)
    expect(edges).toEqual([1, 1])
    channel.send(frameOf('hello'))
    await world.run({ forMs: 200 })
    expect(text(right.told.frames)).toEqual(['hello'])
  })

  it('agree although messages get lost', async () => {
    let agreed = 0
    for (let seed = 1; seed <= 10; seed++) {
      const { world, left, right, middle, ask, failures } = await relayedWorld({ seed })
      const [relay] = middle
      if (!relay) throw new Error('a relay')
      for (const { host } of [left, right])
        world.setLink(host, relay.host, { lossProbability: 0.2 })
      ask(relay)
      await world.run({ forMs: 9_000 })
      const isOpen = left.table.relays.client.edges.length === 1
      expect(isOpen).toBe(failures.length === 0)
      // With so many losses a channel with the relay may be lost at either end, too.
      const isStable = right.told.down.length === 0 && relay.told.down.length === 0
      if (isOpen && isStable) expect(right.table.relays.client.edges.length).toBe(1)
      agreed += Number(isOpen)
    }
    expect(agreed).toBeGreaterThanOrEqual(8)
  })

  it('keep the path when an end gets another port', async () => {
    const { world, left, right, relay, channel, other } = await relayedPair()
    const second = await udpNode(left.host, { port: 4001 })
    // What a NAT does: the same session from another port, proven by an authentic datagram.
    const toRelay = left.table.channel(relay.table.address)
    const ta = relay.table.hintOf().endpoints[0]
    const edge = ta && second.listener.dial(ta)
    if (!edge || !toRelay) throw new Error('no edge')
    toRelay.activeEdge?.close()
    toRelay.addEdge(edge)
    toRelay.probe()
    await world.run({ forMs: 3_000 })
    expect(channel.state).toBe('up')
    other.send(frameOf('still'))
    channel.send(frameOf('here'))
    await world.run({ forMs: 200 })
    expect([text(left.told.frames), text(right.told.frames)]).toEqual([['still'], ['here']])
  })
})

/** Rows as a data plane has them. */
class RecordingPlane implements RelayPlane {
  readonly owners = new Map<number, Edge>()
  setQuota(): void {}
  installRow({ channel, owner }: RelayPlaneRow): void {
    this.owners.set(channel, owner)
  }
  installEnd({ channel, relay }: RelayPlaneEnd): void {
    this.owners.set(channel, relay)
  }
  remove(channel: number): void {
    this.owners.delete(channel)
  }
  forwarded(): number {
    return 0
  }
}

describe('a relay and its ends that use different paths', () => {
  it('tell their data planes where the frames of the other really come from', async () => {
    const planes = { relay: new RecordingPlane(), left: new RecordingPlane() }
    const { world, left, right, relay, channel, other } = await relayedPair({
      relays: [{ plane: planes.relay }],
      left: { plane: planes.left },
    })
    // The end has two ports, and both ends of its session with the relay choose between them by themselves.
    const second = await udpNode(left.host, { port: 4001 })
    const ta = relay.table.hintOf().endpoints[0]
    const newEdge = ta && second.listener.dial(ta)
    const toRelay = left.table.channel(relay.table.address)
    const toLeft = relay.table.channel(left.table.address)
    if (!newEdge || !toRelay || !toLeft) throw new Error('no edge')
    second.listener.attach(left.table)
    const before = toLeft.activeEdge
    toRelay.addEdge(newEdge)
    await world.run({ forMs: 2_000 })
    expect(toLeft.activeEdge).toBe(before)
    const byNewPort = [...toLeft.edges].find((edge) => edge.remote?.port === 4001)
    const { activeEdge } = channel
    if (!(activeEdge instanceof RelayEdge) || !byNewPort) throw new Error('no edges')
    // The left end now sends by the second port; the relay still sends to the first.
    const frame = (bytes: Uint8Array) => encodeRelayFrame(activeEdge.sendChannel, bytes)
    newEdge.send(frame(new Uint8Array(40).fill(4)))
    await world.run({ forMs: 200 })
    expect(planes.relay.owners.get(activeEdge.sendChannel)?.id).toBe(byNewPort.id)
    byNewPort.send(encodeRelayFrame(activeEdge.channel, new Uint8Array(40).fill(4)))
    await world.run({ forMs: 200 })
    expect(planes.left.owners.get(activeEdge.channel)?.id).toBe(newEdge.id)
    channel.send(frameOf('there'))
    other.send(frameOf('back'))
    await world.run({ forMs: 200 })
    expect([text(right.told.frames), text(left.told.frames)]).toEqual([['there'], ['back']])
  })
})

describe('a relay', () => {
  it('refuses when it is switched off', async () => {
    const { world, middle, ask, failures } = await relayedWorld({ relays: [{ isEnabled: false }] })
    if (middle[0]) ask(middle[0])
    await world.run({ forMs: 500 })
    expect(failures).toEqual(['off'])
  })

  it('refuses when it has no connection with the target', async () => {
    const { world, right, middle, ask, failures } = await relayedWorld()
    middle[0]?.table.channel(right.table.address)?.close()
    await world.run({ forMs: 500 })
    if (middle[0]) ask(middle[0])
    await world.run({ forMs: 500 })
    expect(failures).toEqual(['no connection'])
  })

  it('connects with the target when it is asked to', async () => {
    const { world, left, right, middle, ask, failures } = await relayedWorld()
    const [relay] = middle
    if (!relay) throw new Error('a relay')
    relay.table.channel(right.table.address)?.close()
    await world.run({ forMs: 500 })
    const wanted: string[] = []
    relay.table.relays.service.connect = (target) => {
      wanted.push(target.toString())
      relay.table.dial(right.table.hintOf())
    }
    ask(relay, true)
    await world.run({ forMs: 1_000 })
    expect(new Set(wanted)).toEqual(new Set([right.table.address.toString()]))
    expect(failures).toEqual([])
    expect(left.table.relays.client.edges.length).toBe(1)
  })

  it('gives up when the target is not reached', async () => {
    const { world, right, middle, ask, failures } = await relayedWorld()
    const [relay] = middle
    if (!relay) throw new Error('a relay')
    relay.table.channel(right.table.address)?.close()
    await world.run({ forMs: 500 })
    relay.table.relays.service.connect = () => undefined
    ask(relay, true)
    await world.run({ forMs: RELAY_CONNECT_MS + 2_500 })
    expect(failures).toEqual(['not reached'])
    expect(relay.table.relays.service.stats.pairs).toBe(0)
  })

  it('counts as silent when it never answers', async () => {
    const { world, middle, ask, failures } = await relayedWorld()
    const [relay] = middle
    if (!relay) throw new Error('a relay')
    // A version that does not know relay control counts it as a frame of unknown type.
    relay.table.relays.receiveControl = () => undefined
    ask(relay)
    await world.run({ forMs: RELAY_OPEN_RESEND_MS * (2 ** RELAY_OPEN_SENDS_MAX - 1) + 100 })
    expect(failures).toEqual(['no answer'])
  })

  it('drops what exceeds a quota', async () => {
    const rate = { bytesPerSecond: 1_000, burstBytes: 3_000 }
    for (const quota of [{ rowRate: rate }, { totalRate: rate }]) {
      const { world, right, relay, channel } = await relayedPair({ relays: [quota] })
      await world.run({ forMs: 5_000 })
      for (let i = 0; i < 100; i++) channel.send(new Uint8Array(100).fill(3))
      await world.run({ forMs: 1_000 })
      expect(right.told.frames.length).toBeGreaterThan(5)
      expect(right.told.frames.length).toBeLessThan(30)
      expect(relay.table.stats().drops['relay: over quota']).toBeGreaterThan(70)
    }
  })

  it('drops the frames of a stranger, of an unknown channel, and one within another', async () => {
    const { world, right, relay, channel } = await relayedPair()
    const stranger = await udpNode(world.addHost({ name: 'stranger' }))
    const { activeEdge } = channel
    if (!(activeEdge instanceof RelayEdge)) throw new Error('not relayed')
    const ta = relay.table.hintOf().endpoints[0]
    const edge = ta && stranger.listener.dial(ta)
    const before = relay.table.relays.service.stats.frames
    edge?.send(encodeRelayFrame(activeEdge.sendChannel, new Uint8Array(40).fill(4)))
    edge?.send(encodeRelayFrame(12_345, new Uint8Array(40).fill(4)))
    activeEdge.send(encodeRelayFrame(activeEdge.sendChannel, new Uint8Array(40).fill(4)))
    await world.run({ forMs: 200 })
    expect(relay.table.stats().drops).toMatchObject({
      'relay: stranger': 1,
      'relay frame: within another': 1,
    })
    expect(relay.listener.stats().drops['for nobody']).toBe(1)
    expect(relay.table.relays.service.stats.frames).toBe(before)
    expect(right.told.frames).toEqual([])
  })

  it('is no leg of another relay', async () => {
    const { world, left, right, relay } = await relayedPair()
    // Left reaches right by the relay only, so right must not get left as its relay to somebody.
    const failures: string[] = []
    const request = { relay: left.table.address, peer: relay.table.address, mayConnect: false }
    const now = right.host.runtime.clock.now()
    right.table.relays.client.open(request, (reason) => failures.push(reason), now)
    await world.run({ forMs: 1_000 })
    expect(failures).toEqual(['not direct'])
  })

  it('forgets pairs that nobody uses', async () => {
    const { world, left, right, middle, ask } = await relayedWorld()
    const [relay] = middle
    if (!relay) throw new Error('a relay')
    ask(relay)
    await world.run({ forMs: 1_000 })
    expect(relay.table.relays.service.stats.pairs).toBe(1)
    await world.run({ forMs: RELAY_IDLE_MS + 5_000 })
    expect(relay.table.relays.service.stats.pairs).toBe(0)
    for (const { table } of [left, right]) expect(table.relays.client.edges).toEqual([])
  })

  it('tells the other end when one has no use for the path', async () => {
    const { world, right, relay, channel } = await relayedPair()
    channel.close()
    await world.run({ forMs: 500 })
    expect(relay.table.relays.service.stats.pairs).toBe(0)
    expect(right.table.relays.client.edges).toEqual([])
  })
})

describe('an end', () => {
  it('drops frames that do not come from its relay, and hellos from anybody', async () => {
    const { world, left, channel } = await relayedPair()
    const stranger = await udpNode(world.addHost({ name: 'stranger' }))
    const { activeEdge } = channel
    if (!(activeEdge instanceof RelayEdge)) throw new Error('not relayed')
    const ta = left.table.hintOf().endpoints[0]
    const edge = ta && stranger.listener.dial(ta)
    edge?.send(encodeRelayFrame(activeEdge.channel, new Uint8Array(40).fill(4)))
    edge?.send(encodeRelayFrame(activeEdge.channel, new Uint8Array(40).fill(0x11)))
    await world.run({ forMs: 200 })
    expect(left.table.stats().drops).toMatchObject({
      'relay: stranger': 1,
      'relay: no session': 1,
    })
  })

  it('takes the next relay at once when it loses the channel with the first', async () => {
    const { world, left, middle, ask, channel } = await relayedPair({ relays: [{}, {}] })
    const [first, second] = middle
    if (!first || !second) throw new Error('two relays')
    ask(second)
    await world.run({ forMs: 2_000 })
    const active = channel.activeEdge?.relay
    expect(active).toBeDefined()
    if (active) left.table.channel(active)?.close()
    expect(channel.activeEdge?.kind).toBe('relay')
    expect(channel.activeEdge?.relay?.equals(active ?? channel.address)).toBe(false)
  })
})
