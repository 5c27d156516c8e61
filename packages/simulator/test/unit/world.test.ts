/** Worlds deliver, lose and repeat as told. */
import { describe, expect, it } from '@jest/globals'
import type { DatagramSocket, Endpoint } from '@ipop/runtime'
import { World } from '../../src/index.ts'
import type { Host, WorldOptions } from '../../src/index.ts'

describe('World', () => {
  it('delivers a datagram after the latency of the path', async () => {
    const world = new World({ seed: 1, latencyMs: 30 })
    const [left, right] = [world.addHost(), world.addHost()]
    const received = await listen(right, 7)
    const socket = await left.runtime.datagrams.bind({ host: '0.0.0.0', port: 0 }, ignore)
    socket.send(new Uint8Array([1, 2, 3]), { host: right.address, port: 7 })
    await world.run()
    expect(received).toEqual([
      { at: 30, bytes: [1, 2, 3], from: { host: left.address, port: socket.local.port } },
    ])
  })

  it('gives equal traces for equal seeds and others for other seeds', async () => {
    const hashes = await Promise.all(
      [5, 5, 6].map((seed) => chatter({ seed, jitterMs: 10, lossProbability: 0.1 })),
    )
    expect(hashes[0]).toBe(hashes[1])
    expect(hashes[0]).not.toBe(hashes[2])
  })

  it('lets promise chains of any length finish before time moves on', async () => {
    const world = new World({ seed: 1 })
    const host = world.addHost()
    let chainEndedAt = -1
    host.runtime.timers.at(10, 'start', () => {
      void (async () => {
        for (let i = 0; i < 1000; i++) await Promise.resolve()
        chainEndedAt = host.runtime.clock.now()
      })()
    })
    host.runtime.timers.at(10.001, 'other', () => expect(chainEndedAt).toBe(10))
    await world.run()
    expect(chainEndedAt).toBe(10)
  })

  it('runs until a predicate holds and says when it never does', async () => {
    const world = new World({ seed: 1 })
    const host = world.addHost()
    let fired = false
    host.runtime.timers.at(100, 'fire', () => (fired = true))
    expect(await world.runUntil(() => fired, { limitMs: 1000 })).toBe(true)
    expect(world.elapsedMs()).toBe(100)
    expect(await world.runUntil(() => false, { limitMs: 500 })).toBe(false)
    expect(world.elapsedMs()).toBe(600)
  })

  it('reports an exception of simulated code with host and time', async () => {
    const world = new World({ seed: 1 })
    const host = world.addHost({ name: 'faulty' })
    host.runtime.timers.at(5, 'bug', () => {
      throw new Error('a bug')
    })
    await expect(world.run()).rejects.toThrow('host faulty at 5.0 ms: a bug')
  })
})

const ignore = { onDatagram: () => undefined, onError: () => undefined }

interface Arrival {
  at: number
  bytes: number[]
  from: Endpoint
}

async function listen(host: Host, port: number): Promise<Arrival[]> {
  const arrivals: Arrival[] = []
  const { clock, datagrams } = host.runtime
  await datagrams.bind(
    { host: '0.0.0.0', port },
    {
      ...ignore,
      onDatagram: (bytes, from) => arrivals.push({ at: clock.now(), bytes: [...bytes], from }),
    },
  )
  return arrivals
}

async function chatter(options: WorldOptions): Promise<string> {
  const world = new World(options)
  for (let i = 0; i < 5; i++) await startChatting(world.addHost())
  await world.run({ forMs: 5_000 })
  return world.traceHash()
}

async function startChatting(host: Host): Promise<void> {
  const { datagrams, random, timers } = host.runtime
  const socket: DatagramSocket = await datagrams.bind({ host: '0.0.0.0', port: 9 }, ignore)
  const speak = (now: number): void => {
    socket.send(random.bytes(20), { host: `10.0.0.${1 + random.below(5)}`, port: 9 })
    timers.at(now + random.float() * 100, 'speak', speak)
  }
  timers.at(0, 'speak', speak)
}
