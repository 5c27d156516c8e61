/** Datagram sockets bind, address and lose as a system's do. */
import { describe, expect, it } from '@jest/globals'
import { World } from '../../src/index.ts'
import { bytesOf, ignore, record, texts } from './arrange.ts'

describe('simulated datagram sockets', () => {
  it('refuse a port that is taken and an address that is not theirs', async () => {
    const { datagrams } = new World({ seed: 1 }).addHost().runtime
    await datagrams.bind({ host: '0.0.0.0', port: 5 }, ignore)
    await expect(datagrams.bind({ host: '0.0.0.0', port: 5 }, ignore)).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
    await expect(datagrams.bind({ host: '10.0.0.1', port: 5 }, ignore)).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
    await expect(datagrams.bind({ host: '9.9.9.9', port: 6 }, ignore)).rejects.toMatchObject({
      code: 'EADDRNOTAVAIL',
    })
  })

  it('free their port when closed', async () => {
    const { datagrams } = new World({ seed: 1 }).addHost().runtime
    const socket = await datagrams.bind({ host: '0.0.0.0', port: 5 }, ignore)
    await socket.close()
    await expect(datagrams.bind({ host: '0.0.0.0', port: 5 }, ignore)).resolves.toBeDefined()
  })

  it('get different ephemeral ports', async () => {
    const host = new World({ seed: 1 }).addHost()
    const ports = new Set<number>()
    for (let i = 0; i < 50; i++) ports.add((await record(host)).socket.local.port)
    expect(ports.size).toBe(50)
  })

  it('prefer the socket bound to the very address over a wildcard', async () => {
    const world = new World({ seed: 1 })
    const host = world.addHost({ addresses: ['10.0.0.1', '10.0.0.2'] })
    const exact = await record(host, 7, '10.0.0.2')
    const sender = await record(world.addHost({ addresses: ['10.0.0.9'] }))
    sender.say('to exact', { host: '10.0.0.2', port: 7 })
    sender.say('to nobody', { host: '10.0.0.1', port: 7 })
    await world.run()
    expect(texts(exact)).toEqual(['to exact'])
    expect(world.stats.dropsByReason).toEqual({ 'no socket': 1 })
  })

  it('reach their own host over loopback', async () => {
    const world = new World({ seed: 1 })
    const host = world.addHost()
    const [server, client] = [await record(host, 7), await record(host)]
    client.say('hi', { host: '127.0.0.1', port: 7 })
    client.say('me', { host: host.address, port: 7 })
    await world.run()
    expect(server.arrivals.map(({ text, from }) => [text, from.host])).toEqual([
      ['hi', '127.0.0.1'],
      ['me', host.address],
    ])
  })

  it('carry IPv6 beside IPv4', async () => {
    const world = new World({ seed: 1 })
    const server = await record(world.addHost({ addresses: ['10.0.0.1', 'fd00::1'] }), 7, '::')
    const client = world.addHost({ addresses: ['10.0.0.2', 'fd00::2'] })
    const [four, six] = [await record(client), await record(client, 0, '::')]
    four.say('four', { host: '10.0.0.1', port: 7 })
    six.say('six', { host: 'fd00::1', port: 7 })
    four.say('mixed', { host: 'fd00::1', port: 7 })
    await world.run()
    expect(server.arrivals.map(({ text, from }) => [text, from.host])).toEqual([
      ['four', '10.0.0.2'],
      ['six', 'fd00::2'],
    ])
  })

  it('overwrite delivered buffers and copy sent ones', async () => {
    const world = new World({ seed: 1 })
    const kept: Uint8Array[] = []
    const seen: number[] = []
    const receiver = world.addHost()
    await receiver.runtime.datagrams.bind(
      { host: '0.0.0.0', port: 7 },
      { ...ignore, onDatagram: (bytes) => void (kept.push(bytes), seen.push(bytes[0] ?? 0)) },
    )
    const { socket } = await record(world.addHost())
    const bytes = bytesOf('a')
    socket.send(bytes, { host: receiver.address, port: 7 })
    bytes[0] = 0
    await world.run()
    expect(seen).toEqual([97])
    expect(kept[0]?.[0]).toBe(0xdb)
  })
})

describe('simulated links', () => {
  it('lose, copy and reorder the share they are told to', async () => {
    const world = new World({
      seed: 3,
      lossProbability: 0.2,
      duplicateProbability: 0.1,
      reorderProbability: 0.1,
    })
    const [server, client] = [await record(world.addHost(), 7), await record(world.addHost())]
    for (let i = 0; i < 5_000; i++) {
      world.at(i, () => client.say(String(i), { host: '10.0.0.1', port: 7 }))
    }
    await world.run()
    expect(world.stats.dropsByReason.lost).toBeGreaterThan(900)
    expect(world.stats.dropsByReason.lost).toBeLessThan(1_100)
    expect(world.stats.datagramsDuplicated).toBeGreaterThan(330)
    const order = texts(server).map(Number)
    const overtaken = order.filter((number, i) => i > 0 && number < (order[i - 1] ?? 0))
    expect(overtaken.length).toBeGreaterThan(300)
  })

  it('add the access links of both hosts to the path', async () => {
    const world = new World({ seed: 1, latencyMs: 10 })
    const server = world.addHost({ link: { latencyMs: 3 } })
    const client = world.addHost({ link: { latencyMs: 4 } })
    const [receiver, sender] = [await record(server, 7), await record(client)]
    sender.say('a', { host: server.address, port: 7 })
    await world.run()
    world.setLink(client, server, { latencyMs: 100 })
    sender.say('b', { host: server.address, port: 7 })
    await world.run()
    expect(receiver.arrivals.map(({ at }) => at)).toEqual([17, 17 + 107])
  })

  it('queue behind a slow link and drop what is too big for it', async () => {
    const world = new World({ seed: 1, latencyMs: 0 })
    const server = world.addHost()
    const client = world.addHost({ link: { bitsPerSecond: 8_000, datagramBytesMax: 1_000 } })
    const [receiver, sender] = [await record(server, 7), await record(client)]
    for (const length of [100, 200, 1_001]) {
      sender.say('x'.repeat(length), { host: server.address, port: 7 })
    }
    await world.run()
    expect(receiver.arrivals.map(({ at }) => at)).toEqual([100, 300])
    expect(world.stats.dropsByReason).toEqual({ 'too big': 1 })
  })
})
