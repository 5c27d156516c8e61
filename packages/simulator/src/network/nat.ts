/** Network address translators with the behaviours that RFC 4787 names. */
import type { Endpoint, Random } from '@ipop/runtime'
import { EPHEMERAL_PORT_FIRST, EPHEMERAL_PORT_LAST, NAT_MAPPINGS_MAX } from '../limits.ts'
import type { Place } from './latency.ts'
import { Realm } from './realm.ts'

/** RFC 4787 §4.1 and §5: what a mapping or a filter depends on. */
export type NatDependence =
  'endpoint-independent' | 'address-dependent' | 'address-and-port-dependent'

/** How a NAT behaves. */
export interface NatBehaviour {
  /** Whether a new destination gets a new external port. */
  readonly mapping: NatDependence
  /** Who may send to an external port: anybody, contacted addresses, contacted endpoints. */
  readonly filtering: NatDependence
  /** Idle time after which a mapping is forgotten; only outbound packets refresh it. */
  readonly mappingLifetimeMs: number
  /** Whether the external port equals the internal one when it is free. */
  readonly preservesPorts: boolean
  /** Whether new external ports are given one after the other; at random where absent. */
  readonly isSequential?: boolean
  /** Whether a packet from inside to the NAT's own external address comes back in. */
  readonly hairpins: boolean
  /** Whether all UDP is dropped. */
  readonly blocksUdp: boolean
}

interface Mapping {
  readonly internal: Endpoint
  readonly external: Endpoint
  readonly contacted: Set<string>
  readonly key: string
  expiresAt: number
}

/** A translator between an inner realm and the one it stands in. */
export class Nat {
  readonly place: Place
  readonly address: string
  readonly outer: Realm
  /** The place packets come from as the public network sees it. */
  readonly attachment: Place
  /** The network behind this NAT. */
  readonly inner: Realm
  behaviour: NatBehaviour
  readonly #random: Random
  #next: number
  readonly #byKey = new Map<string, Mapping>()
  readonly #byPort = new Map<number, Mapping>()

  constructor(
    modules: { random: Random; outer: Realm },
    options: { place: Place; address: string; behaviour: NatBehaviour },
  ) {
    this.#random = modules.random
    this.#next = 1_000
    this.outer = modules.outer
    this.place = options.place
    this.attachment = modules.outer.gateway?.attachment ?? options.place
    this.address = options.address
    this.behaviour = options.behaviour
    this.inner = new Realm(this)
  }

  /** Number of mappings in the table, expired ones included until they are met. */
  get mappingCount(): number {
    return this.#byPort.size
  }

  /** Translates a packet on its way out; returns its external source, or undefined to drop it. */
  translateOutbound(from: Endpoint, to: Endpoint, now: number): Endpoint | undefined {
    if (this.behaviour.blocksUdp) return undefined
    const key = `${from.host}|${from.port}|${selector(this.behaviour.mapping, to)}`
    let mapping = this.#byKey.get(key)
    if (mapping !== undefined && mapping.expiresAt <= now) mapping = this.#forget(mapping)
    mapping ??= this.#create(key, from, now)
    if (mapping === undefined) return undefined
    // RFC 4787 §4.3: outbound traffic refreshes the mapping; inbound need not, so here it does not.
    mapping.expiresAt = now + this.behaviour.mappingLifetimeMs
    mapping.contacted.add(selector('address-dependent', to))
    mapping.contacted.add(selector('address-and-port-dependent', to))
    return mapping.external
  }

  /** Translates a packet on its way in; returns its internal destination, or undefined to drop it. */
  translateInbound(from: Endpoint, to: Endpoint, now: number): Endpoint | undefined {
    const mapping = this.#byPort.get(to.port)
    if (mapping === undefined || this.behaviour.blocksUdp) return undefined
    if (mapping.expiresAt <= now) return this.#forget(mapping)
    const filter = selector(this.behaviour.filtering, from)
    return filter === '' || mapping.contacted.has(filter) ? mapping.internal : undefined
  }

  /** Forgets every mapping, as a reboot does. */
  reboot(): void {
    this.#byKey.clear()
    this.#byPort.clear()
  }

  #create(key: string, internal: Endpoint, now: number): Mapping | undefined {
    if (this.#byPort.size >= NAT_MAPPINGS_MAX) this.#forgetExpired(now)
    if (this.#byPort.size >= NAT_MAPPINGS_MAX) return undefined
    const port = this.#freePort(internal.port)
    const external = { host: this.address, port }
    const mapping = { internal, external, contacted: new Set<string>(), key, expiresAt: now }
    this.#byKey.set(key, mapping)
    this.#byPort.set(port, mapping)
    return mapping
  }

  #freePort(wanted: number): number {
    if (this.behaviour.preservesPorts && !this.#byPort.has(wanted)) return wanted
    const span = EPHEMERAL_PORT_LAST - EPHEMERAL_PORT_FIRST + 1
    if (this.behaviour.isSequential) {
      while (this.#byPort.has(EPHEMERAL_PORT_FIRST + (this.#next % span))) this.#next++
      return EPHEMERAL_PORT_FIRST + (this.#next++ % span)
    }
    let port = EPHEMERAL_PORT_FIRST + this.#random.below(span)
    while (this.#byPort.has(port)) port = EPHEMERAL_PORT_FIRST + this.#random.below(span)
    return port
  }

  #forgetExpired(now: number): void {
    for (const mapping of this.#byPort.values()) if (mapping.expiresAt <= now) this.#forget(mapping)
  }

  #forget(mapping: Mapping): undefined {
    this.#byKey.delete(mapping.key)
    this.#byPort.delete(mapping.external.port)
  }
}

function selector(dependence: NatDependence, remote: Endpoint): string {
  if (dependence === 'endpoint-independent') return ''
  return dependence === 'address-dependent' ? remote.host : `${remote.host}|${remote.port}`
}

const FULL_CONE: NatBehaviour = {
  mapping: 'endpoint-independent',
  filtering: 'endpoint-independent',
  mappingLifetimeMs: 120_000,
  preservesPorts: true,
  hairpins: true,
  blocksUdp: false,
}

/** Endpoint-independent mapping and filtering ("full cone"). */
export const openNat: NatBehaviour = FULL_CONE

/** Endpoint-independent mapping, address-dependent filtering ("restricted cone"). */
export const restrictedNat: NatBehaviour = {
  ...FULL_CONE,
  filtering: 'address-dependent',
  hairpins: false,
}

/** Endpoint-independent mapping, endpoint-dependent filtering ("port-restricted cone"): the usual home router. */
export const easyNat: NatBehaviour = {
  ...FULL_CONE,
  filtering: 'address-and-port-dependent',
  hairpins: false,
}

/** A new random port for every destination ("symmetric"): hole punching needs a relay or luck. */
export const hardNat: NatBehaviour = {
  ...FULL_CONE,
  mapping: 'address-and-port-dependent',
  filtering: 'address-and-port-dependent',
  preservesPorts: false,
  hairpins: false,
}

/** A new port for every destination, one after the other: the next one can be foreseen. */
export const sequentialNat: NatBehaviour = { ...hardNat, isSequential: true }

/** A firewall that lets no UDP through; streams can be opened from inside. */
export const udpBlockingNat: NatBehaviour = { ...easyNat, blocksUdp: true }
