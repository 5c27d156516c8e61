/** The transport's bytes: vectors both ways, refusals, and any bytes at all are survived. */
import { readFileSync } from 'node:fs'
import { Address } from '@ipop/address'
import { ByteReader, ByteWriter, fromHex, Malformed, toHex } from '@ipop/codec'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  decodeHello,
  decodeHelloReply,
  decodePeerHint,
  decodeProbe,
  encodeClose,
  encodeHello,
  encodeHelloReply,
  encodePeerHint,
  encodeProbe,
  encodeStreamDatagram,
  readTransportAddress,
  StreamDatagramReader,
  TransportAddress,
  writeTransportAddress,
} from '@ipop/transport'
import { HELLO_BYTES } from '../../src/limits.ts'

interface Refusal {
  bytes: string
  reason: string
}

interface Vectors {
  'transport-address': { valid: { text: string; bytes: string }[]; refused: Refusal[] }
  'peer-hint': {
    valid: { address: string; sessionKey: string; endpoints: string[]; bytes: string }[]
    refused: Refusal[]
  }
  hello: {
    hello: { transaction: string; asker: string; path: string | null; bytes: string }[]
    reply: {
      transaction: string
      status: number
      observed: string
      record: string
      endpoints: string[]
      bytes: string
    }[]
    refusedHello: Refusal[]
    refusedReply: Refusal[]
  }
  'control-frames': {
    probe: {
      kind: 'ping' | 'pong'
      id: number
      isActive: boolean
      isSearching: boolean
      status: number
      observed: string | null
      bytes: string
    }[]
    close: string
    refused: Refusal[]
  }
  'stream-framing': { valid: { datagram: string; bytes: string }[]; refused: Refusal[] }
}

const addresses = load('transport-address')
const hints = load('peer-hint')
const hellos = load('hello')
const frames = load('control-frames')
const streams = load('stream-framing')

const decoders: Record<string, (bytes: Uint8Array) => unknown> = {
  transportAddress: (bytes) => readTransportAddress(new ByteReader(bytes)),
  peerHint: decodePeerHint,
  hello: decodeHello,
  helloReply: decodeHelloReply,
  probe: decodeProbe,
}

describe('vectors', () => {
  it.each(addresses.valid)('transport address $text', ({ text, bytes }) => {
    const writer = new ByteWriter()
    writeTransportAddress(writer, ta(text))
    expect(toHex(writer.toBytes())).toBe(bytes)
    expect(valid(readTransportAddress(new ByteReader(hex(bytes)))).toString()).toBe(text)
  })

  it.each(hints.valid)('peer hint with endpoints $endpoints', (vector) => {
    const sessionKey = hex(vector.sessionKey)
    const hint = { address: node(vector.address), sessionKey, endpoints: vector.endpoints.map(ta) }
    expect(toHex(encodePeerHint(hint))).toBe(vector.bytes)
    const decoded = valid(decodePeerHint(hex(`${vector.bytes}ffff`)))
    expect(decoded.address.toString()).toBe(vector.address)
    expect(toHex(decoded.sessionKey)).toBe(vector.sessionKey)
    expect(decoded.endpoints.map(String)).toEqual(vector.endpoints)
  })

  it.each(hellos.hello)('hello with path $path', (vector) => {
    const { transaction, asker, path } = vector
    const hello = { transaction: hex(transaction), asker: node(asker), ...(path ? { path } : {}) }
    const bytes = encodeHello(hello)
    expect(bytes).toHaveLength(HELLO_BYTES)
    expect(toHex(bytes)).toBe(vector.bytes.padEnd(2 * HELLO_BYTES, '0'))
    const decoded = valid(decodeHello(bytes))
    expect(toHex(decoded.transaction)).toBe(transaction)
    expect(decoded.asker.toString()).toBe(asker)
    expect(decoded.path ?? null).toBe(path)
  })

  it.each(hellos.reply)('hello reply', (vector) => {
    const reply = {
      transaction: hex(vector.transaction),
      status: vector.status,
      observed: ta(vector.observed),
      record: hex(vector.record),
      endpoints: vector.endpoints.map(ta),
    }
    expect(toHex(valid(encodeHelloReply(reply, HELLO_BYTES)))).toBe(vector.bytes)
    const decoded = valid(decodeHelloReply(hex(vector.bytes)))
    expect(toHex(decoded.transaction)).toBe(vector.transaction)
    expect(decoded.status).toBe(vector.status)
    expect(decoded.observed.toString()).toBe(vector.observed)
    expect(toHex(decoded.record)).toBe(vector.record)
    expect(decoded.endpoints.map(String)).toEqual(vector.endpoints)
  })

  it.each(frames.probe)('$kind', ({ bytes, observed, ...rest }) => {
    const probe = { ...rest, ...(observed === null ? {} : { observed: ta(observed) }) }
    expect(toHex(encodeProbe(probe))).toBe(bytes)
    const { observed: seen, ...others } = valid(decodeProbe(hex(bytes)))
    expect(others).toEqual(rest)
    expect(seen?.toString() ?? null).toBe(observed)
  })

  it('close', () => {
    expect(toHex(encodeClose())).toBe(frames.close)
  })

  it.each(streams.valid)('datagram in a stream', ({ datagram, bytes }) => {
    expect(toHex(encodeStreamDatagram(hex(datagram)) ?? new Uint8Array())).toBe(bytes)
  })
})

