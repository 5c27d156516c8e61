/** Streams are ordered and reliable, refuse, time out and push back. */
import { describe, expect, it } from '@jest/globals'
import type { Stream, StreamHandlers } from '@ipop/runtime'
import { easyNat, World } from '../../src/index.ts'
import type { Host, WorldOptions } from '../../src/index.ts'
import { bytesOf, textOf } from './arrange.ts'

describe('simulated streams', () => {
  it('carry bytes both ways in order in spite of jitter and loss', async () => {
    const { world, client, server } = await connected({ jitterMs: 50, lossProbability: 0.2 })
    for (let i = 0; i < 50; i++) client.stream.write(bytesOf(`${i},`))
    server.stream().write(bytesOf('welcome'))
    await world.run()
    expect(server.log.join('')).toBe(Array.from({ length: 50 }, (_, i) => `${i},`).join(''))
    expect(client.log).toEqual(['welcome'])
  })

  it('take one round trip to connect and one latency per write', async () => {
    const { world, client, server } = await connected({ latencyMs: 40 })
    expect(world.elapsedMs()).toBe(80)
    client.stream.write(bytesOf('x'))
    await world.runUntil(() => server.log.length > 0)
    expect(world.elapsedMs()).toBe(120)
  })

  it('refuse where nobody listens, and time out where nobody is', async () => {
    const world = new World({ seed: 1 })
    const [host, other, down] = [world.addHost(), world.addHost(), world.addHost()]
    down.crash()
    const dial = (address: string): Promise<Stream> =>
      world.settle(
        host.runtime.streams.connect({ host: address, port: 1 }, recorder().handlers, 5_000),
      )
    await expect(dial(other.address)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await expect(dial(down.address)).rejects.toMatchObject({ code: 'ETIMEDOUT' })
    await expect(dial('192.0.2.1')).rejects.toMatchObject({ code: 'ETIMEDOUT' })
    await expect(dial('127.0.0.1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('end on both sides after what was written has arrived', async () => {
    const { world, client, server } = await connected({})
    client.stream.write(bytesOf('last words'))
    client.stream.close()
    await world.run()
    expect(server.log).toEqual(['last words', 'closed'])
    expect(client.log).toEqual(['closed'])
    expect(client.stream.write(bytesOf('x'))).toBe(false)
  })

  it('reset the peer on abort', async () => {
    const { world, client, server } = await connected({})
    client.stream.close(true)
    await world.run()
    expect([client.log, server.log]).toEqual([['closed'], ['ECONNRESET']])
  })

  it('ask the writer to wait and tell it when to go on', async () => {
    const { world, client, server } = await connected({})
    const chunk = new Uint8Array(100_000)
    let isTold = true
    while (isTold) isTold = client.stream.write(chunk)
    expect(client.stream.queuedBytes).toBeGreaterThanOrEqual(65_536)
    await world.run()
    expect(client.log).toEqual(['drain'])
    expect(client.stream.queuedBytes).toBe(0)
    expect(server.log.join('').length % chunk.length).toBe(0)
  })

  it('survive a short partition and fail in a long one', async () => {
    const { world, client, server, hosts } = await connected({})
    world.partition([[hosts[0]]])
    client.stream.write(bytesOf('patience'))
    await world.run({ forMs: 10_000 })
    world.heal()
    await world.run({ forMs: 10_000 })
    expect(server.log).toEqual(['patience'])
    world.partition([[hosts[0]]])
    client.stream.write(bytesOf('lost'))
    await world.run({ forMs: 100_000 })
    expect(client.log).toEqual(['ETIMEDOUT'])
  })

  it('learn that the peer restarted when they write to it', async () => {
    const { world, client, hosts } = await connected({})
    hosts[1].restart()
    client.stream.write(bytesOf('still there?'))
    await world.run()
    expect(client.log).toEqual(['ECONNRESET'])
  })

  it('do not read while the peer is paused', async () => {
    const { world, client, server, hosts } = await connected({})
    hosts[1].pause()
    client.stream.write(new Uint8Array(1_000_000))
    await world.run({ forMs: 5_000 })
    expect([server.log.length, client.stream.queuedBytes > 700_000]).toEqual([0, true])
    hosts[1].resume()
    await world.run({ forMs: 60_000 })
    expect(server.log.join('')).toHaveLength(1_000_000)
  })

  it('pass a NAT from inside to outside only', async () => {
    const world = new World({ seed: 1 })
    const nat = world.addNat({ address: '10.1.0.1', behaviour: easyNat })
    const inside = world.addHost({ addresses: ['192.168.0.2'], behind: nat })
    const outside = world.addHost({ addresses: ['10.0.0.9'] })
    const { client, server } = await join(world, inside, outside)
    expect(server.stream().remote.host).toBe('10.1.0.1')
    client.stream.write(bytesOf('out'))
    await world.run()
    expect(server.log).toEqual(['out'])
    await expect(join(world, outside, inside)).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  })

  it('listen on one port once', async () => {
    const { streams } = new World({ seed: 1 }).addHost().runtime
    const accept = (): undefined => undefined
    const listener = await streams.listen({ host: '0.0.0.0', port: 80 }, accept)
    await expect(streams.listen({ host: '0.0.0.0', port: 80 }, accept)).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
    await listener.close()
    await expect(streams.listen({ host: '0.0.0.0', port: 80 }, accept)).resolves.toBeDefined()
  })
})

function recorder(): { log: string[]; handlers: StreamHandlers } {
  const log: string[] = []
  const handlers: StreamHandlers = {
    onData: (bytes) => log.push(textOf(bytes)),
    onDrain: () => log.push('drain'),
    onClose: (error) =>
      log.push(error === undefined ? 'closed' : ((error as { code?: string }).code ?? '')),
  }
  return { log, handlers }
}

async function join(world: World, from: Host, to: Host) {
  const [client, server] = [recorder(), recorder()]
  let accepted: Stream | undefined
  await to.runtime.streams.listen({ host: '0.0.0.0', port: 80 }, (stream) => {
    accepted = stream
    return server.handlers
  })
  const remote = { host: to.address, port: 80 }
  const stream = await world.settle(from.runtime.streams.connect(remote, client.handlers, 60_000))
  return {
    client: { ...client, stream },
    server: { ...server, stream: () => accepted as Stream },
  }
}

async function connected(options: Partial<WorldOptions>) {
  const world = new World({ seed: 1, ...options })
  const hosts = [world.addHost(), world.addHost()] as const
  return { world, hosts, ...(await join(world, ...hosts)) }
}
