/** NATs map and filter by the behaviours of RFC 4787. */
import { describe, expect, it } from '@jest/globals'
import { easyNat, hardNat, openNat, restrictedNat, udpBlockingNat, World } from '../../src/index.ts'
import type { NatBehaviour } from '../../src/index.ts'
import { record, texts } from './arrange.ts'

describe('simulated NATs', () => {
  it('hide the inner address and let the answer back in', async () => {
    const { world, inside, friend } = await homeNetwork(easyNat)
    inside.say('ping', { host: FRIEND, port: 7 })
    await world.run()
    const seen = friend.arrivals[0]?.from
    expect(seen).toEqual({ host: NAT, port: 5000 })
    friend.say('pong', seen ?? { host: NAT, port: 0 })
    await world.run()
    expect(texts(inside)).toEqual(['pong'])
  })

  it.each<[string, NatBehaviour, string[]]>([
    ['open', openNat, ['friend', 'other port', 'stranger']],
    ['restricted', restrictedNat, ['friend', 'other port']],
    ['easy', easyNat, ['friend']],
    ['hard', hardNat, ['friend']],
  ])('filter as an %s NAT does', async (_name, behaviour, expected) => {
    const { world, inside, friend, friendsOther, stranger } = await homeNetwork(behaviour)
    inside.say('ping', { host: FRIEND, port: 7 })
    await world.run()
    const external = friend.arrivals[0]?.from ?? { host: NAT, port: 0 }
    friend.say('friend', external)
    friendsOther.say('other port', external)
    stranger.say('stranger', external)
    await world.run()
    expect(texts(inside)).toEqual(expected)
  })

  it.each<[string, NatBehaviour, number]>([
    ['easy', easyNat, 1],
    ['hard', hardNat, 3],
  ])('map three destinations as an %s NAT does', async (_name, behaviour, ports) => {
    const { world, inside, friend, friendsOther, stranger } = await homeNetwork(behaviour)
    inside.say('1', { host: FRIEND, port: 7 })
    inside.say('2', { host: FRIEND, port: 8 })
    inside.say('3', { host: STRANGER, port: 7 })
    await world.run()
    const seen = [friend, friendsOther, stranger].map((end) => end.arrivals[0]?.from.port)
    expect(new Set(seen).size).toBe(ports)
  })

  it('forget an idle mapping, which inbound packets do not keep alive', async () => {
    const { world, inside, friend } = await homeNetwork({ ...easyNat, mappingLifetimeMs: 30_000 })
    inside.say('ping', { host: FRIEND, port: 7 })
    await world.run()
    const external = friend.arrivals[0]?.from ?? { host: NAT, port: 0 }
    for (const at of [20_000, 40_000]) world.at(at, () => friend.say(`at ${at}`, external))
    await world.run()
    expect(texts(inside)).toEqual(['at 20000'])
    expect(world.stats.dropsByReason).toEqual({ 'refused by nat': 1 })
  })

  it('forget everything on reboot', async () => {
    const { world, nat, inside, friend } = await homeNetwork(hardNat)
    inside.say('1', { host: FRIEND, port: 7 })
    await world.run()
    nat.reboot()
    inside.say('2', { host: FRIEND, port: 7 })
    await world.run()
    const [first, second] = friend.arrivals.map(({ from }) => from.port)
    expect(first).not.toBe(second)
    expect(nat.mappingCount).toBe(1)
  })

  it('drop all UDP where it is blocked', async () => {
    const { world, inside, friend } = await homeNetwork(udpBlockingNat)
    inside.say('ping', { host: FRIEND, port: 7 })
    await world.run()
    expect(texts(friend)).toEqual([])
  })

  it.each<[string, NatBehaviour, string[]]>([
    ['open', openNat, ['neighbor']],
    ['easy', easyNat, []],
  ])('hairpin or not as an %s NAT does', async (_name, behaviour, expected) => {
    const { world, nat, inside, friend } = await homeNetwork(behaviour)
    inside.say('ping', { host: FRIEND, port: 7 })
    await world.run()
    const neighbor = await record(world.addHost({ addresses: ['192.168.0.3'], behind: nat }))
    neighbor.say('neighbor', friend.arrivals[0]?.from ?? { host: NAT, port: 0 })
    await world.run()
    expect(texts(inside)).toEqual(expected)
  })

  it('stand behind each other, and let inner addresses repeat', async () => {
    const world = new World({ seed: 1 })
    const carrier = world.addNat({ address: NAT, behaviour: easyNat })
    const homes = [2, 3].map((n) => world.addNat({ address: `100.64.0.${n}`, behind: carrier }))
    const friend = await record(world.addHost({ addresses: [FRIEND] }), 7)
    for (const behind of homes) {
      const inside = await record(world.addHost({ addresses: ['192.168.0.2'], behind }), 5000)
      inside.say('ping', { host: FRIEND, port: 7 })
    }
    await world.run()
    expect(friend.arrivals.map(({ from }) => from.host)).toEqual([NAT, NAT])
    expect(new Set(friend.arrivals.map(({ from }) => from.port)).size).toBe(2)
  })

  it('keep neighbors behind one NAT close together', async () => {
    const { world, nat, inside } = await homeNetwork(easyNat)
    const neighbor = await record(world.addHost({ addresses: ['192.168.0.3'], behind: nat }), 7)
    inside.say('hi', { host: '192.168.0.3', port: 7 })
    await world.run()
    expect(neighbor.arrivals[0]?.at).toBeLessThan(1)
  })
})

const NAT = '203.0.113.1'
const FRIEND = '198.51.100.1'
const STRANGER = '198.51.100.2'

async function homeNetwork(behaviour: NatBehaviour) {
  const world = new World({ seed: 1 })
  const nat = world.addNat({ address: NAT, behaviour })
  const home = world.addHost({ name: 'home', addresses: ['192.168.0.2'], behind: nat })
  const friendHost = world.addHost({ name: 'friend', addresses: [FRIEND] })
  const strangerHost = world.addHost({ name: 'stranger', addresses: [STRANGER] })
  return {
    world,
    nat,
    inside: await record(home, 5000),
    friend: await record(friendHost, 7),
    friendsOther: await record(friendHost, 8),
    stranger: await record(strangerHost, 7),
  }
}
