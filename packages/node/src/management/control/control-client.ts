/** Asks a node on this machine over its control socket. */
import { codeOf, NodeError } from '../../errors.ts'
import { CRAWL_REPLY_TIMEOUT_MS, XML_RPC_REPLY_BYTES_MAX } from '../../limits.ts'
import { findControlPaths } from './paths.ts'

/** A node on this machine answers within milliseconds. */
const PROBE_TIMEOUT_MS = 2_000

/** A client of one control socket. */
export class ControlClient {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  /** Returns a client of the given socket, or of the only one behind which a node answers. */
  static async find(
    path: string | undefined,
    places: { readonly runtimeFolder?: string | undefined; readonly workFolder: string },
  ): Promise<ControlClient> {
    if (path !== undefined) return new ControlClient(path)
    const found = findControlPaths(places.runtimeFolder, places.workFolder)
    const live = found.length === 1 ? found : await keepLive(found)
    const [only] = live
    if (only !== undefined && live.length === 1) return new ControlClient(only)
    const message =
      live.length === 0
        ? 'no control socket found; is a node running? (--socket PATH names one)'
        : `several nodes are running; choose one with --socket:\n  ${live.join('\n  ')}`
    throw new NodeError({ code: 'NODE_CONTROL_UNREACHABLE', message })
  }

  /** Sends a request and returns its reply; rejects when the node refuses or is not there. */
  async request(
    name: string,
    body: Readonly<Record<string, unknown>> = {},
    timeoutMs: number = CRAWL_REPLY_TIMEOUT_MS,
  ): Promise<unknown> {
    const { httpRequest } = await import('@ipop/runtime/node')
    const response = await httpRequest(
      { path: this.path },
      { method: 'POST', path: `/${name}`, body: new TextEncoder().encode(JSON.stringify(body)) },
      { timeoutMs, bodyBytesMax: XML_RPC_REPLY_BYTES_MAX },
    ).catch((error: unknown) => {
      throw new NodeError({
        code: 'NODE_CONTROL_UNREACHABLE',
        message: `the control socket ${this.path} does not answer (${codeOf(error)})`,
      })
    })
    const reply: unknown = JSON.parse(new TextDecoder().decode(response.body))
    if (response.status === 200) return reply
    const error = (reply as { error?: unknown } | null)?.error
    throw new NodeError({
      code: 'RPC_FAULT',
      message: typeof error === 'string' ? error : 'refused',
    })
  }
}

/** A node that was killed leaves its socket behind; nobody answers there. */
async function keepLive(paths: readonly string[]): Promise<string[]> {
  const answers = await Promise.allSettled(
    paths.map((path) => new ControlClient(path).request('status', {}, PROBE_TIMEOUT_MS)),
  )
  return paths.filter((_, index) => answers[index]?.status === 'fulfilled')
}
