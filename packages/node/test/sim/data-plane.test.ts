/** The data plane's seam in virtual time: what stays in it, what comes up, and what the channels know of it. */
import { describe, expect, it } from '@jest/globals'
import { CIPHER_AES_256_GCM, CIPHER_CHACHA20_POLY1305 } from '@ipop/security'
import { formatIp, Ipv6Network } from '@ipop/ip-mapping'
import { type Edge, UdpEdgeListener } from '@ipop/transport'
import { NodeDataPlane } from '../../src/dataplane/data-plane.ts'
import { NO_REFUSALS } from '../../src/dataplane/refusals.ts'
import { FakePlane } from '../helpers/fake-plane.ts'
import { planeNode, route, row, twoPlaneNodes } from '../helpers/plane-nodes.ts'

describe('a node with a data plane', () => {
  it('carries packets both ways without JavaScript once there is a row', async () => {
    const { world, left, right } = await twoPlaneNodes()
    expect(left.fake.packet('10.0.0.1', '10.0.0.2', 'early')).toBe(false)
    route(left, right)
    expect(left.fake.packet('10.0.0.1', '10.0.0.2', 'hello')).toBe(true)
    expect(right.fake.packet('10.0.0.2', '10.0.0.1', 'back')).toBe(true)
    await world.run({ forMs: 100 })
    expect([left.fake.delivered, right.fake.delivered]).toEqual([
      ['10.0.0.2 back'],
      ['10.0.0.1 hello'],
    ])
    expect([...left.frames, ...right.frames]).toEqual([])
  })

  it('leaves control frames to the channels, and packets that no row allows', async () => {
    const { world, left, right } = await twoPlaneNodes()
    left.plane.forwarding.install(row('10.0.0.2', right))
    left.up[0]?.send(new TextEncoder().encode('\x03control'))
    left.fake.packet('10.0.0.1', '10.0.0.2', 'spoofed?')
    await world.run({ forMs: 100 })
    expect(right.frames).toEqual(['\x03control', 'E10.0.0.1>10.0.0.2 spoofed?'])
    expect(right.fake.delivered).toEqual([])
  })

  it('leaves packets to a foreign destination to the channels, and all while it has no address', async () => {
    const { world, left, right } = await twoPlaneNodes()
    route(left, right)
    left.plane.forwarding.install(row('10.0.0.9', right))
    left.fake.packet('10.0.0.1', '10.0.0.9', 'not for you')
    await world.run({ forMs: 100 })
    expect(right.frames).toEqual(['E10.0.0.1>10.0.0.9 not for you'])
    right.plane.forwarding.setOwn([])
    left.fake.packet('10.0.0.1', '10.0.0.2', 'too early')
    await world.run({ forMs: 100 })
    expect(right.frames[1]).toBe('E10.0.0.1>10.0.0.2 too early')
    expect(right.fake.delivered).toEqual([])
  })

  it('remembers what it refused of a peer beyond the keys under which it did', async () => {
    const { world, left, right } = await twoPlaneNodes()
    const [first = 0] = left.fake.sessions.keys()
    left.fake.refused.set(first, { replays: 3, tooBig: 2 })
    const refusals = () => left.plane.refusals(right.table.address)
    expect(refusals()).toEqual({ ...NO_REFUSALS, replays: 3, tooBig: 2 })
    await world.runUntil(() => !left.fake.sessions.has(first), { limitMs: 600_000 })
    expect(refusals()).toEqual({ ...NO_REFUSALS, replays: 3, tooBig: 2 })
    const [later = 0] = left.fake.sessions.keys()
    left.fake.refused.set(later, { replays: 1, punted: 1 })
    expect(refusals()).toEqual({ ...NO_REFUSALS, replays: 4, tooBig: 2, punted: 1 })
  })

  it('takes rows and own addresses of both families', async () => {
    const { left, right } = await twoPlaneNodes()
    const { base } = row('10.0.0.2', right)
    const ipv6 = new Ipv6Network('test').addressOf(right.table.address)
    const { forwarding } = left.plane
    forwarding.setOwn([base, ipv6])
    expect(left.fake.own).toEqual(['10.0.0.2', formatIp(ipv6)])
    const wide = {
      base: ipv6,
      prefixLength: 128,
      peer: right.table.address,
      allowedSources: [ipv6],
    }
    forwarding.install(wide)
    expect([...left.fake.routes.keys()]).toEqual([`${formatIp(ipv6)}/128`])
    forwarding.withdraw(ipv6, 128)
    expect(left.fake.routes.size).toBe(0)
  })

  it('keeps no former address when the plane refuses the new one, nor uses a plane that checks none', async () => {
    const { left, right } = await twoPlaneNodes()
    route(left, right)
    expect(right.fake.own).toEqual(['10.0.0.2'])
    right.plane.forwarding.setOwn([row('224.0.0.1', right).base])
    expect(right.fake.own).toEqual([])
    const { runtime } = left.host
    const old = new NodeDataPlane(runtime, (handlers) => {
      const fake = new FakePlane(runtime.datagrams, handlers)
      return Object.assign(fake, { setOwnAddresses: undefined as never })
    })
    expect(old.capabilities).toEqual([])
  })

  it('offers AES only where the processor has instructions for it', async () => {
    const { left } = await twoPlaneNodes()
    const { runtime } = left.host
    const slow = new NodeDataPlane(runtime, (handlers) =>
      Object.assign(new FakePlane(runtime.datagrams, handlers), { hasFastAes: false }),
    )
    expect(left.plane.capabilities).toContain(CIPHER_AES_256_GCM)
    expect(slow.capabilities).not.toContain(CIPHER_AES_256_GCM)
    expect(slow.capabilities).toContain(CIPHER_CHACHA20_POLY1305)
  })

  it('says once which feature a device refused', async () => {
    const { world, left, right } = await twoPlaneNodes()
    route(left, right)
    left.fake.hasSegmentation = false
    await world.run({ forMs: 5_000 })
    const told = world.logs().filter(({ event }) => event.startsWith('data plane lost'))
    expect(told.map(({ fields }) => fields)).toEqual([
      expect.objectContaining({ feature: 'udpSegment' }),
    ])
    expect(left.plane.features()).toEqual({ udpSegment: false })
  })

  it('asks anew what its paths carry when the first link refused trains', async () => {
    const { world, left, right } = await twoPlaneNodes()
    route(left, right)
    await world.run({ forMs: 20_000 })
    const before = left.fake.wholes
    await world.run({ forMs: 20_000 })
    expect(left.fake.wholes).toBe(before)
    left.fake.tooLongTrains = 1
    await world.run({ forMs: 2_000 })
    expect(left.fake.wholes).toBeGreaterThan(before)
  })

  it('has sockets of both families', async () => {
    const { left } = await twoPlaneNodes()
    const handlers = { onDatagram: () => undefined, onError: () => undefined }
    const second = await left.plane.datagrams.bind({ host: '::', port: 4001 }, handlers)
    const ids = [left.listener.local, second.local].map((local) => left.plane.datagrams.idOf(local))
    expect(ids).toEqual([0, 1])
    await second.close()
    expect(left.plane.datagrams.idOf(second.local)).toBeUndefined()
  })

  it('counts what the plane carried for the peer, and tells of traffic', async () => {
    const { world, left, right } = await twoPlaneNodes()
    route(left, right)
    const before = { ...left.up[0]?.counters }
    const heardBefore = right.up[0]?.counters.packetsIn ?? 0
    for (let i = 0; i < 10; i++) left.fake.packet('10.0.0.1', '10.0.0.2', 'hello')
    await world.run({ forMs: 2_000 })
    const after = left.up[0]?.counters
    const packets = (after?.packetsOut ?? 0) - (before.packetsOut ?? 0)
    const bytes = (after?.bytesOut ?? 0) - (before.bytesOut ?? 0)
    const carried = 10 * 'E10.0.0.1>10.0.0.2 hello'.length
    // A ping of the channel may come along.
    expect([10, 11]).toContain(packets)
    expect(bytes).toBeGreaterThanOrEqual(carried)
    expect(bytes).toBeLessThan(1.2 * carried)
    expect([10, 11]).toContain((right.up[0]?.counters.packetsIn ?? 0) - heardBefore)
    expect(left.sentTo).toEqual([right.table.address.toString()])
    expect(right.sentTo).toEqual([])
  })

  it('replaces keys of sessions that carry nothing but packets, and loses none', async () => {
    const { world, left, right } = await twoPlaneNodes()
    route(left, right)
    const first = [...left.fake.sessions.keys()]
    const seconds = 400
    for (let i = 0; i < seconds; i++) {
      expect(left.fake.packet('10.0.0.1', '10.0.0.2', String(i))).toBe(true)
      await world.run({ forMs: 1_000 })
    }
    expect(right.fake.delivered.map((text) => text.split(' ')[1])).toEqual(
      Array.from({ length: seconds }, (_, i) => String(i)),
    )
    expect([...left.fake.sessions.keys()].some((index) => first.includes(index))).toBe(false)
    expect(left.fake.sessions.size).toBeLessThanOrEqual(3)
    expect([...left.down, ...right.down]).toEqual([])
  }, 20_000)

  it('is heard as long as packets come', async () => {
    const { world, left, right } = await twoPlaneNodes()
    route(left, right)
    for (let i = 0; i < 60; i++) {
      right.fake.packet('10.0.0.2', '10.0.0.1', String(i))
      await world.run({ forMs: 1_000 })
      const silentMs = left.host.runtime.clock.now() - (left.up[0]?.lastHeardAt ?? 0)
      expect(silentMs).toBeLessThanOrEqual(2_100)
    }
  })

  it('notices that a silent peer is gone, and takes everything of it out of the plane', async () => {
    const { world, left, right } = await twoPlaneNodes()
    route(left, right)
    right.host.crash()
    for (let i = 0; i < 60; i++) {
      left.fake.packet('10.0.0.1', '10.0.0.2', String(i))
      await world.run({ forMs: 1_000 })
    }
    expect(left.down).toEqual(['lost'])
    left.plane.forwarding.withdraw(row('10.0.0.2', right).base, 32)
    expect([left.fake.peers.size, left.fake.sessions.size, left.fake.routes.size]).toEqual([
      0, 0, 0,
    ])
  })

  it('follows a peer that moves and sends nothing but packets', async () => {
    const { world, left, right } = await twoPlaneNodes()
    route(left, right)
    right.host.setAddresses(['198.51.100.77'])
    for (let i = 0; i < 10; i++) {
      right.fake.packet('10.0.0.2', '10.0.0.1', String(i))
      await world.run({ forMs: 500 })
    }
    expect(left.up[0]?.activeEdge?.remote?.host).toBe('198.51.100.77')
    expect([...left.fake.peers.values()].map(({ endpoint }) => endpoint?.host)).toEqual([
      '198.51.100.77',
    ])
    left.fake.packet('10.0.0.1', '10.0.0.2', 'found')
    await world.run({ forMs: 100 })
    expect(right.fake.delivered).toEqual(['10.0.0.1 found'])
    expect(left.down).toEqual([])
  })

  it('leaves packets to JavaScript while the path is none of its sockets', async () => {
    const { left, right } = await twoPlaneNodes()
    route(left, right)
    const ring: Edge = {
      kind: 'ring',
      id: 'ring/x',
      sourceBytes: new Uint8Array(),
      isOpen: true,
      send: () => true,
      close: () => undefined,
    }
    left.plane.activeEdgeChanged(right.table.address, ring)
    expect(left.fake.packet('10.0.0.1', '10.0.0.2', 'x')).toBe(false)
    const udp = left.up[0]?.activeEdge
    left.plane.activeEdgeChanged(right.table.address, udp)
    expect(left.fake.packet('10.0.0.1', '10.0.0.2', 'x')).toBe(true)
  })

  it('leaves room for the longer header on IPv6 paths', async () => {
    const { left, right } = await twoPlaneNodes()
    const ports = { ...left.host.runtime, datagrams: left.plane.datagrams }
    const second = await UdpEdgeListener.open(ports, { host: '::', port: 4001 })
    const bytesMax = () => [...left.fake.peers.values()].map((peer) => peer.row.datagramBytesMax)
    expect(bytesMax()).toEqual([1472])
    const edge = second.edgeFrom({ host: '2001:db8::2', port: 4000 })
    left.plane.activeEdgeChanged(right.table.address, edge)
    expect(bytesMax()).toEqual([1452])
    left.plane.activeEdgeChanged(right.table.address, left.up[0]?.activeEdge)
    expect(bytesMax()).toEqual([1472])
  })

  it('opens what comes over other edges with the same window', async () => {
    const { left, right } = await twoPlaneNodes()
    const datagram = right.up[0]?.session.seal(new TextEncoder().encode('\x03ring'), 0)
    const edge = left.up[0]?.activeEdge
    if (!datagram || !edge) throw new Error('not connected')
    left.table.receive(datagram, edge)
    left.table.receive(datagram, edge)
    expect(left.frames).toEqual(['\x03ring'])
  })

  it('does the work in JavaScript when the plane is full', async () => {
    const { world, left, right } = await twoPlaneNodes()
    left.fake.sessionsMax = 0
    const third = await planeNode(world.addHost({ name: 'third' }))
    third.table.dial(left.table.hintOf())
    await world.run({ forMs: 2_000 })
    third.up[0]?.send(new TextEncoder().encode('\x03hello'))
    await world.run({ forMs: 100 })
    expect(left.frames).toEqual(['\x03hello'])
    expect([...left.fake.sessions.values()].every(({ row: { peer } }) => peer === 1)).toBe(true)
    expect(right.down).toEqual([])
  })

  it('leaves packets to JavaScript when the plane has no room for a peer or a row', async () => {
    const { world, left } = await twoPlaneNodes()
    left.fake.peersMax = 1
    const third = await planeNode(world.addHost({ name: 'third' }))
    const stranger = third.table.address
    left.plane.activeEdgeChanged(stranger, left.up[0]?.activeEdge)
    left.plane.forwarding.install(row('10.0.0.3', third))
    expect([left.fake.peers.size, left.fake.routes.size]).toEqual([1, 0])
    expect(left.plane.forwarding.idleMs(row('10.0.0.3', third).base, 32)).toBe(0)
  })

  it('leaves an empty plane behind', async () => {
    const { world, left, right } = await twoPlaneNodes()
    await left.table.close()
    await world.run({ forMs: 1_000 })
    expect(right.down).toEqual(['closed by peer'])
    for (const { fake, plane } of [left, right]) {
      expect([fake.peers.size, fake.sessions.size]).toEqual([0, 0])
      await plane.close()
    }
  })
})
