/** The overlay's bytes: vectors both ways, and any bytes at all are survived. */
import { readFileSync } from 'node:fs'
import { Address } from '@ipop/address'
import { fromHex, Malformed, toHex } from '@ipop/codec'
import type { CborMap, CborValue } from '@ipop/codec'
import { TransportAddress } from '@ipop/transport'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  decodeApplicationMessage,
  encodeApplicationMessage,
} from '../../src/wire/application-message.ts'
import { hintDigest } from '../../src/wire/hint-digest.ts'
import {
  decodeDirectPacket,
  decodeOverlayPacket,
  encodeDirectPacket,
  encodeOverlayPacket,
} from '../../src/wire/overlay-packet.ts'
import type { PayloadKind, RoutingMode } from '../../src/wire/overlay-packet.ts'
import {
  decodeReply,
  decodeRequest,
  encodeReply,
  encodeRequest,
} from '../../src/wire/request-reply.ts'
import type { ReplyStatus } from '../../src/wire/request-reply.ts'
import {
  decodeConnectRequest,
  decodeProxyCall,
  decodeProxyReply,
  decodeRingExchange,
  encodeRingExchange,
} from '../../src/wire/ring-exchange.ts'

interface Vectors {
  overlayPacket: {
    mode: number
    hops: number
    hopLimit: number
    source: string
    destination: string
    kind: number
    payload: string
    bytes: string
  }[]
  directPacket: { kind: number; payload: string; bytes: string }[]
  request: { id: number; method: string; args: CborValue; bytes: string }[]
  reply: { id: number; status: number; value: CborValue; bytes: string }[]
  message: { protocol: string; payload: string; bytes: string }[]
  refused: { kind: string; bytes: string; reason: string }[]
}

const vectors = JSON.parse(
  readFileSync(new URL('./overlay-packet.json', import.meta.url), 'utf8'),
) as Vectors

const someone = {
  address: parse(vectors.overlayPacket[0]?.source ?? ''),
  sessionKey: new Uint8Array(32),
  endpoints: [],
}

const ends = { source: someone.address, destination: Address.zero }

const decoders: Record<string, (bytes: Uint8Array) => unknown> = {
  overlayPacket: decodeOverlayPacket,
  directPacket: (bytes) => decodeDirectPacket(bytes, ends),
  request: decodeRequest,
  reply: decodeReply,
  message: decodeApplicationMessage,
}

