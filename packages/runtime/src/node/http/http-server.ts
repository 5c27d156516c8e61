/** A small HTTP server for management interfaces, on TCP or on a Unix socket. */
import { chmod, lstat, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createConnection } from 'node:net'
import { SocketError } from '../../errors.ts'
import {
  HTTP_BODY_BYTES_MAX,
  HTTP_CONNECTIONS_MAX,
  HTTP_HEADERS_MAX,
  HTTP_REQUEST_TIMEOUT_MS,
} from '../../limits.ts'
import type { Endpoint } from '../../ports/sockets.ts'
import { collectBody, joinHeaders } from './http.ts'
import type { HttpPlace, HttpRequest, HttpResponse } from './http.ts'

/** Answers one request; a rejection becomes status 500 without details. */
export type HttpHandler = (request: HttpRequest) => Promise<HttpResponse>

/** Choices for one server. */
export interface HttpServerOptions {
  /** Largest request body; longer ones are answered with status 413. */
  readonly bodyBytesMax?: number
  /** Time a client has for sending its whole request. */
  readonly requestTimeoutMs?: number
  /** Told of every request that the handler rejected or that broke off. */
  readonly onError?: (error: unknown) => void
}

/** A listening HTTP server. */
export interface HttpServer {
  /** The bound address; for a Unix socket its path and port 0. */
  readonly local: Endpoint
  /** Stops listening and ends every connection. */
  close(): Promise<void>
}

/** Listens at `place` and answers requests with `handler`. Rejects with the system's error code. */
export async function openHttpServer(
  place: HttpPlace,
  handler: HttpHandler,
  options: HttpServerOptions = {},
): Promise<HttpServer> {
  const server = createServer(serverOptions(options), (request, response) => {
    void answer(request, response, handler, options)
  })
  server.maxConnections = HTTP_CONNECTIONS_MAX
  server.maxHeadersCount = HTTP_HEADERS_MAX
  if ('path' in place) await listenOnPath(server, place.path, place.mode ?? 0o600)
  else await listenOn(server, place)
  const bound = server.address()
  const isTcp = bound !== null && typeof bound !== 'string'
  const local = isTcp
    ? { host: bound.address, port: bound.port }
    : { host: 'path' in place ? place.path : '', port: 0 }
  let closing: Promise<void> | undefined
  return { local, close: () => (closing ??= closeServer(server)) }
}

function serverOptions(options: HttpServerOptions): object {
  const requestTimeout = options.requestTimeoutMs ?? HTTP_REQUEST_TIMEOUT_MS
  return {
    requestTimeout,
    headersTimeout: requestTimeout,
    keepAliveTimeout: requestTimeout,
    connectionsCheckingInterval: Math.max(Math.min(requestTimeout / 2, 5_000), 50),
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  handler: HttpHandler,
  options: HttpServerOptions,
): Promise<void> {
  try {
    const body = await collectBody(request, options.bodyBytesMax ?? HTTP_BODY_BYTES_MAX)
    if (body === undefined) return reply(response, { ...EMPTY, status: 413 }, true)
    const { method = '', url = '' } = request
    const headers = joinHeaders(request.headers)
    reply(response, await handler({ method, path: url, headers, body }), false)
  } catch (error) {
    // Either the client went away or the handler failed; a stranger is told neither.
    options.onError?.(error)
    reply(response, { ...EMPTY, status: 500 }, true)
  }
}

const EMPTY = { headers: {}, body: new Uint8Array(0) }

function reply(response: ServerResponse, content: HttpResponse, isLast: boolean): void {
  if (response.headersSent || response.destroyed) return
  const length = { 'content-length': String(content.body.length) }
  const close = isLast ? { connection: 'close' } : {}
  response.writeHead(content.status, { ...content.headers, ...length, ...close })
  response.end(content.body)
}

function listenOn(server: Server, place: { host: string; port: number } | { path: string }) {
  return new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(place, () => {
      server.off('error', reject)
      server.on('error', () => undefined)
      resolve()
    })
  })
}

/** Listens on a Unix socket that never exists with wider permissions than `mode`, not even for a moment. */
async function listenOnPath(server: Server, path: string, mode: number): Promise<void> {
  await removeStaleSocket(path)
  const previous = process.umask(0o777 & ~mode)
  let listening: Promise<void>
  try {
    // The file is made inside this call, while the mask holds.
    listening = listenOn(server, { path })
  } finally {
    process.umask(previous)
  }
  await listening
  await chmod(path, mode)
}

/** Removes a socket file that no process listens on any more; anything else is left, and listening then fails. */
async function removeStaleSocket(path: string): Promise<void> {
  const status = await lstat(path).catch(() => undefined)
  if (!status?.isSocket()) return
  if (await isListening(path)) {
    throw new SocketError({ code: 'EADDRINUSE', detail: `${path} is in use by another process` })
  }
  await rm(path, { force: true })
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createConnection({ path })
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', () => resolve(false))
  })
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
