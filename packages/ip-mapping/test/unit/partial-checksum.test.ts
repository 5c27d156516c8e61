/** Packets whose checksum a native data plane left to the receiver. */
import { describe, expect, it } from '@jest/globals'
import { Malformed, toHex } from '@ipop/codec'
import { completePartialFrame, isPartialFrame } from '../../src/ip/partial-checksum.ts'
import { encodeIpv4 } from '../../src/wire/ipv4.ts'
import { encodeUdp } from '../../src/wire/udp.ts'

const ENDS = { source: 0x0a000001, destination: 0x0a000002 }
const UDP = encodeUdp({ ...ENDS, sourcePort: 1, destinationPort: 2, data: Uint8Array.of(1, 2, 3) })
const CHECKSUM_AT = 20 + 6

describe('a frame of type 0x06', () => {
  it('becomes the packet it was made of, whatever the field held', () => {
    const frame = Uint8Array.of(6, ...UDP)
    frame.fill(0x5a, 1 + CHECKSUM_AT, 1 + CHECKSUM_AT + 2)
    expect(isPartialFrame(frame)).toBe(true)
    expect(isPartialFrame(UDP)).toBe(false)
    const whole = completePartialFrame(frame)
    expect(whole instanceof Malformed ? whole.reason : toHex(whole)).toBe(toHex(UDP))
    expect(frame[1 + CHECKSUM_AT]).toBe(0x5a)
  })

  it('may carry TCP', () => {
    const segment = new Uint8Array(24).fill(7)
    const packet = encodeIpv4({ ...ENDS, protocol: 6, payload: segment })
    const whole = completePartialFrame(Uint8Array.of(6, ...packet))
    if (whole instanceof Malformed) throw new Error(whole.reason)
    // Known from summing by hand: the words of the pseudo-header and of the segment with a zero field.
    expect(toHex(whole.subarray(20 + 16, 20 + 18))).toBe(sumByHand(segment))
  })

  it.each([
    ['another protocol', Uint8Array.of(6, ...encodeIpv4({ ...ENDS, protocol: 1, payload: UDP }))],
    [
      'no room',
      Uint8Array.of(6, ...encodeIpv4({ ...ENDS, protocol: 6, payload: Uint8Array.of(1) })),
    ],
    ['no packet', Uint8Array.of(6, 1, 2, 3)],
    ['nothing', Uint8Array.of(6)],
  ])('is refused with %s in it', (_name, frame) => {
    expect(completePartialFrame(frame)).toBeInstanceOf(Malformed)
  })
})

function sumByHand(segment: Uint8Array): string {
  let sum = 0x0a00 + 0x0001 + 0x0a00 + 0x0002 + 6 + segment.length
  for (let i = 0; i < segment.length; i += 2) if (i !== 16) sum += 0x0707
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16)
  return (~sum & 0xffff).toString(16).padStart(4, '0')
}
