/** HTTP as protocol code sees it: one whole question, one whole reply. */
import type { Endpoint } from './sockets.ts'

/** Asks HTTP servers. */
export interface HttpPort {
  /** Sends one request; rejects with the system's error code, ETIMEDOUT or EMSGSIZE. */
  request(
    place: Endpoint,
    question: {
      readonly method: string
      readonly path: string
      readonly headers?: Readonly<Record<string, string>>
      readonly body?: Uint8Array
    },
    limits: { readonly timeoutMs: number; readonly bodyBytesMax: number },
  ): Promise<{ readonly status: number; readonly body: Uint8Array }>
}
