/**
 * Relay control, big-endian: how a node and both ends agree on relay channels. See docs/wire/relay-control.md.
 *   offset  size  field
 *        0     1  type 0x04
 *        1     1  kind: 1 open, 2 offer, 3 accept, 4 opened, 5 refuse, 6 close
 *        2     1  open: flags, bit 0 connect with the target if need be; refuse: reason; else 0
 *        3     1  reserved, 0
 *        4     4  request, chosen by who opens or offers; 0 in close
 *        8     4  channel; 0 in refuse
 *       12    20  open: ring address of the target; offer: of the source; else absent
 */
import { Address } from '@ipop/address'
import { ByteReader, ByteWriter, Malformed } from '@ipop/codec'
import { FRAME_RELAY_CONTROL } from './frame-types.ts'

const ADDRESS_BYTES = 20
const KINDS = [undefined, 'open', 'offer', 'accept', 'opened', 'refuse', 'close'] as const
const REASONS = [
  'other',
  'off',
  'not direct',
  'no connection',
  'full',
  'not reached',
  'refused by the target',
] as const
const FLAG_MAY_CONNECT = 0x01

/** Why a relay or an end does not agree. */
export type RelayRefusal = (typeof REASONS)[number]

interface RelayAgreement<K extends string> {
  readonly kind: K
  readonly request: number
  /** What the sender of the message receives on. */
  readonly channel: number
}

/** One message. Channels are named by the number that frames to the channel's receiver carry. */
export type RelayControl =
  | {
      readonly kind: 'open'
      readonly request: number
      /** What the asker wants to receive on. */
      readonly channel: number
      readonly target: Address
      /** Whether the relay shall connect with the target if it is not connected. */
      readonly mayConnect: boolean
    }
  | {
      readonly kind: 'offer'
      readonly request: number
      /** What the relay receives on. */
      readonly channel: number
      readonly source: Address
    }
  | RelayAgreement<'accept'>
  | RelayAgreement<'opened'>
  | { readonly kind: 'refuse'; readonly request: number; readonly reason: RelayRefusal }
  | {
      readonly kind: 'close'
      /** What the receiver of the message received on. */
      readonly channel: number
    }

/** Returns the bytes of a message. */
export function encodeRelayControl(message: RelayControl): Uint8Array {
  const writer = new ByteWriter(32)
  writer.u8(FRAME_RELAY_CONTROL).u8(KINDS.indexOf(message.kind))
  writer.u8(detailOf(message)).u8(0)
  writer.u32(message.kind === 'close' ? 0 : message.request)
  writer.u32(message.kind === 'refuse' ? 0 : message.channel)
  if (message.kind === 'open') writer.bytes(message.target.bytes)
  if (message.kind === 'offer') writer.bytes(message.source.bytes)
  return writer.toBytes()
}

/** Reads a message; unknown trailing bytes are skipped. */
export function decodeRelayControl(frame: Uint8Array): RelayControl | Malformed {
  const reader = new ByteReader(frame)
  if (reader.u8() !== FRAME_RELAY_CONTROL) return new Malformed('relay control: another frame')
  const kind = KINDS[reader.u8()]
  const detail = reader.u8()
  reader.u8()
  const request = reader.u32()
  const channel = reader.u32()
  if (!reader.ok) return new Malformed('relay control: cut short')
  if (kind === undefined) return new Malformed('relay control: unknown kind')
  if (kind === 'refuse') return { kind, request, reason: REASONS[detail] ?? 'other' }
  if (channel === 0) return new Malformed('relay control: channel zero')
  if (kind === 'close') return { kind, channel }
  if (kind === 'accept' || kind === 'opened') return { kind, request, channel }
  const other = Address.fromBytes(reader.bytes(ADDRESS_BYTES))
  if (!reader.ok) return new Malformed('relay control: cut short')
  if (kind === 'offer') return { kind, request, channel, source: other }
  const mayConnect = (detail & FLAG_MAY_CONNECT) !== 0
  return { kind: 'open', request, channel, target: other, mayConnect }
}

function detailOf(message: RelayControl): number {
  if (message.kind === 'open') return message.mayConnect ? FLAG_MAY_CONNECT : 0
  return message.kind === 'refuse' ? REASONS.indexOf(message.reason) : 0
}
