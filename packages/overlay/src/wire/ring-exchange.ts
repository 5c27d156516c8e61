/**
 * Bodies of the ring's own methods, in CBOR: what neighbours tell each other about the ring around them.
 *   ring.exchange arguments: { h?: hint of the sender, e?: its endpoints, p: [hint or brief address, ...], i?: incarnation,
 *                              l?: side, r?: side, g?: [brief address, ...], k?: digest of what the recipient said of itself,
 *                              w?: [brief address, ...] }
 *   ring.exchange result:    the same, of the responder
 *   ring.connect  arguments: { h: hint of the sender, r: role wanted }
 *   ring.connect  result:    { h: hint of the responder }
 *   ring.proxy    arguments: { t: address, m: routing mode, n: method, a: arguments }
 *   ring.proxy    result:    [[address, result], ...]
 * A hint is the byte string of the transport package's peer hint, an address its 20 bytes, a brief one the last 8 of them, a
 * digest a number, a side an address, a brief one, or 0 for the recipient.
 */
import { Address } from '@ipop/address'
import type { CborMap, CborValue } from '@ipop/codec'
import { Malformed } from '@ipop/codec'
import type { PeerHint } from '@ipop/transport'
import {
  decodeHintEndpoints,
  decodePeerHint,
  encodeHintEndpoints,
  encodePeerHint,
} from '@ipop/transport'
import { EXCHANGE_PEERS_MAX } from '../topology/limits.ts'
import { BRIEF_ADDRESS_BYTES, briefAddress } from './brief-address.ts'
import { RoutingMode } from './overlay-packet.ts'

/** Stands for the recipient where it is a neighbour of the sender itself. */
const RECIPIENT = 0

/** What one end of an exchange tells: itself, peers it is connected to, and its immediate neighbours. */
export interface RingExchange {
  readonly from: PeerHint
  /** Another number after every start of the sender, 32 bits. */
  readonly incarnation?: number | undefined
  readonly peers: readonly PeerHint[]
  /** In a difference to earlier exchanges: whom the sender named before and names no longer. */
  readonly withdrawn?: readonly Address[] | undefined
  readonly left?: Address | undefined
  readonly right?: Address | undefined
  /** Digest of what the sender has of the recipient: that need not be sent. */
  readonly known?: number | undefined
  /** What the recipient has of the sender, and is left out: its address and key, its whole hint, or that and its incarnation. */
  readonly leftOut?: 'identity' | 'hint' | 'all' | undefined
  /** To whom an exchange goes that is to be sent. */
  readonly recipient?: Address | undefined
  /** Keys of the addresses of those peers that are named by their brief addresses. */
  readonly brief?: ReadonlySet<string> | undefined
  /** Keys of the addresses of those immediate neighbours that are named by their brief addresses. */
  readonly briefSides?: ReadonlySet<string> | undefined
  /** Brief addresses of peers whose hints the sender asks for. */
  readonly wanted?: readonly Uint8Array[] | undefined
  /** In a decoded exchange: brief addresses in it that say nothing to this node. */
  readonly unresolved?: readonly Uint8Array[] | undefined
}

/** What this node knows already, for what an exchange does not repeat. */
export interface HeldHints {
  /** The peer at the other end of the session with the sender, who only says where it can be reached. */
  readonly peer?: PeerHint | undefined
  /** What the sender said of itself, which it may leave out. */
  readonly sender?:
    { readonly hint: PeerHint; readonly incarnation?: number | undefined } | undefined
  /** This node, which is named in short. */
  readonly self?: Address | undefined
  /** Returns the hint that a brief address stands for. */
  resolve?(brief: Uint8Array): PeerHint | undefined
  /** Returns whom the sender named before and means by a brief address. */
  recall?(brief: Uint8Array): Address | undefined
}

/** A wish to be connected, carried to a node that cannot be dialled yet. */
export interface ConnectRequest {
  readonly from: PeerHint
  readonly role: number
}

/** A call that a ring member makes for a node that is not in the ring yet. */
export interface ProxyCall {
  readonly target: Address
  readonly mode: RoutingMode
  readonly method: string
  readonly args: CborValue
}

