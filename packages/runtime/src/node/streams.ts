/** Stream sockets of the machine: TCP, or Unix sockets where the host is a path. */
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { SocketError } from '../errors.ts'
import {
  LISTENER_STREAMS_MAX,
  STREAM_CLOSE_TIMEOUT_MS,
  STREAM_HIGH_WATER_BYTES,
  STREAM_QUEUE_BYTES_MAX,
} from '../limits.ts'
import type {
  Endpoint,
  Stream,
  StreamHandlers,
  StreamListener,
  StreamPort,
} from '../ports/sockets.ts'

/** Returns the port that opens TCP streams; a host that starts with `/` names a Unix socket, its port is ignored. */
export function createNodeStreams(): StreamPort {
  return { connect, listen }
}

function connect(remote: Endpoint, handlers: StreamHandlers, timeoutMs: number): Promise<Stream> {
  return new Promise((resolve, reject) => {
    const options = { noDelay: true, writableHighWaterMark: STREAM_HIGH_WATER_BYTES }
    const socket = createConnection({ ...target(remote), ...options })
    const fail = (error: Error): void => {
      clearTimeout(timer)
      socket.destroy()
      reject(error)
    }
    const timer = setTimeout(() => {
      const detail = `${remote.host}:${remote.port} did not answer within ${timeoutMs} ms`
      fail(new SocketError({ code: 'ETIMEDOUT', detail }))
    }, timeoutMs)
    socket.once('error', fail)
    socket.once('connect', () => {
      clearTimeout(timer)
      const stream = new SocketStream(socket, remote)
      stream.attach(handlers)
      socket.off('error', fail)
      resolve(stream)
    })
  })
}

function listen(
  local: Endpoint,
  accept: (stream: Stream) => StreamHandlers | undefined,
): Promise<StreamListener> {
  return new Promise((resolve, reject) => {
    const server = createServer(
      { noDelay: true, highWaterMark: STREAM_HIGH_WATER_BYTES },
      (socket) => {
        const stream = new SocketStream(socket, undefined)
        const handlers = accept(stream)
        stream.attach(handlers ?? REFUSED)
        if (handlers === undefined) socket.destroy()
      },
    )
    server.maxConnections = LISTENER_STREAMS_MAX
    server.once('error', reject)
    // The IPv4 wildcard has a listener of its own, often with the same port.
    server.listen({ ...target(local), ipv6Only: local.host.includes(':') }, () => {
      server.off('error', reject)
      // Failures to accept (no free file descriptor) concern one caller, not the listener.
      server.on('error', () => undefined)
      resolve(new ServerListener(server, local))
    })
  })
}

/** Returns what node:net wants for an endpoint. */
function target(endpoint: Endpoint): { path: string } | { host: string; port: number } {
  return isPath(endpoint) ? { path: endpoint.host } : { host: endpoint.host, port: endpoint.port }
}

function isPath(endpoint: Endpoint): boolean {
  return endpoint.host.startsWith('/')
}

const REFUSED: StreamHandlers = {
  onData: () => undefined,
  onDrain: () => undefined,
  onClose: () => undefined,
}

/** A connected socket as a Stream. */
class SocketStream implements Stream {
  readonly local: Endpoint
  readonly remote: Endpoint
  readonly #socket: Socket
  #error: Error | undefined

  constructor(socket: Socket, remote: Endpoint | undefined) {
    this.#socket = socket
    this.local = { host: socket.localAddress ?? '', port: socket.localPort ?? 0 }
    this.remote = remote ?? { host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 }
  }

  get queuedBytes(): number {
    return this.#socket.writableLength
  }

  /** Starts calling `handlers`. */
  attach(handlers: StreamHandlers): void {
    const socket = this.#socket
    socket.on('data', (bytes: Buffer) => handlers.onData(bytes))
    socket.on('drain', () => handlers.onDrain())
    socket.on('error', (error) => (this.#error ??= error))
    socket.on('close', () => handlers.onClose(this.#error))
  }

  write(bytes: Uint8Array): boolean {
    const socket = this.#socket
    if (!socket.writable) return false
    if (socket.writableLength + bytes.length > STREAM_QUEUE_BYTES_MAX) {
      const detail = 'more was queued on a stream than its reader takes'
      socket.destroy(new SocketError({ code: 'ENOBUFS', detail }))
      return false
    }
    // Copied, because the system may take the bytes after this call, and they are only borrowed.
    return socket.write(Buffer.from(bytes))
  }

  close(abort = false): void {
    const socket = this.#socket
    if (abort || socket.destroyed) return void socket.destroy()
    socket.end()
    const timer = setTimeout(() => socket.destroy(), STREAM_CLOSE_TIMEOUT_MS).unref()
    socket.once('close', () => clearTimeout(timer))
  }
}

/** A listening server as a StreamListener. */
class ServerListener implements StreamListener {
  readonly local: Endpoint
  readonly #server: Server
  #closing: Promise<void> | undefined

  constructor(server: Server, asked: Endpoint) {
    this.#server = server
    const bound = server.address()
    this.local =
      bound === null || typeof bound === 'string'
        ? { host: asked.host, port: 0 }
        : { host: bound.address, port: bound.port }
  }

  close(): Promise<void> {
    // The server's own callback waits for its streams to end, which stay open here; closing is immediate.
    this.#closing ??= Promise.resolve().then(() => void this.#server.close())
    return this.#closing
  }
}
