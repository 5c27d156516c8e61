/**
 * Reach check, big-endian: who is let in by the filters in front of a node. See docs/wire/reach-check.md.
 *   offset  size  field
 *        0     1  type 0x08
 *        1     1  kind: 1 ask, 2 sent, 3 carry, 4 probe
 *        2     1  from where: 1 another port, 2 another host; 0 in carry
 *        3     1  ask: family, 4 or 6; sent: result, 0 sent, 1 not possible; else 0
 *        4     4  id, chosen by who asks; 0 in carry
 *        8  7/19  sent, carry: compact transport address it was sent to, or is to be sent to; sent: absent when not possible
 *        .  7/19  sent from another host: that host's transport address
 *        .     .  carry: the datagram, to the end of the frame
 */
import { ByteReader, ByteWriter, Malformed } from '@ipop/codec'
import type { TransportAddress } from '../address/transport-address.ts'
import { REACH_PROBE_BYTES_MAX } from '../reach/limits.ts'
import { FRAME_REACH_CHECK } from './frame-types.ts'
import { readTransportAddress, writeTransportAddress } from './transport-address.ts'

const KINDS = [undefined, 'ask', 'sent', 'carry', 'probe'] as const
const ORIGINS = [undefined, 'port', 'host'] as const
const NOT_POSSIBLE = 1

/** Where a probe comes from: another port of the node that is asked, or another host. */
export type ReachOrigin = 'port' | 'host'

/** One message. */
export type ReachMessage =
  | {
      readonly kind: 'ask'
      readonly from: ReachOrigin
      readonly id: number
      readonly family: 4 | 6
    }
  | {
      readonly kind: 'sent'
      readonly from: ReachOrigin
      readonly id: number
      /** Where the probe went; absent when it could not be sent. */
      readonly to?: TransportAddress
      /** The other host. */
      readonly by?: TransportAddress
    }
  | { readonly kind: 'carry'; readonly to: TransportAddress; readonly datagram: Uint8Array }
  | { readonly kind: 'probe'; readonly from: ReachOrigin; readonly id: number }

/** Returns the bytes of a message. */
export function encodeReachMessage(message: ReachMessage): Uint8Array {
  const writer = new ByteWriter(48)
  writer.u8(FRAME_REACH_CHECK).u8(KINDS.indexOf(message.kind))
  if (message.kind === 'carry') {
    writer.u16(0).u32(0)
    writeTransportAddress(writer, message.to)
    return writer.bytes(message.datagram).toBytes()
  }
  writer.u8(ORIGINS.indexOf(message.from)).u8(detailOf(message)).u32(message.id)
  if (message.kind !== 'sent' || message.to === undefined) return writer.toBytes()
  writeTransportAddress(writer, message.to)
  if (message.by !== undefined) writeTransportAddress(writer, message.by)
  return writer.toBytes()
}

/** Reads a message; unknown trailing bytes are skipped, but for a carried datagram, which ends with its frame. */
export function decodeReachMessage(frame: Uint8Array): ReachMessage | Malformed {
  const reader = new ByteReader(frame)
  if (reader.u8() !== FRAME_REACH_CHECK) return new Malformed('reach check: another frame')
  const kind = KINDS[reader.u8()]
  const from = ORIGINS[reader.u8()]
  const detail = reader.u8()
  const id = reader.u32()
  if (!reader.ok) return new Malformed('reach check: cut short')
  if (kind === 'carry') return readCarry(reader)
  if (kind === undefined || from === undefined) return new Malformed('reach check: unknown kind')
  if (kind === 'probe') return { kind, from, id }
  if (kind === 'sent') return readSent(reader, { kind, from, id }, detail)
  if (detail !== 4 && detail !== 6) return new Malformed('reach check: unknown family')
  return { kind, from, id, family: detail }
}

function readCarry(reader: ByteReader): ReachMessage | Malformed {
  const to = readTransportAddress(reader)
  if (to instanceof Malformed) return to
  const datagram = reader.bytes(reader.remaining).slice()
  const isSane = reader.ok && datagram.length > 0 && datagram.length <= REACH_PROBE_BYTES_MAX
  return isSane ? { kind: 'carry', to, datagram } : new Malformed('reach check: datagram length')
}

function readSent(
  reader: ByteReader,
  head: { kind: 'sent'; from: ReachOrigin; id: number },
  result: number,
): ReachMessage | Malformed {
  if (result !== 0) return head
  const to = readTransportAddress(reader)
  if (to instanceof Malformed) return to
  if (head.from === 'port') return { ...head, to }
  const by = readTransportAddress(reader)
  return by instanceof Malformed ? by : { ...head, to, by }
}

function detailOf(message: Exclude<ReachMessage, { kind: 'carry' }>): number {
  if (message.kind === 'ask') return message.family
  return message.kind === 'sent' && message.to === undefined ? NOT_POSSIBLE : 0
}
