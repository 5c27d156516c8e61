/** Checks that the record in a handshake belongs to the session key that made it. */
import { equalBytes, Malformed } from '@ipop/codec'
import type { VerifiedPeer } from '../handshake/context.ts'
import type { HandshakeProfile } from '../handshake/profile.ts'
import { verifyNodeRecord } from '../identity/identity.ts'
import { payloadRecord } from '../wire/handshake-payload.ts'
import type { HandshakePayload } from '../wire/handshake-payload.ts'
import type { NodeRecord } from '../wire/node-record.ts'
import type { SessionPeer } from './session-types.ts'

/** What the checks depend on. */
export interface PeerVerifierOptions {
  readonly profile: HandshakeProfile
  readonly accepts?: (record: NodeRecord) => boolean
  /** Returns the session with the owner of `sessionKey`. */
  readonly session: (sessionKey: Uint8Array) => { readonly peer: SessionPeer } | undefined
}

/** Key proves record, record proves address. */
export class PeerVerifier {
  readonly #wallTimeMs: () => number
  readonly #options: PeerVerifierOptions

  constructor(modules: { readonly wallTimeMs: () => number }, options: PeerVerifierOptions) {
    this.#wallTimeMs = modules.wallTimeMs
    this.#options = options
  }

  /** Returns what `payload` proves about the owner of `sessionKey`. */
  verify(payload: HandshakePayload, sessionKey: Uint8Array): VerifiedPeer | Malformed {
    if (!this.#options.profile.carriesRecords) return {}
    const record = payloadRecord(payload)
    if (record instanceof Malformed) return record
    if (!equalBytes(record.sessionKey, sessionKey)) return new Malformed('record of another key')
    const known = this.#options.session(sessionKey)?.peer
    if (known?.address !== undefined && !known.address.equals(record.address)) {
      return new Malformed('record of another address')
    }
    if (!verifyNodeRecord(record, this.#wallTimeMs())) return new Malformed('record not valid')
    if (this.#options.accepts?.(record) === false) return new Malformed('peer not accepted')
    return { record }
  }
}
