/** Everything that can be called on one node, put together. */
import type { Runtime } from '@ipop/runtime'
import type { ManagedNode } from '../services.ts'
import { MethodTable } from './method-table.ts'
import { addDhtClient } from './methods/dht-client.ts'
import { DhtProxy } from './methods/dht-proxy.ts'
import { addInformation } from './methods/information.ts'
import { addIpop } from './methods/ipop.ts'
import { addTrace } from './methods/trace.ts'
import { RpcProxy } from './proxy.ts'
import type { RpcTarget } from './xml-rpc-server.ts'

/** The callable side of one node. */
export interface NodeMethods extends RpcTarget {
  /** Stops what renews itself. */
  stop(): void
}

/** Builds the methods of a node and serves the remote ones to other nodes. */
export function createNodeMethods(
  node: ManagedNode,
  { clock, timers, log, random }: Pick<Runtime, 'clock' | 'timers' | 'log' | 'random'>,
): NodeMethods {
  const table = new MethodTable()
  const dhtProxy = new DhtProxy({ dht: node.dht, clock, timers, log })
  addInformation(table, node)
  addTrace(table, node.ring, clock)
  addDhtClient(table, node.dht, random.fork('dht gets'))
  dhtProxy.addTo(table)
  if (node.ip !== undefined) addIpop(table, node.ring, node.ip)
  const proxy = new RpcProxy({ ring: node.ring, table })
  proxy.serve()
  return {
    path: `${node.namespace}:${node.ring.address.toString()}`,
    dispatch: (method, params) => proxy.dispatch(method, params),
    stop: () => dhtProxy.stop(),
  }
}