describe('overlay wire formats', () => {
  it.each(vectors.overlayPacket)('encodes and decodes the overlay packet $bytes', (vector) => {
    const packet = {
      mode: vector.mode as RoutingMode,
      hops: vector.hops,
      hopLimit: vector.hopLimit,
      source: parse(vector.source),
      destination: parse(vector.destination),
      kind: vector.kind as PayloadKind,
      payload: fromHex(vector.payload),
    }
    expect(toHex(encodeOverlayPacket(packet))).toBe(vector.bytes)
    const decoded = decodeOverlayPacket(fromHex(vector.bytes))
    if (decoded instanceof Malformed) throw new Error(decoded.reason)
    expect(decoded.source.toString()).toBe(vector.source)
    expect(decoded.destination.toString()).toBe(vector.destination)
    expect(toHex(decoded.payload)).toBe(vector.payload)
    expect([decoded.mode, decoded.hops, decoded.hopLimit, decoded.kind]).toEqual([
      vector.mode,
      vector.hops,
      vector.hopLimit,
      vector.kind,
    ])
  })

  it.each(vectors.directPacket)('encodes and decodes the direct packet $bytes', (vector) => {
    const kind = vector.kind as PayloadKind
    expect(toHex(encodeDirectPacket(kind, fromHex(vector.payload)))).toBe(vector.bytes)
    expect(decodeDirectPacket(fromHex(vector.bytes), ends)).toEqual({
      ...{ ...ends, mode: 2, hops: 1, hopLimit: 1, kind },
      payload: fromHex(vector.payload),
    })
  })

  it.each(vectors.request)(
    'encodes and decodes the request $bytes',
    ({ id, method, args, bytes }) => {
      expect(toHex(encodeRequest({ id, method, args }))).toBe(bytes)
      expect(decodeRequest(fromHex(bytes))).toEqual({ id, method, args })
    },
  )

  it('takes a method that has a number by its name, too', () => {
    expect(decodeRequest(fromHex('00000001826972696e672e70696e67f6'))).toEqual({
      ...{ id: 1, method: 'ring.ping', args: null },
    })
  })

  it.each(vectors.reply)('encodes and decodes the reply $bytes', ({ id, status, value, bytes }) => {
    expect(toHex(encodeReply({ id, status: status as ReplyStatus, value }))).toBe(bytes)
    expect(decodeReply(fromHex(bytes))).toEqual({ id, status, value })
  })

  it.each(vectors.message)(
    'encodes and decodes the message $bytes',
    ({ protocol, payload, bytes }) => {
      expect(toHex(encodeApplicationMessage({ protocol, payload: fromHex(payload) }))).toBe(bytes)
      expect(decodeApplicationMessage(fromHex(bytes))).toEqual({
        protocol,
        payload: fromHex(payload),
      })
    },
  )

  it.each(vectors.refused)('refuses $kind $bytes: $reason', ({ kind, bytes, reason }) => {
    expect(decoders[kind]?.(fromHex(bytes))).toEqual(new Malformed(reason))
  })

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        for (const decode of Object.values(decoders)) decode(bytes)
      }),
    )
  })

  it.each([0, 0xffff_ffff, undefined])(
    'carries the incarnation %p of an exchange',
    (incarnation) => {
      const body = encodeRingExchange({ from: someone, incarnation, peers: [] })
      expect(decodeRingExchange(body)).toMatchObject({ incarnation })
    },
  )

  it('names immediate neighbours briefly, the recipient by 0, and says which it cannot make out', () => {
    const [left, right] = [someone.address, parse(vectors.overlayPacket[0]?.destination ?? '')]
    const sides = { left, right, briefSides: new Set([right.key]), recipient: left }
    const from = { ...someone, address: Address.zero }
    const body = encodeRingExchange({ from, peers: [], ...sides })
    expect(body).toMatchObject({ l: 0, r: right.bytes.slice(12) })
    const resolve = () => ({ ...someone, address: right })
    expect(decodeRingExchange(body, { self: left, resolve })).toMatchObject({ left, right })
    const unresolved = [right.bytes.slice(12)]
    expect(decodeRingExchange(body)).toMatchObject({
      left: undefined,
      right: undefined,
      unresolved,
    })
  })

  it.each([
    ['all', 5, undefined],
    ['hint', 5, 5],
    ['hint', undefined, 5],
  ] as const)('leaves out what the recipient has: %s', (leftOut, held, sent) => {
    const body = encodeRingExchange({ from: someone, incarnation: 5, peers: [], leftOut })
    expect(body).toEqual({ p: [], ...(sent !== undefined && { i: sent }) })
    const sender = { hint: someone, incarnation: held }
    expect(decodeRingExchange(body, { sender })).toMatchObject({
      from: someone,
      incarnation: 5,
      leftOut,
    })
    expect(decodeRingExchange(body)).toEqual(new Malformed('exchange: no valid sender'))
  })

  it('tells a connected peer only where it can be reached', () => {
    const from = { ...someone, endpoints: [TransportAddress.udp({ host: '192.0.2.1', port: 9 })] }
    const body = encodeRingExchange({ from, peers: [], leftOut: 'identity' })
    expect(body).toEqual({ e: fromHex('0100c00002010009'), p: [] })
    expect(decodeRingExchange(body, { peer: someone })).toMatchObject({ from, leftOut: 'identity' })
    const refused = new Malformed('exchange: no valid sender')
    expect(decodeRingExchange(body)).toEqual(refused)
    const cut = { e: fromHex('0100c0000201'), p: [] }
    expect(decodeRingExchange(cut, { peer: someone })).toEqual(refused)
  })

  it('names a neighbour briefly that the recipient has heard of before', () => {
    const left = parse(vectors.overlayPacket[0]?.destination ?? '')
    const body = encodeRingExchange({
      from: { ...someone, address: Address.zero },
      peers: [],
      left,
      briefSides: new Set([left.key]),
      withdrawn: [left],
    })
    const recall = () => left
    expect(decodeRingExchange(body, { recall })).toMatchObject({ left, withdrawn: [left] })
    expect(decodeRingExchange(body)).toMatchObject({ left: undefined, withdrawn: [] })
  })

  it('makes the digest of docs/wire/ring-exchange.md', () => {
    const sessionKey = Uint8Array.from({ length: 32 }, (_, i) => 0x40 + i)
    const address = Address.fromBytes(fromHex('02020404060608080a0a0c0c0e0e101012121414'))
    const endpoints = [TransportAddress.udp({ host: '192.0.2.1', port: 4_000 })]
    expect(hintDigest({ address, sessionKey, endpoints })).toBe(990_747_583)
    expect(hintDigest({ address, sessionKey, endpoints }, 1)).toBe(3_104_790_300)
  })

  it.each([-1, 0.5, 2 ** 32, 'one', null])('takes %p for no incarnation', (incarnation) => {
    const body = {
      ...(encodeRingExchange({ from: someone, peers: [] }) as CborMap),
      i: incarnation,
    }
    expect(decodeRingExchange(body)).toMatchObject({ incarnation: undefined })
  })

  it('carries whom a difference withdraws, and tells it from all that a node names', () => {
    const withdrawn = [someone.address]
    const body = encodeRingExchange({ from: someone, peers: [], withdrawn })
    expect(decodeRingExchange(body, { resolve: () => someone })).toMatchObject({ withdrawn })
    const none = encodeRingExchange({ from: someone, peers: [], withdrawn: [] })
    expect(decodeRingExchange(none)).toMatchObject({ withdrawn: [] })
    const all = encodeRingExchange({ from: someone, peers: [] })
    expect(decodeRingExchange(all)).toMatchObject({ withdrawn: undefined })
  })

  it.each([
    ['no list of at most 12 withdrawn peers', null],
    ['no list of at most 12 withdrawn peers', 'all'],
    ['no list of at most 12 withdrawn peers', Array.from({ length: 13 }, () => bytesOf(8))],
    ['no list of at most 12 withdrawn peers', [bytesOf(8), bytesOf(20)]],
    ['no list of at most 12 withdrawn peers', [7]],
  ])('refuses an exchange with %s', (reason, g) => {
    const body = { ...(encodeRingExchange({ from: someone, peers: [] }) as CborMap), g }
    expect(decodeRingExchange(body as CborValue)).toEqual(new Malformed(`exchange: ${reason}`))
  })

  it('refuses ring bodies of any other shape', () => {
    fc.assert(
      fc.property(fc.anything({ maxDepth: 2 }), (value) => {
        const body = value as CborValue
        expect(decodeRingExchange(body)).toBeInstanceOf(Malformed)
        expect(decodeConnectRequest(body)).toBeInstanceOf(Malformed)
        expect(decodeProxyCall(body)).toBeInstanceOf(Malformed)
        decodeProxyReply(body)
      }),
    )
  })
})

function bytesOf(length: number): Uint8Array {
  return new Uint8Array(length)
}

function parse(text: string): Address {
  const address = Address.parse(text)
  if (address instanceof Malformed) throw new Error(address.reason)
  return address
}
