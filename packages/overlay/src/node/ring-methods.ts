/** The ring's own methods, as other nodes call them. */
import { Malformed } from '@ipop/codec'
import type { CborValue } from '@ipop/codec'
import type { ChannelTable } from '@ipop/transport'
import type { ConnectionTable } from '../connections/connection-table.ts'
import { Role } from '../connections/roles.ts'
import { SHORTCUT_ANSWER_MS } from '../limits.ts'
import type { Linker } from '../linking/linker.ts'
import type { ArgumentSchema, CallContext, DispatchTable } from '../messaging/dispatch-table.ts'
import type { RequestReply } from '../messaging/request-reply.ts'
import type { Exchanger } from '../topology/exchanger.ts'
import { RoutingMode } from '../wire/overlay-packet.ts'
import type { ProxyCall, RingExchange } from '../wire/ring-exchange.ts'
import {
  decodeConnectRequest,
  decodeProxyCall,
  decodeRingExchange,
  encodeConnectReply,
  encodeProxyReply,
  encodeRingExchange,
} from '../wire/ring-exchange.ts'
import type { RingKeeper } from './ring-keeper.ts'

/** The only methods that a ring member calls for somebody else. */
const PROXIED_METHODS = new Set(['ring.exchange', 'ring.connect'])

/** A proxied call must end before its asker gives up, milliseconds. */
const PROXY_TIMEOUT_MS = 5_000

/** Adds the ring's methods to a node's dispatch table. */
export function addRingMethods(
  dispatch: DispatchTable,
  modules: {
    channels: ChannelTable
    table: ConnectionTable
    linker: Linker
    calls: RequestReply
    exchanger: Exchanger
    keeper: RingKeeper
  },
): void {
  const { channels, table, linker, calls, exchanger, keeper } = modules
  dispatch.add('ring.ping', anything, () => null, { isRepeatable: true })
  const exchangeWith = (exchange: RingExchange, { source }: CallContext): CborValue => {
    const hand = { isFirstHand: source.equals(exchange.from.address) }
    keeper.learn(exchange, hand)
    return encodeRingExchange(exchanger.answer(exchange, keeper.exchangeState(), hand))
  }
  const schema: ArgumentSchema<RingExchange> = (args, { source }) =>
    decodeRingExchange(args, exchanger.heldFrom(source))
  dispatch.add('ring.exchange', schema, exchangeWith, { isRepeatable: true })
  dispatch.add('ring.connect', decodeConnectRequest, async ({ from, role }) => {
    const isShortcut = role === Role.shortcut
    linker.link(from, 0, { overRing: keeper.isInRing && (!isShortcut || 'late') })
    if (isShortcut) await linker.settled(from.address, SHORTCUT_ANSWER_MS)
    return encodeConnectReply(channels.hintOf())
  })
  dispatch.add('ring.proxy', proxySchema, async (call, { source }) => {
    if (!table.get(source)) throw new Error('only for connected peers')
    const mode = modeName(call.mode)
    return encodeProxyReply(
      await calls.call(call.target, call.method, call.args, { mode, timeoutMs: PROXY_TIMEOUT_MS }),
    )
  })
}

function anything(args: CborValue): CborValue {
  return args
}

function proxySchema(args: CborValue): ProxyCall | Malformed {
  const call = decodeProxyCall(args)
  if (call instanceof Malformed) return call
  return PROXIED_METHODS.has(call.method)
    ? call
    : new Malformed(`proxy: method ${call.method} is not carried`)
}

function modeName(mode: RoutingMode): 'greedy' | 'exact' | 'both' {
  if (mode === RoutingMode.greedy) return 'greedy'
  return mode === RoutingMode.exact ? 'exact' : 'both'
}
