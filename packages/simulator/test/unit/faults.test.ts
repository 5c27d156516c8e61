/** Crashes, pauses, partitions and clock jumps do what they say. */
import { describe, expect, it } from '@jest/globals'
import { World } from '../../src/index.ts'
import { ignore, record, texts } from './arrange.ts'

describe('faults', () => {
  it('a crash stops timers, closes sockets and leaves promises pending', async () => {
    const world = new World({ seed: 1 })
    const [victim, other] = [world.addHost(), world.addHost()]
    const old = victim.runtime
    const [dead, sender] = [await record(victim, 7), await record(other)]
    let fired = false
    old.timers.at(100, 'never', () => (fired = true))
    victim.crash()
    sender.say('anybody?', { host: victim.address, port: 7 })
    dead.say('ghost', { host: other.address, port: sender.socket.local.port })
    let settled = false
    void old.datagrams.bind({ host: '0.0.0.0', port: 8 }, ignore).finally(() => (settled = true))
    await world.run()
    expect([fired, settled, victim.isUp]).toEqual([false, false, false])
    expect([texts(dead), texts(sender)]).toEqual([[], []])
    expect(world.stats.dropsByReason).toEqual({ 'host down': 1 })
  })

  it('a restart gives a new runtime on the same addresses', async () => {
    const world = new World({ seed: 1 })
    const [victim, other] = [world.addHost(), world.addHost()]
    const before = victim.runtime
    await record(victim, 7)
    const runtime = victim.restart()
    expect(runtime).not.toBe(before)
    expect(runtime).toBe(victim.runtime)
    expect(runtime.random.uint32()).not.toBe(before.random.uint32())
    const [reborn, sender] = [await record(victim, 7), await record(other)]
    sender.say('hello', { host: victim.address, port: 7 })
    await world.run()
    expect(texts(reborn)).toEqual(['hello'])
  })

  it('a paused process catches up in order when it is resumed', async () => {
    const world = new World({ seed: 1, latencyMs: 10 })
    const [sleeper, other] = [world.addHost(), world.addHost()]
    const [receiver, sender] = [await record(sleeper, 7), await record(other)]
    const events: string[] = []
    const timer = sleeper.runtime.timers.at(5, 'early', (now) => events.push(`timer at ${now}`))
    sleeper.pause()
    sender.say('while asleep', { host: sleeper.address, port: 7 })
    await world.run({ untilMs: 50 })
    expect([events, texts(receiver)]).toEqual([[], []])
    sleeper.resume()
    await world.run({ untilMs: 60 })
    expect(events).toEqual(['timer at 50'])
    expect(receiver.arrivals[0]).toMatchObject({ at: 50, text: 'while asleep' })
    timer.cancel()
  })

  it('a paused process loses what its socket buffer does not hold', async () => {
    const world = new World({ seed: 1 })
    const [sleeper, other] = [world.addHost(), world.addHost()]
    const [receiver, sender] = [await record(sleeper, 7), await record(other)]
    sleeper.pause()
    for (let i = 0; i < 300; i++) sender.say('x', { host: sleeper.address, port: 7 })
    await world.run()
    sleeper.resume()
    await world.run()
    expect(receiver.arrivals).toHaveLength(256)
    expect(world.stats.dropsByReason).toEqual({ 'buffer full': 44 })
  })

  it('a partition cuts groups off until it heals, packets on the way included', async () => {
    const world = new World({ seed: 1, latencyMs: 10 })
    const hosts = [world.addHost(), world.addHost(), world.addHost()] as const
    const ends = await Promise.all(hosts.map((host) => record(host, 7)))
    const sayToAll = (text: string): void => {
      for (const host of hosts.slice(1)) ends[0]?.say(text, { host: host.address, port: 7 })
    }
    sayToAll('on the way')
    world.partition([[hosts[0], hosts[1]]])
    sayToAll('cut')
    await world.run()
    world.heal()
    sayToAll('healed')
    await world.run()
    expect(ends[1] && texts(ends[1])).toEqual(['on the way', 'cut', 'healed'])
    expect(ends[2] && texts(ends[2])).toEqual(['healed'])
    expect(world.stats.dropsByReason).toEqual({ partitioned: 2 })
  })

  it('a block cuts one pair off', async () => {
    const world = new World({ seed: 1 })
    const hosts = [world.addHost(), world.addHost(), world.addHost()] as const
    world.block(hosts[0], hosts[1])
    expect(world.canReach(hosts[1], hosts[0])).toBe(false)
    expect(world.canReach(hosts[0], hosts[2])).toBe(true)
    world.unblock(hosts[1], hosts[0])
    expect(world.canReach(hosts[0], hosts[1])).toBe(true)
  })

  it('broken pairs have about the share they should, and never include the first host', () => {
    const world = new World({ seed: 1, brokenProbability: 0.2 })
    const hosts = Array.from({ length: 100 }, () => world.addHost())
    let cut = 0
    for (const one of hosts) for (const other of hosts) if (!world.canReach(one, other)) cut++
    // 1 - (1 - 0.2)^2 = 36 % of the 99 * 98 ordered pairs without the first host.
    expect(cut / (99 * 98)).toBeGreaterThan(0.34)
    expect(cut / (99 * 98)).toBeLessThan(0.38)
    const [first] = hosts
    expect(first && hosts.every((host) => world.canReach(first, host))).toBe(true)
  })

  it('a clock jump moves the calendar and not the monotonic clock', async () => {
    const world = new World({ seed: 1 })
    const [host, other] = [world.addHost(), world.addHost({ clockSkewMs: -500 })]
    const { clock } = host.runtime
    await world.run({ untilMs: 1_000 })
    expect(clock.wallTimeMs() - other.runtime.clock.wallTimeMs()).toBe(500)
    host.setClockSkew(3_600_000)
    expect(clock.now()).toBe(1_000)
    expect(clock.wallTimeMs() - other.runtime.clock.wallTimeMs()).toBe(3_600_500)
  })

  it('cancelled timers do not fire, and cancelling late does nothing', async () => {
    const world = new World({ seed: 1 })
    const { timers } = world.addHost().runtime
    const fired: string[] = []
    const first = timers.at(1, 'first', () => fired.push('first'))
    const second = timers.at(2, 'second', () => fired.push('second'))
    timers.at(1, 'third', () => second.cancel())
    await world.run()
    first.cancel()
    expect(fired).toEqual(['first'])
  })

  it('a host that moves is reached at its new address only', async () => {
    const world = new World({ seed: 1 })
    const [mover, other] = [world.addHost(), world.addHost()]
    const [receiver, sender] = [await record(mover, 7), await record(other)]
    mover.setAddresses(['10.9.9.9'])
    sender.say('old', { host: '10.0.0.1', port: 7 })
    sender.say('new', { host: '10.9.9.9', port: 7 })
    await world.run()
    expect(texts(receiver)).toEqual(['new'])
    expect(mover.runtime.interfaces.list().map(({ host }) => host)).toEqual([
      '127.0.0.1',
      '10.9.9.9',
    ])
  })
})
