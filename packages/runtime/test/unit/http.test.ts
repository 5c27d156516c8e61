/** The HTTP server and client of the management interfaces. */
import { afterEach, describe, expect, it } from '@jest/globals'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HTTP_CONNECTIONS_MAX } from '../../src/limits.ts'
import { httpRequest, openHttpServer } from '../../src/node/index.ts'
import type { HttpHandler, HttpPlace, HttpServerOptions } from '../../src/node/index.ts'

const LOOPBACK = { host: '127.0.0.1', port: 0 }
const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

describe('HTTP over TCP', () => {
  it('hands over method, path, headers and body, and brings back the reply', async () => {
    const place = await open(LOOPBACK, async (request) => ({
      status: 201,
      headers: {
        'x-seen': `${request.method} ${request.path} ${request.headers['x-asked'] ?? ''}`,
      },
      body: request.body,
    }))
    const body = new Uint8Array([1, 2, 3])
    const reply = await httpRequest(place, { path: '/a?b=c', headers: { 'X-Asked': 'yes' }, body })
    expect(reply).toMatchObject({ status: 201, body })
    expect(reply.headers['x-seen']).toBe('POST /a?b=c yes')
    expect((await httpRequest(place, { path: '/' })).headers['x-seen']).toBe('GET /')
  })

  it('answers 413 to a body beyond the cap and takes one at the cap', async () => {
    const place = await open(LOOPBACK, echo, { bodyBytesMax: 1_000 })
    expect((await httpRequest(place, { path: '/', body: new Uint8Array(1_000) })).status).toBe(200)
    expect((await httpRequest(place, { path: '/', body: new Uint8Array(1_001) })).status).toBe(413)
  })

  it('answers 500 without details when the handler fails, and reports it', async () => {
    const errors: unknown[] = []
    const place = await open(LOOPBACK, () => Promise.reject(new Error('secret')), {
      onError: (error) => errors.push(error),
    })
    const reply = await httpRequest(place, { path: '/' })
    expect(reply.status).toBe(500)
    expect(Buffer.from(reply.body).toString()).toBe('')
    expect(errors).toHaveLength(1)
  })

  it('ends the connection of a client that is too slow with its request', async () => {
    const place = await open(LOOPBACK, echo, { requestTimeoutMs: 200 })
    const socket = connect(place)
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc')
    const reply = await new Promise<string>((resolve) => {
      let text = ''
      socket.on('data', (chunk) => (text += chunk.toString()))
      socket.on('close', () => resolve(text))
    })
    expect(reply).toMatch(/^HTTP\/1.1 408 /)
  })

  it('rejects when a reply is too late or too long', async () => {
    const place = await open(LOOPBACK, async (request) => {
      if (request.path === '/late') await new Promise((resolve) => setTimeout(resolve, 500))
      return { status: 200, headers: {}, body: new Uint8Array(2_000) }
    })
    await expect(httpRequest(place, { path: '/late' }, { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'ETIMEDOUT',
    })
    await expect(httpRequest(place, { path: '/' }, { bodyBytesMax: 1_999 })).rejects.toMatchObject({
      code: 'EMSGSIZE',
    })
  })

  it('refuses connections beyond the cap', async () => {
    const place = await open(LOOPBACK, echo)
    const sockets = Array.from({ length: HTTP_CONNECTIONS_MAX }, () => connect(place))
    cleanups.push(() => sockets.forEach((socket) => socket.destroy()))
    await Promise.all(sockets.map((socket) => once(socket, 'connect')))
    await expect(httpRequest(place, { path: '/' })).rejects.toMatchObject({ code: 'ECONNRESET' })
    await Promise.all(sockets.map((socket) => once(socket.end(), 'close')))
    expect((await httpRequest(place, { path: '/' })).status).toBe(200)
  })

  it('rejects when nobody listens', async () => {
    const server = await openHttpServer(LOOPBACK, echo)
    await Promise.all([server.close(), server.close()])
    await expect(httpRequest(server.local, { path: '/' })).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    })
  })
})

describe('HTTP over a Unix socket', () => {
  it('gives the socket file the permission bits asked for', async () => {
    const path = join(folder(), 'control')
    const place = await open({ path, mode: 0o640 }, echo)
    expect(statSync(path).mode & 0o777).toBe(0o640)
    expect((await httpRequest(place, { path: '/' })).status).toBe(200)
  })

  it('is private unless told otherwise', async () => {
    const path = join(folder(), 'control')
    await open({ path }, echo)
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('replaces the file of a process that is gone, but not of one that lives', async () => {
    const path = join(folder(), 'control')
    await leaveStaleSocket(path)
    await open({ path }, echo)
    await expect(openHttpServer({ path }, echo)).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  it('never removes what is no socket', async () => {
    const path = join(folder(), 'precious')
    writeFileSync(path, 'text')
    await expect(openHttpServer({ path }, echo)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    expect(statSync(path).size).toBe(4)
  })
})

const echo: HttpHandler = async (request) => ({ status: 200, headers: {}, body: request.body })

async function open(place: HttpPlace, handler: HttpHandler, options?: HttpServerOptions) {
  const server = await openHttpServer(place, handler, options)
  cleanups.push(() => server.close())
  return 'path' in place ? { path: place.path } : server.local
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'ipop-http-'))
  cleanups.push(() => rmSync(made, { recursive: true }))
  return made
}

/** Leaves the file that a killed process leaves: listens at a link to it, so that closing removes only the other name. */
async function leaveStaleSocket(path: string): Promise<void> {
  const { linkSync } = await import('node:fs')
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(path + '.live', resolve))
  linkSync(path + '.live', path)
  await new Promise((resolve) => server.close(resolve))
}
