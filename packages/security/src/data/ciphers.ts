/** The ciphers of transport data, their numbers on the wire, and how two peers agree on one. */
import type { AeadName } from '../primitives/aead.ts'
import { COUNTER_MAX, GCM_MESSAGES_MAX } from '../limits.ts'

/** Capability number of ChaCha20-Poly1305, which every node has. */
export const CIPHER_CHACHA20_POLY1305 = 1

/** Capability number of AES-256-GCM, offered where the processor has instructions for it. */
export const CIPHER_AES_256_GCM = 2

/** Capability number of a node that fills in the checksum of frames of type 0x06: one with a native data plane. */
export const CAPABILITY_PARTIAL_CHECKSUMS = 3

/** Returns the cipher for two capability lists: AES-256-GCM where both have it, else ChaCha20-Poly1305. */
export function agreeCipher(local: readonly number[], remote: readonly number[]): AeadName {
  const both = local.includes(CIPHER_AES_256_GCM) && remote.includes(CIPHER_AES_256_GCM)
  return both ? 'aes-256-gcm' : 'chacha20-poly1305'
}

/** Returns how many messages one key of `cipher` may carry. */
export function messagesMax(cipher: AeadName): number {
  return cipher === 'aes-256-gcm' ? GCM_MESSAGES_MAX : COUNTER_MAX
}
