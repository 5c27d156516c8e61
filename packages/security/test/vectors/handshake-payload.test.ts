/** The payload of handshake messages: vectors both ways. */
import { readFileSync } from 'node:fs'
import { fromHex, Malformed, toHex } from '@ipop/codec'
import { describe, expect, it } from '@jest/globals'
import { decodeHandshakePayload, encodeHandshakePayload } from '../../src/wire/handshake-payload.ts'

interface Valid {
  timestamp?: string
  record?: string
  capabilities: number[]
  length: number
  bytes: string
}

const { valid, refused } = JSON.parse(
  readFileSync(new URL('./handshake-payload.json', import.meta.url), 'utf8'),
) as { valid: Valid[]; refused: { bytes: string; reason: string }[] }

describe('handshake payload', () => {
  it.each(valid)(
    'encodes and decodes $bytes',
    ({ timestamp, record, capabilities, length, bytes }) => {
      const payload = {
        ...(timestamp === undefined ? {} : { timestamp: fromHex(timestamp) }),
        ...(record === undefined ? {} : { recordBytes: fromHex(record) }),
        capabilities,
      }
      expect(toHex(encodeHandshakePayload(payload, length))).toBe(bytes)
      const has = { timestamp: timestamp !== undefined, record: record !== undefined }
      expect(decodeHandshakePayload(fromHex(bytes), has)).toEqual(payload)
    },
  )

  it.each(refused)('refuses $bytes: $reason', ({ bytes, reason }) => {
    const has = { timestamp: true, record: true }
    expect(decodeHandshakePayload(fromHex(bytes), has)).toEqual(new Malformed(reason))
  })
})
