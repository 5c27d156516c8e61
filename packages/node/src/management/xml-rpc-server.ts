/** The XML-RPC manager: HTTP requests of local programs become calls. */
import { Malformed, type CborValue } from '@ipop/codec'
import type { Log } from '@ipop/runtime'
import type { HttpRequest, HttpResponse, HttpServer } from '@ipop/runtime/node'
import { codeOf, messageOf, NodeError } from '../errors.ts'
import { XML_RPC_REQUEST_BYTES_MAX } from '../limits.ts'
import { refusalOf } from './request-guard.ts'
import { decodeCall, encodeFault, encodeResponse } from './xml-rpc/messages.ts'

/** A node as the manager sees it. */
export interface RpcTarget {
  /** Path without its slash: `<namespace>:brunet:node:<address>`. */
  readonly path: string
  /** Answers one call. */
  dispatch(method: string, params: readonly CborValue[]): Promise<CborValue>
}

/** Answers XML-RPC for the nodes of one process; the first of them is `/xm.rem`. */
export class XmlRpcManager {
  readonly #targets: RpcTarget[] = []
  readonly #log: Log
  #server: HttpServer | undefined

  constructor({ log }: { readonly log: Log }) {
    this.#log = log
  }

  /** Adds a node. */
  add(target: RpcTarget): void {
    this.#targets.push(target)
  }

  /** Listens on the loopback interface; resolves with the port. */
  async listen(port: number): Promise<number> {
    const { openHttpServer } = await import('@ipop/runtime/node')
    try {
      this.#server = await openHttpServer(
        { host: '127.0.0.1', port },
        (request) => this.handle(request),
        {
          bodyBytesMax: XML_RPC_REQUEST_BYTES_MAX,
        },
      )
    } catch (error) {
      throw new NodeError({
        code: 'NODE_PORT_IN_USE',
        message: `the XML-RPC manager cannot listen on 127.0.0.1:${port} (${codeOf(error)}); choose another <XmlRpcManager><Port>`,
      })
    }
    return this.#server.local.port
  }

  /** Answers one request. */
  async handle(request: HttpRequest): Promise<HttpResponse> {
    const refusal = refusalOf(request.headers)
    if (refusal !== undefined) {
      this.#log.write('warn', 'xml-rpc request refused', { refusal })
      return plain(403, refusal)
    }
    const path = decodePath(request.path)
    if (path === 'xmserver.rem') return this.#answer(request, (method) => this.#listNodes(method))
    const target =
      path === 'xm.rem'
        ? this.#targets[0]
        : this.#targets.find((each) => each.path.toLowerCase() === path.toLowerCase())
    if (target === undefined) return plain(404, 'no such node')
    return this.#answer(request, (method, params) => target.dispatch(method, params))
  }

  /** Stops listening. */
  async close(): Promise<void> {
    await this.#server?.close()
  }

  #listNodes(method: string): Promise<CborValue> {
    if (method === 'listNodes') return Promise.resolve(this.#targets.map((target) => target.path))
    const message = `unsupported method called: ${method}`
    return Promise.reject(new NodeError({ code: 'RPC_NO_SUCH_METHOD', message }))
  }

  async #answer(request: HttpRequest, run: RpcTarget['dispatch']): Promise<HttpResponse> {
    const call = decodeCall(request.body)
    if (request.method !== 'POST' || call instanceof Malformed) {
      const why = call instanceof Malformed ? ` (${call.reason})` : ''
      return fault(0, `Request from client does not contain valid XML.${why}`)
    }
    try {
      return xml(encodeResponse(await run(call.method, call.params)))
    } catch (error) {
      this.#log.write('debug', 'xml-rpc call failed', {
        method: call.method,
        error: messageOf(error),
      })
      return codeOf(error) === 'RPC_NO_SUCH_METHOD' && call.method !== 'localproxy'
        ? fault(0, messageOf(error))
        : fault(1, faultText(error))
    }
  }
}

/** Returns the text of a fault the way the original words it, without a stack trace. */
function faultText(error: unknown): string {
  const code = codeOf(error)
  const kind = code === '' ? 'Error' : code
  return `Server returned a fault exception: [1] ${kind}: ${messageOf(error)}\nError Code: 1 thrown by: sender:localnode`
}

function fault(faultCode: number, faultString: string): HttpResponse {
  return xml(encodeFault({ faultCode, faultString }))
}

function xml(body: Uint8Array): HttpResponse {
  return { status: 200, headers: { 'content-type': 'text/xml; charset="utf-8"' }, body }
}

function plain(status: number, text: string): HttpResponse {
  const headers = { 'content-type': 'text/plain; charset=utf-8' }
  return { status, headers, body: new TextEncoder().encode(`${text}\n`) }
}

/** Returns the path without leading slashes and query. */
function decodePath(path: string): string {
  const bare = (path.split('?')[0] ?? '').replace(/^\/+/, '')
  try {
    return decodeURIComponent(bare)
  } catch {
    return bare
  }
}
