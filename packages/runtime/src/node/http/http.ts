/** HTTP as the management interfaces use it: whole bodies, text headers. */
import type { Readable } from 'node:stream'
import { SocketError } from '../../errors.ts'

/** Where a server listens: TCP, or a Unix socket whose file gets the permission bits `mode` (0o600 unless given). */
export type HttpPlace =
  | { readonly host: string; readonly port: number }
  | { readonly path: string; readonly mode?: number }

/** A request that arrived whole. */
export interface HttpRequest {
  readonly method: string
  /** The path with its query, as sent. */
  readonly path: string
  /** Header values by lower-case name; repeated ones are joined by `, `. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** A reply. */
export interface HttpResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** Returns header values as single texts. */
export function joinHeaders(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): Record<string, string> {
  const joined: Record<string, string> = Object.create(null) as Record<string, string>
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) joined[name] = typeof value === 'string' ? value : value.join(', ')
  }
  return joined
}

/** Collects a message's body; resolves with undefined as soon as it is longer than `bytesMax`, and reads no further. */
export function collectBody(message: Readable, bytesMax: number): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let length = 0
    message.on('data', (chunk: Uint8Array) => {
      length += chunk.length
      if (length <= bytesMax) return chunks.push(chunk)
      message.pause()
      resolve(undefined)
    })
    message.once('end', () => resolve(new Uint8Array(Buffer.concat(chunks))))
    message.once('error', reject)
    message.once('close', () => {
      reject(new SocketError({ code: 'ECONNRESET', detail: 'the body ended early' }))
    })
  })
}
