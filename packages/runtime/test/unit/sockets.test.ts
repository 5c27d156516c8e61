/** Datagram and stream sockets of the machine, on loopback. */
import { afterEach, describe, expect, it } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNodeDatagrams, createNodeStreams } from '../../src/node/index.ts'
import { STREAM_QUEUE_BYTES_MAX } from '../../src/limits.ts'
import type { DatagramHandlers, Endpoint, Stream, StreamHandlers } from '../../src/index.ts'

const LOOPBACK: Endpoint = { host: '127.0.0.1', port: 0 }
const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

describe('datagram sockets', () => {
  const datagrams = createNodeDatagrams()

  it.each(['127.0.0.1', '::1'])('carry datagrams both ways on %s', async (host) => {
    const inbox = new Inbox()
    const first = await bind({ host, port: 0 }, inbox)
    const second = await bind({ host, port: 0 }, new Inbox())
    second.send(new Uint8Array([1, 2, 3]), first.local)
    const [datagram] = await inbox.wait(1)
    expect(datagram?.bytes).toEqual(new Uint8Array([1, 2, 3]))
    expect(datagram?.from).toEqual(second.local)
  })

  it('lose nothing of a burst of 500', async () => {
    const inbox = new Inbox()
    const receiver = await bind(LOOPBACK, inbox)
    const sender = await bind(LOOPBACK, new Inbox())
    for (let i = 0; i < 500; i++) sender.send(new Uint8Array(1_200).fill(i), receiver.local)
    expect(await inbox.wait(500)).toHaveLength(500)
  })

  it('leave the borrowed bytes to their owner once send returned', async () => {
    const inbox = new Inbox()
    const receiver = await bind(LOOPBACK, inbox)
    const bytes = new Uint8Array([7])
    for (let i = 0; i < 50; i++) {
      bytes[0] = i
      receiver.send(bytes, receiver.local)
    }
    const all = await inbox.wait(50)
    expect(all.map((datagram) => datagram.bytes[0])).toEqual(
      Array.from({ length: 50 }, (_, i) => i),
    )
  })

  it('count what cannot be sent instead of throwing', async () => {
    const socket = await bind(LOOPBACK, new Inbox())
    socket.send(new Uint8Array(70_000), { host: '127.0.0.1', port: 9 })
    socket.send(new Uint8Array(1), { host: '::1', port: 9 })
    socket.send(new Uint8Array(1), { host: 'no address', port: 9 })
    socket.send(new Uint8Array(1), { host: '127.0.0.1', port: 0 })
    await settle()
    expect(socket.sendErrors.get('EMSGSIZE')).toBe(1)
    expect([...socket.sendErrors.values()].reduce((sum, count) => sum + count)).toBe(4)
  })

  it('send whole what fits an Ethernet packet, and say so when it does not', async () => {
    for (const { host, most } of [
      { host: '127.0.0.1', most: 1_472 },
      { host: '::1', most: 1_452 },
    ]) {
      const inbox = new Inbox()
      const socket = await bind({ host, port: 0 }, inbox)
      expect(socket.sendWhole?.(new Uint8Array(most + 1), socket.local)).toBe(false)
      expect(socket.sendWhole?.(new Uint8Array(most), socket.local)).toBe(true)
      const [only] = await inbox.wait(1)
      expect(only?.bytes.length).toBe(most)
    }
  })

  it('give both families the same port', async () => {
    const first = await bind({ host: '0.0.0.0', port: 0 }, new Inbox())
    const second = await bind({ host: '::', port: first.local.port }, new Inbox())
    expect(second.local.port).toBe(first.local.port)
  })

  it('reject with the code of the system when the port is taken', async () => {
    const socket = await bind(LOOPBACK, new Inbox())
    await expect(datagrams.bind(socket.local, new Inbox())).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
  })

  it('call no handler after close, close twice, and free the port', async () => {
    const inbox = new Inbox()
    const socket = await bind(LOOPBACK, inbox)
    const sender = await bind(LOOPBACK, new Inbox())
    sender.send(new Uint8Array(1), socket.local)
    await Promise.all([socket.close(), socket.close()])
    socket.send(new Uint8Array(1), sender.local)
    await settle()
    expect(inbox.datagrams).toHaveLength(0)
    await (await datagrams.bind(socket.local, new Inbox())).close()
  })

  async function bind(local: Endpoint, handlers: DatagramHandlers) {
    const socket = await datagrams.bind(local, handlers)
    cleanups.push(() => socket.close())
    return socket
  }
})

