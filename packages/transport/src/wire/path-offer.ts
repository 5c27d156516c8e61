/**
 * Path offer: where the sender can be reached just now, told over a path that works. See docs/wire/path-offer.md.
 *   offset  size  field
 *        0     1  type 0x07
 *        1     1  how the sender's NAT maps: 0 unknown, 1 independent, 2 sequential, 3 random
 *        2     1  flags: bit 0 an offer is wanted in return, bit 1 the sender's array of ports is open
 *        3   1+e  number of endpoints and compact transport addresses
 *        .     1  number of outside ports to try, 0 = none follow
 *        .     1  step between them
 *        .  7/19  compact transport address with the first of them
 */
import { ByteReader, ByteWriter, Malformed } from '@ipop/codec'
import type { TransportAddress } from '../address/transport-address.ts'
import { HINT_ENDPOINTS_MAX, PREDICTED_PORTS_MAX } from '../limits.ts'
import type { NatMapping, PortRange } from '../nat/nat-observer.ts'
import { FRAME_PATH_OFFER } from './frame-types.ts'
import { readEndpoints, writeEndpoints } from './peer-hint.ts'
import { readTransportAddress, writeTransportAddress } from './transport-address.ts'

const MAPPINGS: readonly NatMapping[] = ['unknown', 'independent', 'sequential', 'random']
const FLAG_WANTS_ANSWER = 0x01
const FLAG_ARRAY_OPEN = 0x02

/** What one end tells the other before both try to reach each other. */
export interface PathOffer {
  readonly mapping: NatMapping
  readonly endpoints: readonly TransportAddress[]
  /** The port that others see the sender at, or those that its NAT may give. */
  readonly outside?: PortRange | undefined
  /** Whether the receiver shall make an offer, too. */
  readonly wantsAnswer: boolean
  /** Whether the sender has many ports open towards the receiver. */
  readonly isArrayOpen: boolean
}

/** Returns the bytes of an offer. */
export function encodePathOffer(offer: PathOffer): Uint8Array {
  const writer = new ByteWriter(64)
  const { mapping, outside, wantsAnswer, isArrayOpen } = offer
  writer.u8(FRAME_PATH_OFFER).u8(Math.max(0, MAPPINGS.indexOf(mapping)))
  writer.u8((wantsAnswer ? FLAG_WANTS_ANSWER : 0) | (isArrayOpen ? FLAG_ARRAY_OPEN : 0))
  writeEndpoints(writer, offer.endpoints.slice(0, HINT_ENDPOINTS_MAX))
  writer.u8(outside?.count ?? 0)
  if (outside) {
    writer.u8(outside.step)
    writeTransportAddress(writer, outside.first)
  }
  return writer.toBytes()
}

/** Reads an offer; unknown trailing bytes are skipped. */
export function decodePathOffer(frame: Uint8Array): PathOffer | Malformed {
  const reader = new ByteReader(frame)
  if (reader.u8() !== FRAME_PATH_OFFER) return new Malformed('path offer: another frame')
  const mapping = MAPPINGS[reader.u8()] ?? 'unknown'
  const flags = reader.u8()
  const endpoints = readEndpoints(reader)
  if (endpoints instanceof Malformed) return endpoints
  const count = reader.u8()
  if (!reader.ok) return new Malformed('path offer: cut short')
  const offer = {
    mapping,
    endpoints,
    wantsAnswer: (flags & FLAG_WANTS_ANSWER) !== 0,
    isArrayOpen: (flags & FLAG_ARRAY_OPEN) !== 0,
  }
  if (count === 0) return offer
  const step = reader.u8()
  const first = readTransportAddress(reader)
  if (first instanceof Malformed) return first
  if (!reader.ok || step === 0 || count > PREDICTED_PORTS_MAX) {
    return new Malformed('path offer: ports out of range')
  }
  return { ...offer, outside: { first, step, count } }
}
