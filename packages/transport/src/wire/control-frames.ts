/**
 * Ping, pong and close: the control frames that channels handle themselves. See docs/wire/control-frames.md.
 * Ping and pong:
 *   offset  size  field
 *        0     1  type: 0x01 ping, 0x02 pong
 *        1     1  flags: bit 0 sender sends its frames on this path, bit 1 sender is searching for better paths now
 *        2     1  status byte of the sender's owner
 *        3     1  reserved, 0
 *        4     4  id, chosen at random by the pinger
 *        8  0/7/19  compact transport address that the sender sees the receiver at; absent on relay and ring paths
 * Close:
 *        0     1  type 0x05
 *        1     1  reason: 0 unspecified
 */
import { ByteReader, ByteWriter, Malformed } from '@ipop/codec'
import type { TransportAddress } from '../address/transport-address.ts'
import { FRAME_CLOSE, FRAME_PING, FRAME_PONG } from './frame-types.ts'
import { readTransportAddress, writeTransportAddress } from './transport-address.ts'

const FLAG_ACTIVE = 0x01
const FLAG_SEARCHING = 0x02
const PROBE_BYTES_MIN = 8

/** A ping or its answer. */
export interface Probe {
  readonly kind: 'ping' | 'pong'
  readonly id: number
  /** Whether the sender's frames travel on this path. */
  readonly isActive: boolean
  /** Whether the sender tries all its paths now; the receiver does well to do the same, since that opens NATs. */
  readonly isSearching: boolean
  /** The status byte of the sender's owner. */
  readonly status: number
  /** Where the sender sees the receiver. */
  readonly observed?: TransportAddress | undefined
}

/** Returns the bytes of a ping or pong. */
export function encodeProbe(probe: Probe): Uint8Array {
  const writer = new ByteWriter(32)
  writer.u8(probe.kind === 'ping' ? FRAME_PING : FRAME_PONG)
  writer.u8((probe.isActive ? FLAG_ACTIVE : 0) | (probe.isSearching ? FLAG_SEARCHING : 0))
  writer.u8(probe.status).u8(0).u32(probe.id)
  if (probe.observed) writeTransportAddress(writer, probe.observed)
  return writer.toBytes()
}

/** Reads a ping or pong; an observed endpoint of an unknown form counts as absent. */
export function decodeProbe(frame: Uint8Array): Probe | Malformed {
  const type = frame[0]
  if (type !== FRAME_PING && type !== FRAME_PONG) return new Malformed('probe: not a ping or pong')
  if (frame.length < PROBE_BYTES_MIN) return new Malformed('probe: cut short')
  const reader = new ByteReader(frame)
  reader.u8()
  const flags = reader.u8()
  const status = reader.u8()
  reader.u8()
  const id = reader.u32()
  const observed = reader.remaining === 0 ? undefined : readTransportAddress(reader)
  return {
    kind: type === FRAME_PING ? 'ping' : 'pong',
    id,
    isActive: (flags & FLAG_ACTIVE) !== 0,
    isSearching: (flags & FLAG_SEARCHING) !== 0,
    status,
    observed: observed instanceof Malformed ? undefined : observed,
  }
}

/** Returns the bytes of a close frame. */
export function encodeClose(): Uint8Array {
  return Uint8Array.of(FRAME_CLOSE, 0)
}
