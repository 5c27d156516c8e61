/** What a session endpoint is built on, how it can be tuned, and what it counts. */
import type { Log, Random } from '@ipop/runtime'
import type { TransportCipherFactory } from '../data/transport-cipher.ts'
import type { HandshakeProfile } from '../handshake/profile.ts'
import type { Identity } from '../identity/identity.ts'
import type { NodeRecord } from '../wire/node-record.ts'
import type { RetryOptions } from './retry-schedule.ts'
import type { IndexAllocator } from './session-types.ts'

/** What an endpoint is built on. */
export interface SessionEndpointModules {
  readonly random: Random
  readonly log: Log
  /** Returns milliseconds since 1970. */
  readonly wallTimeMs: () => number
  readonly indexes: IndexAllocator
}

/** How an endpoint behaves; all but the first two have defaults. */
export interface SessionEndpointOptions extends RetryOptions {
  readonly identity: Identity
  readonly namespace: string
  readonly profile?: HandshakeProfile
  /** Pre-shared key of 32 bytes that both ends must have; zeros unless set. */
  readonly psk?: Uint8Array
  /** Capability numbers offered; ChaCha20-Poly1305 must be among them. */
  readonly capabilities?: readonly number[]
  /** Seals and opens transport data elsewhere. */
  readonly ciphers?: TransportCipherFactory | undefined
  /** Returns whether a peer with a good record is welcome, e.g. has the group's certificate. */
  readonly accepts?: (record: NodeRecord) => boolean
  readonly cookieRate?: number
  readonly rateMax?: number
  readonly sessionsMax?: number
  readonly halfOpenMax?: number
  /** Age at which the initiator of a key replaces it; REKEY_AFTER_MS unless a test wants to see it sooner. */
  readonly rekeyAfterMs?: number | undefined
}

/** What happened to datagrams that led to nothing, by reason. */
export type DropCounters = Record<
  'shape' | 'mac1' | 'load' | 'initiation' | 'peer' | 'index' | 'full' | 'queue',
  number
>

/** Returns counters at zero. */
export function noDrops(): DropCounters {
  return { shape: 0, mac1: 0, load: 0, initiation: 0, peer: 0, index: 0, full: 0, queue: 0 }
}
