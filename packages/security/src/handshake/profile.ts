/** What distinguishes IPOP's handshake from WireGuard's, which it otherwise is. */
import { concatBytes } from '@ipop/codec'
import { INITIATION_BYTES } from '../limits.ts'
import { hashBlake2s } from '../primitives/blake2s.ts'

const encoder = new TextEncoder()

/** A dialect of the handshake. */
export interface HandshakeProfile {
  readonly name: string
  /** Returns Noise's prologue in `namespace`. */
  prologue(namespace: string): Uint8Array
  /** Returns what the keys of mac1 and of cookies cover besides the receiver's session key. */
  macScope(namespace: string): Uint8Array
  /** Whether payloads carry node records and capabilities. */
  readonly carriesRecords: boolean
  /** The longest length to which an initiation is padded; 0 = not at all. */
  readonly initiationBytes: number
  /** Whether a resent initiation is the same bytes again, answered with the same response. WireGuard makes a new one each time. */
  readonly resendsIdentical: boolean
  /** Multiple to which frames are padded with zeros. */
  readonly paddingMultiple: number
}

/** The product's handshake. */
export const IPOP_PROFILE: HandshakeProfile = {
  name: 'ipop',
  prologue: (namespace) => concatBytes(encoder.encode('ipop/1'), namespaceHash(namespace)),
  macScope: namespaceHash,
  carriesRecords: true,
  initiationBytes: INITIATION_BYTES,
  resendsIdentical: true,
  // Frames say themselves how long they are only where they are IP packets, so nothing may be added to them.
  paddingMultiple: 1,
}

/** WireGuard's handshake, byte for byte; there to be tested against other implementations. */
export const WIREGUARD_PROFILE: HandshakeProfile = {
  name: 'wireguard',
  prologue: () => encoder.encode('WireGuard v1 zx2c4 Jason@zx2c4.com'),
  macScope: () => new Uint8Array(0),
  carriesRecords: false,
  initiationBytes: 0,
  resendsIdentical: false,
  paddingMultiple: 16,
}

/** Returns the hash that stands for a namespace. */
export function namespaceHash(namespace: string): Uint8Array {
  return hashBlake2s(encoder.encode(namespace))
}