describe('streams', () => {
  const streams = createNodeStreams()

  it('carry a megabyte in order and respect back-pressure', async () => {
    const bytes = Uint8Array.from({ length: 1_000_000 }, (_, i) => i % 251)
    const collected: Uint8Array[] = []
    const end = deferred<void>()
    const listener = await listen(LOOPBACK, () => ({
      ...idle(),
      onData: (chunk) => collected.push(new Uint8Array(chunk)),
      onClose: () => end.resolve(),
    }))
    let drained = deferred<void>()
    const stream = await streams.connect(
      listener.local,
      { ...idle(), onDrain: () => drained.resolve() },
      1_000,
    )
    for (let at = 0; at < bytes.length; at += 50_000) {
      drained = deferred()
      if (!stream.write(bytes.subarray(at, at + 50_000))) await drained.promise
    }
    stream.close()
    await end.promise
    expect(Buffer.concat(collected).equals(bytes)).toBe(true)
  })

  it('know both ends', async () => {
    const accepted = deferred<Stream>()
    const listener = await listen(LOOPBACK, (stream) => {
      accepted.resolve(stream)
      return idle()
    })
    const stream = await streams.connect(listener.local, idle(), 1_000)
    expect(stream.remote).toEqual(listener.local)
    expect((await accepted.promise).remote).toEqual(stream.local)
    stream.close(true)
  })

  it('tell both ends of the close exactly once', async () => {
    const closes: string[] = []
    const listener = await listen(LOOPBACK, () => ({
      ...idle(),
      onClose: () => closes.push('server'),
    }))
    const stream = await streams.connect(
      listener.local,
      { ...idle(), onClose: () => closes.push('client') },
      1_000,
    )
    stream.close()
    stream.close()
    await eventually(() => closes.length === 2)
    await settle()
    expect(closes.sort((a, b) => a.localeCompare(b))).toEqual(['client', 'server'])
    expect(stream.write(new Uint8Array(1))).toBe(false)
  })

  it('end a stream whose writer ignores back-pressure beyond the cap', async () => {
    const sides: Stream[] = []
    const listener = await listen(LOOPBACK, (stream) => {
      sides.push(stream)
      return idle()
    })
    const closed = deferred<Error | undefined>()
    const stream = await streams.connect(
      listener.local,
      { ...idle(), onClose: (error) => closed.resolve(error) },
      1_000,
    )
    const chunk = new Uint8Array(1024 * 1024)
    for (let queued = 0; queued <= STREAM_QUEUE_BYTES_MAX * 2; queued += chunk.length)
      stream.write(chunk)
    expect(await closed.promise).toMatchObject({ code: 'ENOBUFS' })
  })

  it('refuse a stream that nobody wants', async () => {
    const listener = await listen(LOOPBACK, () => undefined)
    const closed = deferred<Error | undefined>()
    await streams.connect(
      listener.local,
      { ...idle(), onClose: (error) => closed.resolve(error) },
      1_000,
    )
    expect(await closed.promise).toBeUndefined()
  })

  it('reject with the code of the system when nobody listens', async () => {
    const listener = await listen(LOOPBACK, () => undefined)
    await listener.close()
    const attempt = streams.connect(listener.local, idle(), 1_000)
    await expect(attempt).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('keep accepted streams open when the listener closes', async () => {
    const listener = await listen(LOOPBACK, (stream) => ({
      ...idle(),
      onData: (bytes) => void stream.write(bytes),
    }))
    const echoed = deferred<Uint8Array>()
    const stream = await streams.connect(
      listener.local,
      { ...idle(), onData: (bytes) => echoed.resolve(new Uint8Array(bytes)) },
      1_000,
    )
    await settle()
    await listener.close()
    stream.write(new Uint8Array([5]))
    expect(await echoed.promise).toEqual(new Uint8Array([5]))
    stream.close(true)
  })

  it('work on a Unix socket when the host is a path', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ipop-streams-'))
    cleanups.push(() => rmSync(folder, { recursive: true }))
    const place = { host: join(folder, 'socket'), port: 0 }
    const received = deferred<Uint8Array>()
    await listen(place, () => ({
      ...idle(),
      onData: (bytes) => received.resolve(new Uint8Array(bytes)),
    }))
    const stream = await streams.connect(place, idle(), 1_000)
    stream.write(new Uint8Array([1]))
    expect(await received.promise).toEqual(new Uint8Array([1]))
    stream.close(true)
  })

  async function listen(local: Endpoint, accept: (stream: Stream) => StreamHandlers | undefined) {
    const listener = await streams.listen(local, accept)
    cleanups.push(() => listener.close())
    return listener
  }
})

/** Keeps what arrives. */
class Inbox implements DatagramHandlers {
  readonly datagrams: { bytes: Uint8Array; from: Endpoint }[] = []

  onDatagram(bytes: Uint8Array, from: Endpoint): void {
    this.datagrams.push({ bytes: new Uint8Array(bytes), from })
  }

  onError(error: Error): void {
    throw error
  }

  async wait(count: number) {
    await eventually(() => this.datagrams.length >= count)
    return this.datagrams
  }
}

function idle(): StreamHandlers {
  return { onData: () => undefined, onDrain: () => undefined, onClose: () => undefined }
}

function deferred<T>() {
  let resolve!: (value: T) => void
  const promise = new Promise<T>((done) => (resolve = done))
  return { promise, resolve }
}

async function eventually(isDone: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!isDone() && performance.now() < deadline) await settle(5)
  expect(isDone()).toBe(true)
}

function settle(ms = 30): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
