/** The states, events and options of a lease. */
import type { Address } from '@ipop/address'
import { Malformed } from '@ipop/codec'
import type { Instant } from '@ipop/runtime'
import type { Ipv4 } from '../ip/ipv4-address.ts'
import type { Ipv4Network } from '../ip/ipv4-network.ts'
import { readAddressValue } from '../keys.ts'
import { DHT_VALUES_CONSIDERED_MAX } from '../limits.ts'
import type { StoredValue } from '../services.ts'

/** Where a lease stands. Times are when the next thing is due; a pending request has none. */
export type LeaseState =
  | { readonly kind: 'discovering'; readonly retryAt: Instant; readonly round: number }
  | {
      readonly kind: 'requesting'
      readonly ip: Ipv4
      readonly retryAt: Instant
      readonly failures: number
      /** Addresses found taken since the last pause. */
      readonly taken: number
    }
  | (Held & { readonly kind: 'bound'; readonly verifyAt: Instant })
  | (Held & { readonly kind: 'renewing'; readonly retryAt: Instant })
  | (Held & { readonly kind: 'rebinding'; readonly retryAt: Instant })
  | { readonly kind: 'released' }

/** What every state with an address knows. */
export interface Held {
  readonly ip: Ipv4
  readonly renewAt: Instant
  readonly rebindAt: Instant
  readonly expiresAt: Instant
}

/** What the owner of a lease must know. */
export type LeaseEvent =
  | { readonly kind: 'acquired'; readonly ip: Ipv4; readonly expiresAt: Instant }
  | { readonly kind: 'renewed'; readonly ip: Ipv4; readonly expiresAt: Instant }
  | {
      readonly kind: 'lost'
      readonly ip: Ipv4
      readonly cause: 'expired' | 'conflict' | 'declined' | 'released'
    }
  /** Another node holds the address; `wasHeld` = this node had been using it. */
  | { readonly kind: 'conflict'; readonly ip: Ipv4; readonly wasHeld: boolean }
  | { readonly kind: 'exhausted'; readonly round: number }

/** How the address is chosen. */
export type LeaseMode =
  | { readonly kind: 'dynamic'; readonly previous?: Ipv4 | undefined }
  | { readonly kind: 'static'; readonly ip: Ipv4 }

/** Options of a lease. */
export interface LeaseOptions {
  readonly namespace: string
  readonly self: Address
  readonly network: Ipv4Network
  readonly leaseSeconds: number
  readonly mode: LeaseMode
}

/** Returns the address part of a state that has one. */
export function heldOf(state: LeaseState): Held | undefined {
  return state.kind === 'bound' || state.kind === 'renewing' || state.kind === 'rebinding'
    ? state
    : undefined
}

/** Returns only the address part, to build the next state from. */
export function heldFields(state: Held): Held {
  const { ip, renewAt, rebindAt, expiresAt } = state
  return { ip, renewAt, rebindAt, expiresAt }
}

/** Returns whether `self` claims a key and nobody else does; values whose owner claims for another node do not count. */
export function isOnlyOwn(values: readonly StoredValue[], self: Address): boolean {
  const claims = values.slice(0, DHT_VALUES_CONSIDERED_MAX).filter((stored) => {
    const claimed = readAddressValue(stored.value)
    return !(claimed instanceof Malformed) && claimed.equals(stored.owner)
  })
  return claims.length > 0 && claims.every((stored) => stored.owner.equals(self))
}
