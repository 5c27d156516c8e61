/** What port mapping needs of a gateway, whichever protocol it speaks. */
import type { Endpoint } from '@ipop/runtime'
import type { MapRequest, MappedKind } from '../wire/port-mapping.ts'

/** The protocols, best first. */
export type MappingProtocol = 'pcp' | 'nat-pmp' | 'upnp'

/** What became of a request: nobody answered, the gateway refused, or it agreed. */
export type GatewayAnswer<T> =
  | { readonly kind: 'silent' }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'agreed'; readonly value: T }

/** A port that a gateway forwards to this machine. */
export interface MappedPort {
  /** Where it is reached from outside. */
  readonly external: Endpoint
  /** How long the gateway keeps it; Infinity until it is removed. */
  readonly lifetimeMs: number
}

/** Speaks one protocol with the gateway of this machine. No method rejects. */
export interface MappingClient {
  readonly protocol: MappingProtocol
  /** Asks whether the gateway speaks the protocol. */
  probe(): Promise<GatewayAnswer<void>>
  /** Makes or renews a mapping. */
  map(request: MapRequest): Promise<GatewayAnswer<MappedPort>>
  /** Removes a mapping made with the same transport and port. */
  unmap(request: Omit<MapRequest, 'lifetimeSeconds'>): Promise<void>
  /** Gives up what is waited for. */
  close(): Promise<void>
}

/** Makes the clients for the network that this machine is in now. */
export type MappingClients = () => readonly MappingClient[]

/** A port of this machine that wants to be reached from outside. */
export interface OfferedPort {
  readonly kind: MappedKind
  readonly port: number
}
