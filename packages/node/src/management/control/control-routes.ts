/** What the control socket answers: status, peers, ping, the DHT, a crawl. */
import { Address } from '@ipop/address'
import { Malformed } from '@ipop/codec'
import { parseIp } from '@ipop/ip-mapping'
import type { Clock, Runtime } from '@ipop/runtime'
import { crawl } from '../../crawl/walk.ts'
import { consistencyOf, reportLines, summarize } from '../../crawl/report.ts'
import { NodeError } from '../../errors.ts'
import type { DhtService, ManagedNode } from '../../services.ts'
import { informationOf } from '../methods/information.ts'
import type { RpcTarget } from '../xml-rpc-server.ts'
import type { ControlRoutes } from './control-server.ts'
import type { JsonObject } from './json.ts'
import { netcheckOf } from './netcheck.ts'
import { traceRoutes } from './trace-routes.ts'

/** One node of the process with its methods. */
export interface ControlledNode {
  readonly node: ManagedNode
  readonly methods: RpcTarget
}

/** Longest wait for one ping. */
const PING_TIMEOUT_MS = 5_000

/** Returns the requests for the nodes of one process. A request may name a node with `node`; the last one is the default. */
export function controlRoutes(
  nodes: readonly ControlledNode[],
  runtime: Pick<Runtime, 'clock' | 'timers'>,
): ControlRoutes {
  const { clock } = runtime
  const startedAt = clock.now()
  const pick = (body: JsonObject) => pickNode(nodes, body)
  return {
    status: () =>
      Promise.resolve({
        pid: process.pid,
        uptimeSeconds: Math.round((clock.now() - startedAt) / 1_000),
        nodes: nodes.map(({ node }) => statusOf(node)),
      }),
    peers: (body) => Promise.resolve(peersOf(pick(body).node)),
    netcheck: async (body) => {
      const { node } = pick(body)
      return netcheckOf(node.ring, node.portMapping?.(), await node.checkReach?.())
    },
    why: (body) => why(pick(body).node, textIn(body, 'target')),
    ping: (body) => ping(pick(body).node, textIn(body, 'target'), clock),
    'dht/get': (body) => readFrom(pick(body).node.dht, body),
    'dht/put': (body) => writeTo(pick(body).node.dht, body),
    crawl: (body) => crawlFrom(pick(body).methods, clock),
    ...traceRoutes(runtime, (body) => pick(body).node),
  }
}

/** Returns what is shown of a node at a glance. */
export function statusOf(node: ManagedNode) {
  return {
    address: node.ring.address.toString(),
    kind: node.kind,
    namespace: node.namespace,
    state: node.ring.state,
    ...informationOf(node),
    ...(node.ip?.virtualIpv6 === undefined ? {} : { virtualIpv6: node.ip.virtualIpv6 }),
    transportAddresses: [...node.ring.localAddresses()],
    dhtEntries: node.dht.count(),
    ...(node.dataPlane === undefined ? {} : { dataPlane: node.dataPlane() }),
  }
}

function peersOf(node: ManagedNode): unknown {
  return node.ring.connections().map((each) => ({ ...each, address: each.address.toString() }))
}

async function why(node: ManagedNode, target: string): Promise<unknown> {
  const address = await addressOf(node, target)
  const session = node.ring.connections().find((each) => each.address.equals(address))
  const isConnected = session !== undefined
  const paths = node.ring.paths(address) ?? []
  return { address: address.toString(), isConnected, paths }
}

async function ping(node: ManagedNode, target: string, clock: Clock): Promise<unknown> {
  const address = await addressOf(node, target)
  const start = clock.now()
  const [reply] = await node.ring.call(address, 'sys:link.Ping', [0], {
    mode: 'exact',
    timeoutMs: PING_TIMEOUT_MS,
    repliesMax: 1,
  })
  const ms = clock.now() - start
  const session = node.ring.connections().find((each) => each.address.equals(address))
  const path = session?.edgeKinds[0]
  const hops = reply?.hops ?? 0
  const { remote, relay } = session ?? {}
  return { address: address.toString(), ms, hops, path, remote, relay }
}

async function addressOf(node: ManagedNode, target: string): Promise<Address> {
  const address = Address.parse(target)
  if (!(address instanceof Malformed)) return address
  const isIp = !(parseIp(target) instanceof Malformed)
  const found = isIp ? await node.ip?.resolve(target) : undefined
  if (found !== undefined) return found
  const why = isIp
    ? 'no node holds this virtual address'
    : 'neither a node address nor a virtual IP address'
  throw new NodeError({ code: 'RPC_BAD_ARGUMENTS', message: `${target}: ${why}` })
}

async function readFrom(dht: DhtService, body: JsonObject): Promise<unknown> {
  const values = await dht.get(textIn(body, 'key'))
  return values.map(({ value, ageSeconds, ttlSeconds }) => ({
    value: new TextDecoder().decode(value),
    ageSeconds,
    ttlSeconds,
  }))
}

async function writeTo(dht: DhtService, body: JsonObject): Promise<unknown> {
  const value = new TextEncoder().encode(textIn(body, 'value'))
  const ttlSeconds = typeof body['ttlSeconds'] === 'number' ? body['ttlSeconds'] : 86_400
  const write = body['create'] === true ? dht.create.bind(dht) : dht.put.bind(dht)
  await write(textIn(body, 'key'), value, ttlSeconds)
  return true
}

async function crawlFrom(methods: RpcTarget, clock: Clock): Promise<unknown> {
  const start = clock.now()
  const records = await crawl((method, params) => methods.dispatch(method, params))
  const report = summarize(records)
  return {
    report,
    lines: reportLines(report, (clock.now() - start) / 1_000),
    nodes: [...records.values()].map((each) => ({
      ...each,
      consistency: consistencyOf(each, records),
    })),
  }
}

function pickNode(nodes: readonly ControlledNode[], body: JsonObject): ControlledNode {
  const name = body['node']
  const found =
    typeof name === 'string'
      ? nodes.find(({ node }) => node.ring.address.toString() === name)
      : nodes.at(-1)
  if (found !== undefined) return found
  throw new NodeError({
    code: 'RPC_BAD_ARGUMENTS',
    message: `no node ${String(name)} in this process`,
  })
}

function textIn(body: JsonObject, name: string): string {
  const value = body[name]
  if (typeof value === 'string') return value
  throw new NodeError({ code: 'RPC_BAD_ARGUMENTS', message: `'${name}' is missing or not a text` })
}
