/** A small HTTP client for management interfaces. */
import { request as startRequest } from 'node:http'
import { SocketError } from '../../errors.ts'
import { HTTP_BODY_BYTES_MAX, HTTP_REPLY_TIMEOUT_MS } from '../../limits.ts'
import { collectBody, joinHeaders } from './http.ts'
import type { HttpPlace, HttpResponse } from './http.ts'

/** What to ask for; a missing method means POST with a body and GET without. */
export interface HttpQuestion {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

/** Choices for one request. */
export interface HttpClientOptions {
  /** Time until the whole reply must have arrived; ETIMEDOUT afterwards. */
  readonly timeoutMs?: number
  /** Largest reply body; EMSGSIZE beyond. */
  readonly bodyBytesMax?: number
}

/** Sends one request to the server at `place` and returns its reply; rejects with the system's error code. */
export function httpRequest(
  place: HttpPlace,
  question: HttpQuestion,
  options: HttpClientOptions = {},
): Promise<HttpResponse> {
  const timeoutMs = options.timeoutMs ?? HTTP_REPLY_TIMEOUT_MS
  const bytesMax = options.bodyBytesMax ?? HTTP_BODY_BYTES_MAX
  return new Promise((resolve, reject) => {
    const request = startRequest(requestOptions(place, question))
    const timer = setTimeout(() => {
      request.destroy(new SocketError({ code: 'ETIMEDOUT', detail: 'no HTTP reply in time' }))
    }, timeoutMs)
    request.once('error', reject)
    request.once('close', () => clearTimeout(timer))
    request.once('response', (response) => {
      collectBody(response, bytesMax).then((body) => {
        if (body === undefined) {
          const detail = `HTTP reply is longer than ${bytesMax} bytes`
          return request.destroy(new SocketError({ code: 'EMSGSIZE', detail }))
        }
        resolve({ status: response.statusCode ?? 0, headers: joinHeaders(response.headers), body })
      }, reject)
    })
    request.end(question.body)
  })
}

function requestOptions(place: HttpPlace, question: HttpQuestion): object {
  const body = question.body
  const length = body === undefined ? {} : { 'content-length': String(body.length) }
  return {
    ...('path' in place ? { socketPath: place.path } : { host: place.host, port: place.port }),
    method: question.method ?? (body === undefined ? 'GET' : 'POST'),
    path: question.path,
    headers: { ...question.headers, ...length },
    agent: false,
  }
}
