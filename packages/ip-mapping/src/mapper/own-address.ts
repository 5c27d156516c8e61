/** Gets this node its virtual address: network settings, lease, and the names that go with it. */
import { Malformed } from '@ipop/codec'
import type { Address } from '@ipop/address'
import type { Clock, Instant, Log, Random, Timers } from '@ipop/runtime'
import { IpMappingError } from '../errors.ts'
import { formatIpv4, parseIpv4, type Ipv4 } from '../ip/ipv4-address.ts'
import { addressValue, encodeText, hostKey, ipValue, multicastKey, settingsKey } from '../keys.ts'
import { DhtMachineDriver, type DhtMachine } from '../lease/dht-machine.ts'
import type { LeaseEvent } from '../lease/lease-state.ts'
import { Lease } from '../lease/lease.ts'
import {
  readSettings,
  SettingsLookup,
  type DhcpConfigFields,
  type NetworkSettings,
  type SettingsParser,
} from '../lease/network-settings.ts'
import { Registration } from '../lease/registration.ts'
import { SETTINGS_TTL_SECONDS } from '../limits.ts'
import type { DhtService, LeaseStore } from '../services.ts'
import type { IpMapperModules, IpMapperOptions } from './options.ts'

/** What OwnAddress works with. */
export interface OwnAddressModules {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly log: Log
  readonly dht: DhtService
  readonly parseSettings: SettingsParser
  readonly store?: LeaseStore | undefined
}

/** How OwnAddress is set up. */
export interface OwnAddressOptions {
  readonly namespace: string
  readonly self: Address
  readonly settings?: { readonly settings: NetworkSettings; readonly text: string } | undefined
  readonly staticIp?: Ipv4 | undefined
  readonly hostname?: string | undefined
  readonly isMulticastEnabled: boolean
}

/** What OwnAddress tells. */
export interface OwnAddressHandlers {
  /** The network's settings are known. */
  onSettings(settings: NetworkSettings, now: Instant): void
  /** The lease changed. */
  onLeaseEvent(event: LeaseEvent, now: Instant): void
}