/** Returns the CBOR value of an exchange. */
export function encodeRingExchange(exchange: RingExchange): CborValue {
  const { from, incarnation, leftOut } = exchange
  return {
    ...(leftOut === undefined && { h: encodePeerHint(from) }),
    ...(leftOut === 'identity' && { e: encodeHintEndpoints(from) }),
    p: exchange.peers.map((hint) => encodePeer(hint, exchange.brief)),
    ...(incarnation !== undefined && leftOut !== 'all' && { i: incarnation }),
    ...(exchange.withdrawn && { g: exchange.withdrawn.map(briefAddress) }),
    ...(exchange.left && { l: encodeSide(exchange.left, exchange) }),
    ...(exchange.right && { r: encodeSide(exchange.right, exchange) }),
    ...(exchange.known !== undefined && { k: exchange.known }),
    ...(exchange.wanted && exchange.wanted.length > 0 && { w: [...exchange.wanted] }),
  }
}

/** Returns the exchange in `value`, or why it is none. */
export function decodeRingExchange(
  value: CborValue,
  held: HeldHints = {},
): RingExchange | Malformed {
  const map = asMap(value)
  const sender = map && asSender(map, held)
  if (!sender || sender instanceof Malformed) return new Malformed('exchange: no valid sender')
  const named = asPeers(map['p'], held)
  if (named instanceof Malformed) return named
  const wanted = asBriefAddresses(map['w'])
  if (wanted instanceof Malformed) return wanted
  const withdrawn = asWithdrawn(map['g'], held)
  if (withdrawn instanceof Malformed) return withdrawn
  const unresolved = [...named.unresolved]
  const [left, right] = [map['l'], map['r']].map((side) => asSide(side, held, unresolved))
  const known = asUint32(map['k'])
  const { peers } = named
  return { ...sender, peers, withdrawn, left, right, known, wanted, unresolved }
}

/** Returns the CBOR value of a connect request. */
export function encodeConnectRequest(request: ConnectRequest): CborValue {
  return { h: encodePeerHint(request.from), r: request.role }
}

/** Returns the connect request in `value`, or why it is none. */
export function decodeConnectRequest(value: CborValue): ConnectRequest | Malformed {
  const map = asMap(value)
  const from = asHint(map?.['h'])
  if (!map || from instanceof Malformed) return new Malformed('connect: no valid sender')
  const role = map['r']
  if (typeof role !== 'number' || role < 0 || role > 255) return new Malformed('connect: no role')
  return { from, role }
}

/** Returns the CBOR value of the answer to a connect request. */
export function encodeConnectReply(from: PeerHint): CborValue {
  return { h: encodePeerHint(from) }
}

/** Returns the responder's hint in the answer to a connect request, or why there is none. */
export function decodeConnectReply(value: CborValue): PeerHint | Malformed {
  return asHint(asMap(value)?.['h'])
}

/** Returns the CBOR value of a proxy call. */
export function encodeProxyCall(call: ProxyCall): CborValue {
  return { t: call.target.bytes, m: call.mode, n: call.method, a: call.args }
}

/** Returns the proxy call in `value`, or why it is none. */
export function decodeProxyCall(value: CborValue): ProxyCall | Malformed {
  const map = asMap(value)
  const target = asAddress(map?.['t'])
  const mode = map?.['m']
  const method = map?.['n']
  if (!map || !target) return new Malformed('proxy: no target')
  if (mode !== RoutingMode.greedy && mode !== RoutingMode.exact && mode !== RoutingMode.both)
    return new Malformed('proxy: no routing mode')
  if (typeof method !== 'string') return new Malformed('proxy: no method')
  return { target, mode, method, args: map['a'] ?? null }
}

/** Returns the CBOR value of the answers that a proxy call collected. */
export function encodeProxyReply(
  replies: readonly { from: Address; result: CborValue }[],
): CborValue {
  return replies.map((reply) => [reply.from.bytes, reply.result])
}

/** Returns the results in the answer to a proxy call, or why there are none. */
export function decodeProxyReply(value: CborValue): CborValue[] | Malformed {
  if (!Array.isArray(value)) return new Malformed('proxy: not a list of results')
  return value.flatMap((item) =>
    Array.isArray(item) && item.length === 2 ? [item[1] ?? null] : [],
  )
}

function asMap(value: CborValue | undefined): CborMap | undefined {
  if (value === null || typeof value !== 'object') return undefined
  if (Array.isArray(value) || value instanceof Uint8Array) return undefined
  return value as CborMap
}

