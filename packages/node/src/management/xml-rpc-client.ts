/** Talks to the XML-RPC manager of a node on this machine. */
import { Malformed, type CborValue } from '@ipop/codec'
import { codeOf, NodeError } from '../errors.ts'
import { CRAWL_REPLY_TIMEOUT_MS, XML_RPC_REPLY_BYTES_MAX } from '../limits.ts'
import { decodeResponse, encodeCall } from './xml-rpc/messages.ts'

/** A client of one node's manager. */
export class XmlRpcClient {
  readonly #port: number
  readonly #path: string

  constructor({ port, path = 'xm.rem' }: { readonly port: number; readonly path?: string }) {
    this.#port = port
    this.#path = path
  }

  /** Returns a client of the first node whose namespace begins with `prefix`; of any node when it is empty. */
  static async forNamespace(port: number, prefix: string): Promise<XmlRpcClient> {
    if (prefix === '') return new XmlRpcClient({ port })
    const nodes = await new XmlRpcClient({ port, path: 'xmserver.rem' }).call('listNodes', [])
    const paths = (nodes as readonly CborValue[]).filter((path) => typeof path === 'string')
    const path = paths.find((each) => each.replace(/^\//, '').startsWith(prefix))
    if (path !== undefined) return new XmlRpcClient({ port, path: path.replace(/^\//, '') })
    const message = `no node of the namespace '${prefix}' answers on port ${port}`
    throw new NodeError({ code: 'NODE_CONTROL_UNREACHABLE', message })
  }

  /** Calls a method; rejects with RPC_FAULT when the manager answers with a fault. */
  async call(method: string, params: readonly CborValue[]): Promise<CborValue> {
    const decoded = decodeResponse(await this.#post(encodeCall({ method, params })))
    if (decoded instanceof Malformed)
      throw this.#unreachable(`answered with something else: ${decoded.reason}`)
    if ('fault' in decoded)
      throw new NodeError({ code: 'RPC_FAULT', message: decoded.fault.faultString })
    return decoded.result
  }

  async #post(body: Uint8Array): Promise<Uint8Array> {
    const { httpRequest } = await import('@ipop/runtime/node')
    const path = `/${this.#path.split('/').map(encodeURIComponent).join('/')}`
    const headers = { 'content-type': 'text/xml', host: `127.0.0.1:${this.#port}` }
    try {
      const response = await httpRequest(
        { host: '127.0.0.1', port: this.#port },
        { path, headers, body },
        { timeoutMs: CRAWL_REPLY_TIMEOUT_MS, bodyBytesMax: XML_RPC_REPLY_BYTES_MAX },
      )
      if (response.status === 200) return response.body
      throw this.#unreachable(`answered with HTTP status ${response.status}`)
    } catch (error) {
      if (codeOf(error) === 'NODE_CONTROL_UNREACHABLE') throw error
      throw this.#unreachable(
        codeOf(error) === 'ECONNREFUSED'
          ? 'does not answer; is a node running with <XmlRpcManager> enabled on this port?'
          : `does not answer (${codeOf(error)})`,
      )
    }
  }

  #unreachable(what: string): NodeError {
    return new NodeError({
      code: 'NODE_CONTROL_UNREACHABLE',
      message: `the XML-RPC manager on 127.0.0.1:${this.#port} ${what}`,
    })
  }
}