/** Settings lookup or publication, lease and registrations, each on its driver. */
export class OwnAddress {
  readonly #modules: OwnAddressModules
  readonly #options: OwnAddressOptions
  readonly #handlers: OwnAddressHandlers
  readonly #drivers: DhtMachineDriver[] = []
  readonly #registrations: {
    registration: Registration
    driver: DhtMachineDriver
    whenHeld: WhenHeld
  }[] = []
  #leaseDriver: DhtMachineDriver | undefined
  #lease: Lease | undefined
  #problem: string | undefined

  constructor(
    modules: OwnAddressModules,
    options: OwnAddressOptions,
    handlers: OwnAddressHandlers,
  ) {
    this.#modules = modules
    this.#options = options
    this.#handlers = handlers
  }

  /** The lease, once the settings are known. */
  get lease(): Lease | undefined {
    return this.#lease
  }

  /** Why no address can be held, when only the operator can change that. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** Publishes the settings or looks for them, then takes the lease. */
  start(now: Instant): void {
    const given = this.#options.settings
    if (given === undefined) return this.#lookForSettings(now)
    const key = settingsKey(this.#options.namespace)
    this.#register(key, SETTINGS_TTL_SECONDS, encodeText(given.text), undefined, now)
    this.#begin(given.settings, now)
  }

  /** Claims and registers again soon: values may lie with nodes that are no longer responsible. */
  handleRingChanged(now: Instant): void {
    this.#lease?.handleRingChanged(now)
    this.#leaseDriver?.pump(now)
    for (const { registration, driver } of this.#registrations) {
      registration.handleRingChanged(now)
      driver.pump(now)
    }
  }

  /** Calls `change` on the lease and carries out what follows. */
  withLease(change: (lease: Lease) => void, now: Instant): void {
    if (this.#lease === undefined) return
    change(this.#lease)
    this.#leaseDriver?.pump(now)
  }

  /** Gives everything back; resolves when the DHT has answered. */
  async release(now: Instant): Promise<void> {
    this.withLease((lease) => lease.release(), now)
    for (const { registration, driver, whenHeld } of this.#registrations) {
      // Settings outlive the node that published them: others still need them.
      if (whenHeld === undefined) continue
      registration.set(undefined, now)
      driver.pump(now)
    }
    await Promise.all(this.#drivers.map((driver) => driver.settled()))
  }

  /** Stops all timers. */
  stop(): void {
    for (const driver of this.#drivers) driver.stop()
  }

  #lookForSettings(now: Instant): void {
    const { namespace } = this.#options
    const modules = { ...this.#modules, parse: this.#modules.parseSettings }
    const lookup = new SettingsLookup(modules, { namespace }, now)
    const driver = this.#drive(lookup, (at) => {
      if (lookup.found !== undefined && this.#lease === undefined) this.#begin(lookup.found, at)
    })
    lookup.handleTimeout(now)
    driver.pump(now)
  }

  #begin(settings: NetworkSettings, now: Instant): void {
    const { network, leaseSeconds } = settings
    this.#handlers.onSettings(settings, now)
    const { namespace, self, staticIp, hostname } = this.#options
    if (staticIp !== undefined && !network.isUsable(staticIp)) {
      this.#problem = `static address ${formatIpv4(staticIp)} cannot be used in ${network.toString()}`
      this.#modules.log.write('error', 'static address unusable', { problem: this.#problem })
      return
    }
    const previous = this.#modules.store?.load()
    const mode =
      staticIp === undefined
        ? ({ kind: 'dynamic', previous } as const)
        : ({ kind: 'static', ip: staticIp } as const)
    const options = { namespace, self, network, leaseSeconds, mode }
    const lease = new Lease(this.#modules, options, now)
    this.#lease = lease
    if (hostname !== undefined)
      this.#register(hostKey(namespace, hostname), leaseSeconds, undefined, ipValue, now)
    if (this.#options.isMulticastEnabled) {
      this.#register(
        multicastKey(namespace),
        leaseSeconds,
        undefined,
        () => addressValue(self),
        now,
      )
    }
    this.#leaseDriver = this.#drive(lease, (at) => this.#takeLeaseEvents(lease, at))
    lease.handleTimeout(now)
    this.#leaseDriver.pump(now)
  }

  #takeLeaseEvents(lease: Lease, now: Instant): void {
    for (let event = lease.pollEvent(); event; event = lease.pollEvent()) {
      if (event.kind === 'acquired') {
        this.#modules.store?.save(event.ip)
        this.#setRegistrations(event.ip, now)
      }
      if (event.kind === 'lost') this.#setRegistrations(undefined, now)
      this.#handlers.onLeaseEvent(event, now)
    }
  }

  #setRegistrations(ip: Ipv4 | undefined, now: Instant): void {
    for (const { registration, driver, whenHeld } of this.#registrations) {
      if (whenHeld === undefined) continue
      registration.set(ip === undefined ? undefined : whenHeld(ip), now)
      registration.handleTimeout(now)
      driver.pump(now)
    }
  }

  #register(
    key: string,
    ttlSeconds: number,
    value: Uint8Array | undefined,
    whenHeld: WhenHeld,
    now: Instant,
  ): void {
    const registration = new Registration(this.#modules, { key, ttlSeconds })
    const driver = this.#drive(registration, () => undefined)
    this.#registrations.push({ registration, driver, whenHeld })
    if (value === undefined) return
    registration.set(value, now)
    registration.handleTimeout(now)
    driver.pump(now)
  }

  #drive(machine: DhtMachine, afterStep: (now: Instant) => void): DhtMachineDriver {
    const driver = new DhtMachineDriver(this.#modules, { machine, afterStep })
    this.#drivers.push(driver)
    return driver
  }
}

/** What is registered while an address is held; undefined = the value does not depend on it. */
type WhenHeld = ((ip: Ipv4) => Uint8Array) | undefined

/** Checks the options and builds what they describe; throws IpMappingError when they cannot be used. */
export function createOwnAddress(
  modules: IpMapperModules,
  options: IpMapperOptions,
  handlers: OwnAddressHandlers,
): OwnAddress {
  const { namespace, hostname, settings: given, staticAddress } = options
  const settings = given && { settings: checkSettings(given.fields, namespace), text: given.text }
  const staticIp = staticAddress === undefined ? undefined : parseIpv4(staticAddress)
  if (staticIp instanceof Malformed) throw badStaticAddress(staticIp.reason)
  const network = settings?.settings.network
  if (network !== undefined && staticIp !== undefined && !network.isUsable(staticIp)) {
    throw badStaticAddress(`${formatIpv4(staticIp)} is not usable in ${network.toString()}`)
  }
  const self = modules.carrier.address
  const isMulticastEnabled = options.isMulticastEnabled === true
  return new OwnAddress(
    { ...modules, random: modules.random.fork('own-address') },
    { namespace, self, settings, staticIp, hostname, isMulticastEnabled },
    handlers,
  )
}

function checkSettings(fields: DhcpConfigFields, namespace: string): NetworkSettings {
  const settings = readSettings(fields)
  if (settings instanceof Malformed) {
    throw new IpMappingError({ code: 'IP_MAPPING_BAD_SETTINGS', problem: settings.reason })
  }
  if (settings.namespace === namespace) return settings
  const problem = `settings are for namespace ${settings.namespace}, not ${namespace}`
  throw new IpMappingError({ code: 'IP_MAPPING_BAD_SETTINGS', problem })
}

function badStaticAddress(problem: string): IpMappingError {
  return new IpMappingError({ code: 'IP_MAPPING_BAD_STATIC_ADDRESS', problem })
}