/** Returns what the sender says of itself, and what this node has of it. */
function asSender(
  map: CborMap,
  held: HeldHints,
): Pick<RingExchange, 'from' | 'incarnation' | 'leftOut'> | Malformed {
  const { h: hint, e: endpoints } = map
  const incarnation = asUint32(map['i'])
  if (hint !== undefined) return withHint(asHint(hint), { incarnation, leftOut: undefined })
  if (endpoints instanceof Uint8Array && held.peer)
    return withHint(decodeHintEndpoints(endpoints, held.peer), { incarnation, leftOut: 'identity' })
  if (!held.sender) return new Malformed('hint: not known')
  const { hint: from, incarnation: before } = held.sender
  if (incarnation !== undefined) return { from, incarnation, leftOut: 'hint' }
  return { from, incarnation: before, leftOut: 'all' }
}

function withHint<T extends object>(from: PeerHint | Malformed, rest: T) {
  return from instanceof Malformed ? from : { from, ...rest }
}

function encodePeer(hint: PeerHint, brief: ReadonlySet<string> | undefined): Uint8Array {
  return brief?.has(hint.address.key) === true ? briefAddress(hint.address) : encodePeerHint(hint)
}

function encodeSide(address: Address, { briefSides, recipient }: RingExchange): CborValue {
  if (recipient?.equals(address) === true) return RECIPIENT
  return briefSides?.has(address.key) === true ? briefAddress(address) : address.bytes
}

/** Returns the immediate neighbour that is named; one that this node has not heard of is added to `unresolved`. */
function asSide(
  value: CborValue | undefined,
  held: HeldHints,
  unresolved: Uint8Array[],
): Address | undefined {
  if (value === RECIPIENT) return held.self
  const brief = value === undefined ? undefined : asBriefAddress(value)
  if (!brief) return asAddress(value)
  const address = held.resolve?.(brief)?.address ?? held.recall?.(brief)
  if (!address) unresolved.push(brief)
  return address
}

function asPeers(
  list: CborValue | undefined,
  held: HeldHints,
): { peers: PeerHint[]; unresolved: Uint8Array[] } | Malformed {
  if (!Array.isArray(list) || list.length > EXCHANGE_PEERS_MAX)
    return new Malformed('exchange: no list of at most 12 peers')
  const peers: PeerHint[] = []
  const unresolved: Uint8Array[] = []
  for (const item of list) {
    const brief = asBriefAddress(item)
    const hint = brief ? held.resolve?.(brief) : asHint(item)
    if (hint instanceof Malformed) return new Malformed('exchange: malformed peer')
    if (hint) peers.push(hint)
    else if (brief) unresolved.push(brief)
  }
  return { peers, unresolved }
}

function asBriefAddress(value: CborValue): Uint8Array | undefined {
  const isOne = value instanceof Uint8Array && value.length === BRIEF_ADDRESS_BYTES
  return isOne ? value.slice() : undefined
}

function asBriefAddresses(value: CborValue | undefined): Uint8Array[] | undefined | Malformed {
  if (value === undefined) return undefined
  const list = Array.isArray(value) ? value.flatMap((item) => asBriefAddress(item) ?? []) : []
  if (!Array.isArray(value) || value.length > EXCHANGE_PEERS_MAX || list.length < value.length)
    return new Malformed('exchange: no list of at most 12 brief addresses')
  return list
}

function asHint(value: CborValue | undefined): PeerHint | Malformed {
  if (!(value instanceof Uint8Array)) return new Malformed('hint: not bytes')
  return decodePeerHint(value)
}

function asUint32(value: CborValue | undefined): number | undefined {
  const isOne = Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 0xffff_ffff
  return isOne ? Number(value) : undefined
}

/** Returns those who are withdrawn; who is meant by none of them was never named to this node. */
function asWithdrawn(
  value: CborValue | undefined,
  held: HeldHints,
): Address[] | undefined | Malformed {
  if (value === undefined) return undefined
  const list = asBriefAddresses(value)
  if (!list || list instanceof Malformed)
    return new Malformed('exchange: no list of at most 12 withdrawn peers')
  return list.flatMap((brief) => held.recall?.(brief) ?? held.resolve?.(brief)?.address ?? [])
}

function asAddress(value: CborValue | undefined): Address | undefined {
  return value instanceof Uint8Array && value.length === 20 ? Address.fromBytes(value) : undefined
}
