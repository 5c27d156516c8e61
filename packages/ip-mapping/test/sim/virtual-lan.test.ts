/** The virtual network over the real overlay and the real DHT, in simulated time. */
import { describe, expect, it } from '@jest/globals'
import { Malformed } from '@ipop/codec'
import { parseIpv6, type Ipv6 } from '../../src/ip/ipv6-address.ts'
import { textOf, udp } from '../fakes/packets.ts'
import { textOf6, udp6 } from '../fakes/packets6.ts'
import { VirtualLan, type LanNode } from '../fakes/virtual-lan.ts'

describe('a virtual LAN', () => {
  it('works with a single node', async () => {
    const lan = new VirtualLan({ seed: 1 })
    await lan.addAll(1)
    expect(await lan.untilAddressed(10_000)).toBeLessThan(5_000)
  })

  it('gives different addresses to 10 nodes that start at once, and carries packets between them', async () => {
    const lan = new VirtualLan({ seed: 2, latencyMs: 30 })
    await lan.addAll(10)
    const elapsedMs = await lan.untilAddressed()
    expect(elapsedMs).toBeLessThan(15_000)
    expect(lan.doubles()).toEqual([])
    const last = lan.nodes.at(-1) as LanNode
    for (const node of lan.nodes.slice(0, -1)) {
      node.device.send(udp(node.ip(), last.ip(), node.ip() ?? ''))
    }
    await lan.world.run({ forMs: 5_000 })
    const senders = lan.nodes.slice(0, -1).map((node) => node.ip())
    expect(new Set(last.device.written.map(textOf))).toEqual(new Set(senders))
    expect(last.device.written).toHaveLength(senders.length)
  })

  it('carries IPv6 between all of 12 nodes by their places on the ring, also from a lossy network', async () => {
    const lan = new VirtualLan({ seed: 6, latencyMs: 30, lossProbability: 0.05 })
    await lan.addAll(12)
    const isOnRing = () => lan.nodes.every(({ overlay }) => overlay.state === 'connected')
    await lan.world.runUntil(isOnRing, { limitMs: 60_000, everyMs: 100 })
    await lan.world.run({ forMs: 10_000 })
    for (const node of lan.nodes) node.mapper.useIpv6()
    for (const from of lan.nodes) {
      for (const to of lan.nodes) {
        from.device.send(udp6(ipv6Of(from), ipv6Of(to), `${from.host.name} to ${to.host.name}`))
      }
    }
    await lan.world.run({ forMs: 10_000 })
    const received = lan.nodes.map(({ device }) => new Set(device.written.map(textOf6)).size)
    // Of 144 packets some are lost on their way, none for want of an address.
    expect(received.reduce((sum, count) => sum + count)).toBeGreaterThan(0.85 * 144)
    for (const { mapper } of lan.nodes) {
      const { dropped } = mapper.status().counters
      expect([dropped.unresolved, dropped.unreachable, dropped.spoofed]).toEqual([0, 0, 0])
    }
  })

  it('keeps 50 of 50 addresses, though all joined at once and every node published the settings', async () => {
    const lan = new VirtualLan({ seed: 50, latencyMs: 20 })
    await lan.addAll(50, { hasFile: true })
    await lan.untilAddressed()
    const first = lan.nodes.map((node) => node.ip())
    // Neighbours still change, and every claim is made again.
    await lan.world.run({ forMs: 15_000 })
    expect(lan.nodes.map((node) => node.ip())).toEqual(first)
    expect(lan.doubles()).toEqual([])
    const [reader] = lan.nodes as [LanNode]
    for (const node of lan.nodes) {
      const holder = await lan.world.settle(reader.mapper.resolve(node.ip() ?? ''))
      expect(holder?.equals(node.overlay.address)).toBe(true)
    }
  }, 240_000)

  it('resolves rivalry when both halves of a split network gave out the same addresses', async () => {
    // 13 addresses for 10 nodes: the halves must collide.
    const fields = { netmask: '255.255.255.240', leaseTimeSeconds: 600 }
    const lan = new VirtualLan({ seed: 7, latencyMs: 20 })
    await lan.addAll(2, { hasFile: true, fields })
    await lan.untilAddressed()
    await lan.world.run({ forMs: 10_000 })
    const [a, b] = lan.nodes as [LanNode, LanNode]
    lan.world.partition([[a.host], [b.host]])
    await lan.world.run({ forMs: 60_000 })
    const halves = [[a], [b]]
    for (let count = 0; count < 8; count += 1) {
      const half = halves[count % 2] ?? []
      half.push(await lan.add({ fields }, half.slice(0, 1)))
      lan.world.partition(halves.map((nodes) => nodes.map((node) => node.host)))
    }
    await lan.untilAddressed(120_000)
    expect(lan.doubles().length).toBeGreaterThan(0)
    lan.world.heal()
    const isSettled = () =>
      lan.doubles().length === 0 && lan.nodes.every((node) => node.ip() !== undefined)
    await lan.world.runUntil(isSettled, { limitMs: 900_000, everyMs: 1_000 })
    expect(lan.doubles()).toEqual([])
    expect(lan.nodes.map((node) => node.ip())).not.toContain(undefined)
    expect(
      lan.nodes.flatMap((node) => node.events).filter((e) => e.startsWith('conflict')),
    ).not.toEqual([])
  })

  it('frees the address of a crashed node when its lease ends, and of a stopped one at once', async () => {
    const fields = { netmask: '255.255.255.248', leaseTimeSeconds: 120 }
    const lan = new VirtualLan({ seed: 8, latencyMs: 20 })
    // .2 to .6: room for five.
    await lan.addAll(5, { hasFile: true, fields })
    await lan.untilAddressed(120_000)
    const sixth = await lan.add({ fields })
    await lan.world.run({ forMs: 30_000 })
    expect(sixth.ip()).toBeUndefined()
    const [, second, third] = lan.nodes as [LanNode, LanNode, LanNode]
    const freed = second.ip()
    await lan.world.settle(second.mapper.stop())
    await lan.world.settle(second.overlay.leave())
    lan.crash(second)
    await lan.world.runUntil(() => sixth.ip() !== undefined, { limitMs: 60_000, everyMs: 100 })
    expect(sixth.ip()).toBe(freed)
    const crashed = third.ip()
    lan.crash(third)
    const seventh = await lan.add({ fields })
    await lan.world.run({ forMs: 20_000 })
    expect(seventh.ip()).toBeUndefined()
    await lan.world.runUntil(() => seventh.ip() !== undefined, { limitMs: 240_000, everyMs: 100 })
    expect(seventh.ip()).toBe(crashed)
  })

  it('leaves no address with two owners after a node was cut off for longer than its lease', async () => {
    const fields = { leaseTimeSeconds: 120 }
    const lan = new VirtualLan({ seed: 9, latencyMs: 20 })
    await lan.addAll(8, { fields })
    await lan.untilAddressed()
    const lonely = lan.nodes[5] as LanNode
    // A ring of one works, so it renews there, while the others may give its address away.
    const others = lan.nodes.filter((node) => node !== lonely)
    lan.world.partition([[lonely.host], others.map((node) => node.host)])
    await lan.world.run({ forMs: 150_000 })
    lan.world.heal()
    await lan.world.run({ forMs: 150_000 })
    expect(lan.doubles()).toEqual([])
    expect(lonely.ip()).toBeDefined()
  })
})

function ipv6Of({ mapper }: LanNode): Ipv6 {
  const ip = parseIpv6(mapper.ipv6Cidr.split('/')[0] ?? '')
  if (ip instanceof Malformed) throw new Error(ip.reason)
  return ip
}