describe('refusals', () => {
  const refused: Record<string, Refusal[]> = {
    transportAddress: addresses.refused,
    peerHint: hints.refused,
    hello: hellos.refusedHello,
    helloReply: hellos.refusedReply,
    probe: frames.refused,
  }
  for (const [kind, cases] of Object.entries(refused)) {
    it.each(cases)(`${kind}: $reason`, ({ bytes, reason }) => {
      const decoded = decoders[kind]?.(hex(bytes))
      expect(decoded).toBeInstanceOf(Malformed)
      expect((decoded as Malformed).reason).toBe(reason)
    })
  }

  it.each(streams.refused)('stream: $reason', ({ bytes }) => {
    expect(new StreamDatagramReader().read(hex(bytes), () => undefined)).toBe(false)
  })
})

describe('any bytes', () => {
  it.each(Object.keys(decoders))('are survived by the %s decoder', (kind) => {
    const prefixes = { transportAddress: [], peerHint: [1], hello: [0x10, 1], probe: [1] }
    const prefix = (prefixes as Record<string, number[]>)[kind] ?? [0x11, 1]
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 700 }), (bytes) => {
        decoders[kind]?.(bytes)
        decoders[kind]?.(Uint8Array.of(...prefix, ...bytes))
      }),
    )
  })

  it('come out of a stream as they went in, however it is cut', () => {
    const datagrams = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 8 })
    fc.assert(
      fc.property(datagrams, fc.integer({ min: 1, max: 50 }), (sent, step) => {
        const stream = sent.flatMap((datagram) => [...(encodeStreamDatagram(datagram) ?? [])])
        const reader = new StreamDatagramReader()
        const received: string[] = []
        for (let at = 0; at < stream.length; at += step) {
          const part = Uint8Array.from(stream.slice(at, at + step))
          expect(reader.read(part, (datagram) => received.push(toHex(datagram)))).toBe(true)
        }
        expect(received).toEqual(sent.map(toHex))
      }),
    )
  })

  it('never make a stream carry an empty or too long datagram', () => {
    expect(encodeStreamDatagram(new Uint8Array(0))).toBeUndefined()
    expect(encodeStreamDatagram(new Uint8Array(65_536))).toBeUndefined()
  })
})

function load<K extends keyof Vectors>(name: K): Vectors[K] {
  const text = readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8')
  return JSON.parse(text) as Vectors[K]
}

function hex(text: string): Uint8Array {
  return valid(fromHex(text))
}

function ta(text: string): TransportAddress {
  return valid(TransportAddress.parse(text))
}

function node(text: string): Address {
  return valid(Address.parse(text))
}

function valid<T>(value: T | Malformed): T {
  if (value instanceof Malformed) throw new Error(value.reason)
  return value
}
