/** Relay frames and relay control: vectors both ways, refusals, and any bytes at all are survived. */
import { readFileSync } from 'node:fs'
import { Address } from '@ipop/address'
import { fromHex, Malformed, toHex } from '@ipop/codec'
import { describe, expect, it } from '@jest/globals'
import {
  decodeRelayControl,
  decodeRelayFrame,
  encodeRelayControl,
  encodeRelayFrame,
  RELAY_FRAME_OVERHEAD,
  type RelayControl,
} from '@ipop/transport'
import fc from 'fast-check'

interface Refused {
  bytes: string
  reason: string
}

interface FrameVectors {
  valid: { channel: number; datagram: string; isWhole: boolean; bytes: string }[]
  refused: Refused[]
}

interface ControlVectors {
  valid: { message: RelayControl; address: string | null; bytes: string }[]
  lenient: { message: RelayControl; bytes: string }[]
  refused: Refused[]
}

const frames = vectorsOf('relay-frame.json') as FrameVectors
const controls = vectorsOf('relay-control.json') as ControlVectors

describe('a relay frame', () => {
  it.each(frames.valid)('is $bytes', ({ channel, datagram, isWhole, bytes }) => {
    const frame = encodeRelayFrame(channel, bytesOf(datagram), { isWhole })
    expect(toHex(frame)).toBe(bytes)
    expect(frame.length).toBe(bytesOf(datagram).length + RELAY_FRAME_OVERHEAD)
    // From the middle of a larger buffer, as sockets hand datagrams in.
    const within = bytesOf(`ffff${bytes}`).subarray(2)
    expect(decodeRelayFrame(within)).toEqual({ channel, isWhole, datagram: bytesOf(datagram) })
  })

  it.each(frames.refused)('is refused: $reason ($bytes)', ({ bytes, reason }) => {
    expect(decodeRelayFrame(bytesOf(bytes))).toEqual(new Malformed(reason))
  })

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 32 }), (bytes) => {
        decodeRelayFrame(Uint8Array.of(0x12, ...bytes))
      }),
      { seed: 1, numRuns: 500 },
    )
  })
})

describe('a relay control frame', () => {
  it.each(controls.valid)('is $bytes', ({ message, address, bytes }) => {
    const full = withAddress(message, address)
    expect(toHex(encodeRelayControl(full))).toBe(bytes)
    expect(decodeRelayControl(bytesOf(bytes))).toEqual(full)
    expect(decodeRelayControl(bytesOf(`${bytes}00ff`))).toEqual(full)
  })

  it.each(controls.lenient)('is understood: $bytes', ({ message, bytes }) => {
    expect(decodeRelayControl(bytesOf(bytes))).toEqual(message)
  })

  it.each(controls.refused)('is refused: $reason ($bytes)', ({ bytes, reason }) => {
    expect(decodeRelayControl(bytesOf(bytes))).toEqual(new Malformed(reason))
  })

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 48 }), (bytes) => {
        decodeRelayControl(Uint8Array.of(4, ...bytes))
      }),
      { seed: 1, numRuns: 500 },
    )
  })
})

function vectorsOf(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'))
}

function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex)
  if (bytes instanceof Malformed) throw new Error(bytes.reason)
  return new Uint8Array(bytes)
}

function withAddress(message: RelayControl, hex: string | null): RelayControl {
  if (hex === null) return message
  const address = Address.fromBytes(bytesOf(hex))
  if (message.kind === 'open') return { ...message, target: address }
  return message.kind === 'offer' ? { ...message, source: address } : message
}
