/** A world with every kind of fault repeats exactly from its seed. */
import { describe, expect, it } from '@jest/globals'
import type { Stream } from '@ipop/runtime'
import { easyNat, hardNat, torusLatency, World } from '../../src/index.ts'
import type { Host } from '../../src/index.ts'
import { ignore } from '../unit/arrange.ts'

describe('a world full of faults', () => {
  it('gives the same trace, counters and log from the same seed', async () => {
    const [one, other] = await Promise.all([story(11), story(11)])
    expect(one.traceHash()).toBe(other.traceHash())
    expect(one.stats).toEqual(other.stats)
    expect(one.logs()).toEqual(other.logs())
    expect(one.packets()).toEqual(other.packets())
    expect(one.eventsExecuted).toBe(other.eventsExecuted)
    for (const reason of [
      'lost',
      'partitioned',
      'blocked',
      'host down',
      'refused by nat',
    ] as const) {
      expect(one.stats.dropsByReason[reason]).toBeGreaterThan(0)
    }
    expect(one.stats.streamBytesDelivered).toBeGreaterThan(0)
  })

  it('gives another trace from another seed', async () => {
    expect((await story(11)).traceHash()).not.toBe((await story(12)).traceHash())
  })

  it('gives the same trace whether or not its log is kept', async () => {
    const [quiet, loud] = [await story(11), await story(11, 'trace')]
    expect(quiet.traceHash()).toBe(loud.traceHash())
    expect(loud.logs().length).toBeGreaterThan(quiet.logs().length)
  })
})

const PORT = 9
const PUBLIC_HOSTS = 6

async function story(seed: number, logLevel: 'trace' | 'info' = 'info'): Promise<World> {
  const world = new World({
    seed,
    logLevel,
    latencyMs: torusLatency(80),
    jitterMs: 15,
    lossProbability: 0.05,
    duplicateProbability: 0.02,
    reorderProbability: 0.05,
    brokenProbability: 0.1,
  })
  const hosts = Array.from({ length: PUBLIC_HOSTS }, () => world.addHost())
  for (const behaviour of [easyNat, hardNat]) {
    const behind = world.addNat({ behaviour })
    hosts.push(world.addHost({ addresses: ['192.168.0.2'], behind }))
  }
  for (const host of hosts) await run(host)
  strike(world, hosts)
  await world.run({ forMs: 10_000 })
  return world
}

function strike(world: World, hosts: readonly Host[]): void {
  const [, first, second, third] = hosts as [Host, Host, Host, Host]
  world.at(2_000, () => world.partition([hosts.slice(0, 3)]))
  world.at(3_000, () => world.heal())
  world.at(4_000, () => first.crash())
  world.at(5_000, () => {
    first.restart()
    void run(first)
  })
  world.at(4_500, () => second.pause())
  world.at(6_500, () => second.resume())
  world.at(7_000, () => third.setClockSkew(60_000))
}

/** A program that talks to random hosts with datagrams and streams and answers what it hears. */
async function run(host: Host): Promise<void> {
  const { datagrams, log, random, streams, timers } = host.runtime
  const anybody = () => ({ host: `10.0.0.${1 + random.below(PUBLIC_HOSTS + 3)}`, port: PORT })
  const socket = await datagrams.bind(
    { host: '0.0.0.0', port: PORT },
    {
      ...ignore,
      onDatagram: (bytes, from) => {
        log.write('trace', 'heard', { length: bytes.length, port: from.port })
        if (random.below(3) === 0) socket.send(bytes.subarray(0, bytes.length >> 1), from)
      },
    },
  )
  const handlers = { onData: () => undefined, onDrain: () => undefined, onClose: () => undefined }
  await streams.listen({ host: '0.0.0.0', port: PORT }, () => handlers)
  const speak = (now: number): void => {
    socket.send(random.bytes(1 + random.below(400)), anybody())
    if (random.below(10) === 0) void sayByStream(streams.connect(anybody(), handlers, 1_000))
    timers.at(now + random.float() * 50, 'speak', speak)
  }
  const sayByStream = async (connecting: Promise<Stream>): Promise<void> => {
    try {
      const stream = await connecting
      stream.write(random.bytes(1_000))
      stream.close()
    } catch (error) {
      log.write('info', 'no stream', { error: String(error) })
    }
  }
  timers.at(0, 'speak', speak)
}
