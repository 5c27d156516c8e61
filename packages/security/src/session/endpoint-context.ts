/** Puts together what all handshakes of one endpoint have in common. */
import { CIPHER_AES_256_GCM, CIPHER_CHACHA20_POLY1305 } from '../data/ciphers.ts'
import type { HandshakeContext } from '../handshake/context.ts'
import { IPOP_PROFILE } from '../handshake/profile.ts'
import type { SessionEndpointModules, SessionEndpointOptions } from './endpoint-options.ts'
import type { OwnRecord } from './own-record.ts'
import { PeerVerifier } from './peer-verifier.ts'
import type { SessionPeer } from './session-types.ts'

/** What an endpoint knows by itself. */
export interface EndpointKnowledge {
  readonly ownRecord: OwnRecord
  /** Returns the session with the owner of `sessionKey`. */
  readonly session: (sessionKey: Uint8Array) => { readonly peer: SessionPeer } | undefined
}

/** Returns the context of an endpoint's handshakes. */
export function makeContext(
  modules: SessionEndpointModules,
  options: SessionEndpointOptions,
  { ownRecord, session }: EndpointKnowledge,
): HandshakeContext {
  const { identity, namespace, profile = IPOP_PROFILE, psk = new Uint8Array(32) } = options
  const verifier = new PeerVerifier(modules, { ...options, profile, session })
  return {
    profile,
    psk,
    prologue: profile.prologue(namespace),
    macScope: profile.macScope(namespace),
    localStatic: identity.sessionKey,
    capabilities: options.capabilities ?? [CIPHER_CHACHA20_POLY1305, CIPHER_AES_256_GCM],
    random: modules.random,
    ciphers: options.ciphers,
    rekeyAfterMs: options.rekeyAfterMs,
    recordBytes: () => ownRecord.bytes,
    verifyPeer: (payload, sessionKey) => verifier.verify(payload, sessionKey),
  }
}
