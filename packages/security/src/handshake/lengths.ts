/** How long handshake messages are: no response may be longer than the initiation that it answers. */
import { INITIATION_ROOM_BYTES } from '../limits.ts'
import { RESPONSE_OVERHEAD_BYTES } from '../wire/handshake.ts'
import { PAYLOAD_OVERHEAD_BYTES } from '../wire/handshake-payload.ts'
import { NODE_RECORD_BYTES_MIN } from '../wire/node-record.ts'
import type { HandshakeContext } from './context.ts'

type Lengths = Pick<HandshakeContext, 'profile' | 'capabilities' | 'recordBytes'>

/** Returns how long this node's responses are. */
export function responseBytes({ profile, capabilities, recordBytes }: Lengths): number {
  if (!profile.carriesRecords) return RESPONSE_OVERHEAD_BYTES
  const payload = PAYLOAD_OVERHEAD_BYTES + recordBytes().length + capabilities.length
  return RESPONSE_OVERHEAD_BYTES + payload
}

/**
 * Returns to what length this node fills its initiations: in a group the peers' records are about as long as its own, elsewhere
 * they are of one length, and an initiation is longer by itself. One that is `roomy` can be answered with any record.
 */
export function initiationBytes(context: Lengths, isRoomy: boolean): number {
  const { initiationBytes: longest, carriesRecords } = context.profile
  if (isRoomy) return longest
  const isCertified = carriesRecords && context.recordBytes().length > NODE_RECORD_BYTES_MIN
  return isCertified ? Math.min(longest, responseBytes(context) + INITIATION_ROOM_BYTES) : 0
}
