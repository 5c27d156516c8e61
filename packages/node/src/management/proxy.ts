/** The methods of `/xm.rem`: calls to this node and, for a fixed list of methods, to other nodes. */
import { Address } from '@ipop/address'
import { Malformed, type CborValue } from '@ipop/codec'
import { codeOf, NodeError } from '../errors.ts'
import { REMOTE_CALL_TIMEOUT_MS, REMOTE_COLLECT_TIMEOUT_MS, REMOTE_REPLIES_MAX } from '../limits.ts'
import type { RingNode, RoutingMode } from '../services.ts'
import type { MethodTable } from './method-table.ts'
import { isArray } from './xml-rpc/values.ts'

/** The original's routing options by number: default, Last, Path, Greedy, Annealing, Exact. */
const MODES: readonly RoutingMode[] = ['both', 'greedy', 'both', 'greedy', 'both', 'exact']

/** The same by name, as sender URIs write them. */
const MODE_NAMES: Readonly<Record<string, RoutingMode>> = {
  default: 'both',
  last: 'greedy',
  path: 'both',
  greedy: 'greedy',
  annealing: 'both',
  exact: 'exact',
}

/** Name of the method by which a node calls on behalf of another; one leg only. */
const FORWARD = 'forward.Call'

/** A call to another node. */
interface RemoteCall {
  readonly target: Address
  readonly mode: RoutingMode
  /** Answers wanted; negative = all until the deadline. */
  readonly repliesMax: number
  readonly method: string
  readonly params: readonly CborValue[]
}

/** Answers calls of local clients to this node and to others. */
export class RpcProxy {
  readonly #ring: RingNode
  readonly #table: MethodTable

  constructor({ ring, table }: { readonly ring: RingNode; readonly table: MethodTable }) {
    this.#ring = ring
    this.#table = table
  }

  /** Serves the remote methods of the table to other nodes. */
  serve(): void {
    this.#table.add(
      FORWARD,
      { params: ['address', 'integer', 'integer', 'string', 'any'], isRemote: true },
      (params) => {
        const inner = params.any(4)
        const method = params.string(3)
        if (method === FORWARD) throw notRemote(method)
        return this.#remote({
          target: params.address(0),
          mode: modeOf(params.integer(1)),
          repliesMax: params.integer(2),
          method,
          params: isArray(inner) ? inner : [],
        })
      },
    )
    for (const name of this.#table.remoteNames()) {
      this.#ring.handle(
        name,
        (args) => this.#table.check(name, args),
        (params, caller) => this.#table.run(name, params, caller),
      )
    }
  }

  /** Answers one call of a local client. */
  async dispatch(method: string, params: readonly CborValue[]): Promise<CborValue> {
    switch (method) {
      case 'localproxy':
        return this.#local(textAt(params, 0), params.slice(1))
      case 'proxy':
        return this.#remote({
          target: addressAt(params, 0),
          mode: modeOf(integerAt(params, 1)),
          repliesMax: integerAt(params, 2),
          method: textAt(params, 3),
          params: params.slice(4),
        })
      case 'uriproxy':
        return this.#byUri(textAt(params, 0), params.slice(1))
      case 'forwardingproxy':
        return this.#forward(params)
      default:
        throw new NodeError({
          code: 'RPC_NO_SUCH_METHOD',
          message: `unsupported method called: ${method}`,
        })
    }
  }

  #local(method: string, params: readonly CborValue[]): Promise<CborValue> {
    return this.#table.call(method, params, { source: this.#ring.address, hops: 0 })
  }

  async #remote({ target, mode, repliesMax, method, params }: RemoteCall): Promise<CborValue[]> {
    if (!this.#table.isRemote(method)) throw notRemote(method)
    const isOpenEnded = repliesMax < 0
    try {
      const replies = await this.#ring.call(target, method, params, {
        mode,
        timeoutMs: isOpenEnded ? REMOTE_COLLECT_TIMEOUT_MS : REMOTE_CALL_TIMEOUT_MS,
        repliesMax: isOpenEnded
          ? REMOTE_REPLIES_MAX
          : Math.min(Math.max(repliesMax, 1), REMOTE_REPLIES_MAX),
      })
      return replies.map((reply) => reply.result)
    } catch (error) {
      // Nobody answered: the original returns an empty list.
      if (codeOf(error) === 'OVERLAY_TIMEOUT' || codeOf(error) === 'OVERLAY_UNREACHABLE') return []
      throw error
    }
  }

  async #byUri(uri: string, rest: readonly CborValue[]): Promise<CborValue> {
    const repliesMax = integerAt(rest, 0)
    const method = textAt(rest, 1)
    const params = rest.slice(2)
    if (uri === 'sender:localnode') return [await this.#local(method, params)]
    const query = /^sender:ah\?(.*)$/.exec(uri)?.[1]
    const fields = new URLSearchParams(query ?? '')
    const target = Address.parse(`brunet:node:${fields.get('dest') ?? ''}`)
    const mode = MODE_NAMES[(fields.get('mode') ?? 'default').toLowerCase()]
    if (query === undefined || target instanceof Malformed || mode === undefined) {
      throw new NodeError({ code: 'RPC_BAD_ARGUMENTS', message: `Cannot parse URI: ${uri}` })
    }
    return this.#remote({ target, mode, repliesMax, method, params })
  }

  async #forward(params: readonly CborValue[]): Promise<CborValue> {
    const method = textAt(params, 6)
    if (!this.#table.isRemote(method) || method === FORWARD) throw notRemote(method)
    const [result] = await this.#remote({
      target: addressAt(params, 0),
      mode: modeOf(integerAt(params, 1)),
      repliesMax: 1,
      method: FORWARD,
      params: [
        addressAt(params, 2).toString(),
        integerAt(params, 4),
        integerAt(params, 5),
        method,
        params.slice(7),
      ],
    })
    return result ?? []
  }
}

function modeOf(option: number): RoutingMode {
  const mode = MODES[option]
  if (mode !== undefined) return mode
  throw new NodeError({
    code: 'RPC_BAD_ARGUMENTS',
    message: `${option} is not a routing option (0 to 5)`,
  })
}

function notRemote(method: string): NodeError {
  return new NodeError({
    code: 'RPC_NOT_REMOTE',
    message: `${method} cannot be called on other nodes`,
  })
}

function textAt(params: readonly CborValue[], index: number): string {
  const value = params[index]
  if (typeof value === 'string') return value
  throw new NodeError({
    code: 'RPC_BAD_ARGUMENTS',
    message: `parameter ${index + 1} is not a text`,
  })
}

function integerAt(params: readonly CborValue[], index: number): number {
  const value = params[index]
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  throw new NodeError({
    code: 'RPC_BAD_ARGUMENTS',
    message: `parameter ${index + 1} is not a whole number`,
  })
}

function addressAt(params: readonly CborValue[], index: number): Address {
  const address = Address.parse(textAt(params, index))
  if (!(address instanceof Malformed)) return address
  const message = `parameter ${index + 1} is not a node address: ${address.reason}`
  throw new NodeError({ code: 'RPC_BAD_ARGUMENTS', message })
}
