/** A node that exchanges with one peer, whose answers a test decides. */
import { Address } from '@ipop/address'
import type { CborMap, CborValue } from '@ipop/codec'
import { Malformed } from '@ipop/codec'
import { silentLog } from '@ipop/runtime'
import { TransportAddress, type Channel } from '@ipop/transport'
import { Connection } from '../../src/connections/connection.ts'
import { ConnectionTable } from '../../src/connections/connection-table.ts'
import { Role } from '../../src/connections/roles.ts'
import type { RequestReply } from '../../src/messaging/request-reply.ts'
import { BriefPeers } from '../../src/topology/brief-peers.ts'
import { Exchanger } from '../../src/topology/exchanger.ts'
import { KnownPeers } from '../../src/topology/known-peers.ts'
import { NearNeighbors, type NeighborClaim } from '../../src/topology/near-neighbors.ts'
import { BRIEF_ADDRESS_BYTES } from '../../src/wire/brief-address.ts'
import type { RingExchange } from '../../src/wire/ring-exchange.ts'
import { decodeRingExchange, encodeRingExchange } from '../../src/wire/ring-exchange.ts'

/** The node's place. */
export const SELF = 1_000

/** The peer's. */
export const PEER = 1_010

/** The number of the node's start. */
export const INCARNATION = 1

/** How an exchange came that nobody carried. */
export const FIRST_HAND = { isFirstHand: true }

/** How the peer answers. */
interface Link {
  isBroken: boolean
  known?: number
  leftOut?: RingExchange['leftOut']
  wanted?: Uint8Array[]
}

/** A node connected with `lows`, of whom it has told `peer` already. */
export async function exchanging(
  lows: readonly number[],
  {
    peer = PEER,
    claim,
    isPatient = true,
  }: { peer?: number; claim?: NeighborClaim; isPatient?: boolean } = {},
) {
  const table = new ConnectionTable(address(SELF))
  const told: { named: number[]; withdrawn: number[] | undefined }[] = []
  const said: string[] = []
  const sides: number[][] = []
  const short: number[][] = []
  const link: Link = { isBroken: false }
  const calls = {
    call(_target: Address, _method: string, args: CborValue) {
      const resolve = (brief: Uint8Array) => hint(lowOfBrief(brief))
      const held = { sender: { hint: hint(SELF) }, peer: hint(SELF), self: address(peer) }
      const exchange = decodeRingExchange(args, { ...held, resolve })
      if (exchange instanceof Malformed) throw new Error(exchange.reason)
      told.push({
        named: exchange.peers.map((one) => low(one.address)).sort((a, b) => a - b),
        withdrawn: exchange.withdrawn?.map(low),
      })
      said.push(['h', 'e', 'i', 'k'].filter((key) => key in (args as CborMap)).join(''))
      sides.push(['l', 'r'].map((key) => lengthOf((args as CborMap)[key])))
      short.push(shortForms((args as CborMap)['p']))
      if (link.isBroken) return Promise.reject(new Error('no answer'))
      const { known, wanted, leftOut } = link
      const reply = { from: hint(peer), peers: [], withdrawn: [], known, wanted, leftOut }
      return Promise.resolve([{ result: encodeRingExchange(reply) }])
    },
  } as unknown as RequestReply
  const at = { now: 0, revision: 0 }
  const known = new KnownPeers(table.self)
  const policy = new NearNeighbors({ table, known, linker: { isSlow: () => false } })
  const near = {
    claimOf: () => claim,
    get span() {
      policy.evaluate(true)
      return policy.span
    },
  }
  const clock = { now: () => at.now, wallTimeMs: () => at.now }
  const exchanger = new Exchanger({
    ...{ table, calls, log: silentLog, incarnation: INCARNATION, near },
    ownHint: () => hint(SELF),
    briefs: new BriefPeers({ clock, table, known, near }),
    listener: { learn: () => undefined },
  })
  const state = () => ({ revision: at.revision, isPatient, now: at.now })
  const connect = (one: number) => {
    at.revision++
    table.add(connectionWith(one))
  }
  const disconnect = (one: number) => {
    at.revision++
    table.remove(address(one))
  }
  const exchange = async (reason: 'news' | 'claims' | 'all') => {
    exchanger.exchangeWith(table.get(address(peer)) as Connection, reason, state())
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
  }
  const hear = (heard: RingExchange) => void exchanger.answer(heard, state(), FIRST_HAND)
  for (const one of lows) connect(one)
  await exchange('news')
  const news = { told, said, sides, short }
  return { exchanger, table, ...news, link, at, state, connect, disconnect, exchange, hear }
}

function connectionWith(one: number): Connection {
  const channel = { address: address(one), hint: hint(one), remoteStatus: 0, lastHeardAt: 0 }
  const connection = new Connection(channel as unknown as Channel, 0)
  connection.setRole(Role.near, true)
  return connection
}

export function address(one: number): Address {
  const bytes = new Uint8Array(20)
  new DataView(bytes.buffer).setUint32(16, one * 2)
  return Address.fromBytes(bytes)
}

function lengthOf(value: CborValue | undefined): number {
  return value instanceof Uint8Array ? value.length : 0
}

function lowOfBrief(brief: Uint8Array): number {
  return new DataView(brief.buffer, brief.byteOffset).getUint32(4) / 2
}

function shortForms(list: CborValue | undefined): number[] {
  const all = Array.isArray(list) ? list : []
  return all.flatMap((one) =>
    one instanceof Uint8Array && one.length === BRIEF_ADDRESS_BYTES ? lowOfBrief(one) : [],
  )
}

export function low({ bytes }: Address): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(16) / 2
}

export function hint(one: number) {
  const endpoints = [TransportAddress.udp({ host: '10.0.0.1', port: 1_000 })]
  return { address: address(one), sessionKey: new Uint8Array(32), endpoints }
}
