/** The control socket: JSON over HTTP over a Unix socket, for this system's own tools. */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { Malformed } from '@ipop/codec'
import type { HttpRequest, HttpResponse, HttpServer } from '@ipop/runtime/node'
import { codeOf, messageOf, NodeError } from '../../errors.ts'
import { CONTROL_REQUEST_BYTES_MAX, CONTROL_SIBLINGS_MAX } from '../../limits.ts'
import { refusalOf } from '../request-guard.ts'
import { parseJsonObject, toJson, type JsonObject } from './json.ts'

/** Answers one request of a tool. */
export type ControlHandler = (body: JsonObject) => Promise<unknown>

/** The requests of a control socket by path, e.g. `status`. */
export type ControlRoutes = Readonly<Record<string, ControlHandler>>

/** Owner and group may use the socket. */
const SOCKET_MODE = 0o660

/** A control socket that is open. */
export interface ControlServer {
  readonly path: string
  /** Closes and removes the socket. */
  close(): Promise<void>
}

/** Opens the control socket at `path`, or beside it when it is taken and `isDefault`. */
export async function openControlServer(
  routes: ControlRoutes,
  { path, isDefault }: { readonly path: string; readonly isDefault: boolean },
): Promise<ControlServer> {
  const { openHttpServer } = await import('@ipop/runtime/node')
  if (isDefault) mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  for (let number = 1; ; number += 1) {
    const tried = number === 1 ? path : path.replace(/\.sock$/, `-${number}.sock`)
    try {
      const server: HttpServer = await openHttpServer(
        { path: tried, mode: SOCKET_MODE },
        (request) => answer(routes, request),
        { bodyBytesMax: CONTROL_REQUEST_BYTES_MAX },
      )
      return { path: tried, close: () => server.close() }
    } catch (error) {
      const isTaken = codeOf(error) === 'EADDRINUSE'
      if (isTaken && isDefault && number < CONTROL_SIBLINGS_MAX) continue
      throw new NodeError({
        code: 'NODE_PORT_IN_USE',
        message: `the control socket ${tried} cannot be opened (${isTaken ? 'in use by another process' : codeOf(error)})`,
      })
    }
  }
}

async function answer(routes: ControlRoutes, request: HttpRequest): Promise<HttpResponse> {
  if (refusalOf({ ...request.headers, host: 'localhost' }) !== undefined)
    return json(403, { error: 'refused' })
  const name = request.path.replace(/^\//, '')
  const route = Object.hasOwn(routes, name) ? routes[name] : undefined
  if (route === undefined) return json(404, { error: `no such request: ${name}` })
  const body = request.body.length === 0 ? {} : parseJsonObject(request.body)
  if (body instanceof Malformed) return json(400, { error: body.reason })
  try {
    return json(200, await route(body))
  } catch (error) {
    return json(422, { error: messageOf(error), code: codeOf(error) })
  }
}

function json(status: number, value: unknown): HttpResponse {
  const headers = { 'content-type': 'application/json' }
  return { status, headers, body: new TextEncoder().encode(toJson(value)) }
}
