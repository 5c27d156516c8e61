/** Sealing and opening under one pair of keys. */
import { describe, expect, it } from '@jest/globals'
import { TransportKey } from '../../src/index.ts'
import type { TransportKeyParts } from '../../src/index.ts'
import { ScriptCipher } from '../../src/data/script-cipher.ts'
import {
  COUNTER_MAX,
  FRAME_BYTES_MAX,
  GCM_MESSAGES_MAX,
  REJECT_AFTER_MS,
  REKEY_AFTER_AS_RESPONDER_MS,
  REKEY_AFTER_MS,
} from '../../src/limits.ts'
import { seededRandom } from '../kit.ts'

const CIPHERS = ['chacha20-poly1305', 'aes-256-gcm'] as const

describe.each(CIPHERS)('TransportKey with %s', (cipher) => {
  it('opens what the other end sealed, 25,000 times, in any order within the window, once', () => {
    const { left, right } = keyPair({ cipher })
    const random = seededRandom(`exchange ${cipher}`)
    for (let round = 0; round < 250; round++) {
      const sender = round % 2 === 0 ? left : right
      const receiver = sender === left ? right : left
      const sent = Array.from({ length: 100 }, (_, i) => {
        const frame = new Uint8Array(random.below(64)).fill(i)
        return { frame, datagram: sender.seal(frame, 0) ?? new Uint8Array() }
      })
      sent.sort((a, b) => (a.datagram[20] ?? 0) - (b.datagram[20] ?? 0))
      for (const { frame, datagram } of sent) {
        const opened = receiver.open(datagram, 0)
        if (opened === undefined || Buffer.compare(opened, frame) !== 0) throw new Error('lost')
      }
      expect(receiver.open(sent[round % 100]?.datagram ?? new Uint8Array(), 0)).toBeUndefined()
    }
  })

  it('opens no datagram with any bit changed, but for those that name the key', () => {
    const { left, right } = keyPair({ cipher })
    const datagram = left.seal(new TextEncoder().encode('frame'), 0) ?? new Uint8Array()
    for (let bit = 8 * 8; bit < datagram.length * 8; bit++) {
      const changed = datagram.slice()
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(right.open(changed, 0)).toBeUndefined()
    }
    expect(right.receivedCount).toBe(0)
    expect(right.open(datagram, 0)).toBeDefined()
  })

  it('neither seals nor opens from its end on', () => {
    const { left, right } = keyPair({ cipher })
    const datagram = left.seal(new Uint8Array(1), REJECT_AFTER_MS - 1) ?? new Uint8Array()
    expect(left.seal(new Uint8Array(1), REJECT_AFTER_MS)).toBeUndefined()
    expect(right.open(datagram, REJECT_AFTER_MS)).toBeUndefined()
    expect(right.open(datagram, REJECT_AFTER_MS - 1)).toBeDefined()
  })

  it('overwrites its keys when it is erased', () => {
    const { left } = keyPair({ cipher })
    left.erase()
    expect(left.parts.sendKey).toEqual(new Uint8Array(32))
    expect(left.parts.receiveKey).toEqual(new Uint8Array(32))
    expect(left.seal(new Uint8Array(1), 0)).toBeUndefined()
  })

  it('stops at its message limit and asks to be replaced before', () => {
    const { left: other, right } = keyPair({ cipher })
    const script = new ScriptCipher(other.parts)
    const left = new TransportKey(other.parts, script)
    const limit = cipher === 'aes-256-gcm' ? GCM_MESSAGES_MAX : COUNTER_MAX
    expect(left.isDueForRekey(0)).toBe(false)
    script.sentCount = limit - 1
    expect(left.isDueForRekey(0)).toBe(true)
    const last = left.seal(new Uint8Array(1), 0)
    expect(last && right.open(last, 0)).toBeDefined()
    expect(left.seal(new Uint8Array(1), 0)).toBeUndefined()
  })
})

describe('TransportKey', () => {
  it('is replaced by its initiator first', () => {
    const { left, right } = keyPair({})
    expect(left.isDueForRekey(REKEY_AFTER_MS)).toBe(true)
    expect(right.isDueForRekey(REKEY_AFTER_MS)).toBe(false)
    expect(right.isDueForRekey(REKEY_AFTER_AS_RESPONDER_MS)).toBe(true)
  })

  it('is replaced at the age that a test asks for, the other end as much later as ever', () => {
    const { left, right } = keyPair({ rekeyAfterMs: 6_000 })
    const later = 6_000 + REKEY_AFTER_AS_RESPONDER_MS - REKEY_AFTER_MS
    expect([left.isDueForRekey(5_999), left.isDueForRekey(6_000)]).toEqual([false, true])
    expect([right.isDueForRekey(later - 1), right.isDueForRekey(later)]).toEqual([false, true])
  })

  it('carries the longest frame and refuses a longer one', () => {
    const { left, right } = keyPair({})
    const datagram = left.seal(new Uint8Array(FRAME_BYTES_MAX), 0)
    expect(datagram?.length).toBe(65_507)
    expect(datagram && right.open(datagram, 0)?.length).toBe(FRAME_BYTES_MAX)
    expect(() => left.seal(new Uint8Array(FRAME_BYTES_MAX + 1), 0)).toThrow('bytes in one frame')
  })

  it('pads to a multiple where the profile says so', () => {
    const { left, right } = keyPair({ paddingMultiple: 16 })
    const datagram = left.seal(new Uint8Array(5).fill(9), 0) ?? new Uint8Array()
    expect(datagram.length).toBe(48)
    expect(right.open(datagram, 0)).toEqual(Uint8Array.from([9, 9, 9, 9, 9, ...Array(11).fill(0)]))
    expect(left.seal(new Uint8Array(0), 0)?.length).toBe(32)
  })
})

function keyPair(parts: Partial<TransportKeyParts>): { left: TransportKey; right: TransportKey } {
  const random = seededRandom('keys')
  const [first, second] = [random.bytes(32), random.bytes(32)]
  const common = { cipher: CIPHERS[0], createdAt: 0, paddingMultiple: 1, ...parts }
  return {
    left: new TransportKey({
      ...common,
      sendKey: first.slice(),
      receiveKey: second.slice(),
      localIndex: 1,
      remoteIndex: 2,
      isInitiator: true,
    }),
    right: new TransportKey({
      ...common,
      sendKey: second.slice(),
      receiveKey: first.slice(),
      localIndex: 2,
      remoteIndex: 1,
      isInitiator: false,
    }),
  }
}
