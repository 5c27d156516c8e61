/** The settings all nodes of one virtual network share, and how a node learns them from the DHT. */
import { Malformed } from '@ipop/codec'
import type { Instant, Log, Random } from '@ipop/runtime'
import { Ipv4Network } from '../ip/ipv4-network.ts'
import { decodeText, settingsKey } from '../keys.ts'
import {
  DHT_VALUES_CONSIDERED_MAX,
  LEASE_SECONDS_DEFAULT,
  LEASE_SECONDS_MAX,
  LEASE_SECONDS_MIN,
  SETTINGS_BYTES_MAX,
  SETTINGS_RETRY_MAX_MS,
  SETTINGS_RETRY_MS,
} from '../limits.ts'
import type { StoredValue } from '../services.ts'
import type { DhtMachine, DhtRequest, DhtResult, Wakeup } from './dht-machine.ts'
import { RequestLedger } from './request-ledger.ts'

/** What DHCPConfig says, checked. */
export interface NetworkSettings {
  readonly namespace: string
  readonly network: Ipv4Network
  readonly leaseSeconds: number
}

/** DHCPConfig as a parser delivers it: addresses as texts. */
export interface DhcpConfigFields {
  readonly namespace: string
  readonly ipBase: string
  readonly netmask: string
  readonly leaseTimeSeconds?: number | undefined
  readonly reservedIps?: readonly { readonly ipBase: string; readonly mask: string }[] | undefined
}

/** Parses the XML text of a DHCPConfig, with the limits of a file. */
export type SettingsParser = (text: string) => DhcpConfigFields | Malformed

/** Checks parsed settings; lease times outside the limits are moved to the nearest one. */
export function readSettings(fields: DhcpConfigFields): NetworkSettings | Malformed {
  const reserved: { base: string; mask: string }[] = []
  for (const range of fields.reservedIps ?? []) {
    reserved.push({ base: range.ipBase, mask: range.mask })
  }
  const network = Ipv4Network.parse(fields.ipBase, fields.netmask, reserved)
  if (network instanceof Malformed) return network
  const wanted = fields.leaseTimeSeconds ?? LEASE_SECONDS_DEFAULT
  if (!Number.isFinite(wanted)) return new Malformed('settings: lease time is not a number')
  const leaseSeconds = Math.trunc(Math.min(Math.max(wanted, LEASE_SECONDS_MIN), LEASE_SECONDS_MAX))
  return { namespace: fields.namespace, network, leaseSeconds }
}

/** Asks the DHT for the settings of a namespace until it has them. */
export class SettingsLookup implements DhtMachine {
  readonly #random: Random
  readonly #log: Log
  readonly #parse: SettingsParser
  readonly #namespace: string
  readonly #ledger = new RequestLedger()
  #nextAt: Instant
  #attempts = 0
  #found: NetworkSettings | undefined

  constructor(
    modules: { random: Random; log: Log; parse: SettingsParser },
    options: { namespace: string },
    now: Instant,
  ) {
    this.#random = modules.random
    this.#log = modules.log
    this.#parse = modules.parse
    this.#namespace = options.namespace
    this.#nextAt = now
  }

  /** The settings once they were found. */
  get found(): NetworkSettings | undefined {
    return this.#found
  }

  /** Returns the next request to make. */
  pollRequest(): DhtRequest | undefined {
    return this.#ledger.poll()
  }

  /** Returns when something is due. */
  pollTimeout(): Wakeup | undefined {
    if (this.#found !== undefined) return undefined
    const at = this.#ledger.isPending ? this.#ledger.deadline : this.#nextAt
    return { at, reason: 'look for network settings' }
  }

  /** Asks when that is due. */
  handleTimeout(now: Instant): void {
    if (this.#found !== undefined) return
    if (this.#ledger.expire(now) !== undefined) this.#retry(now)
    if (this.#ledger.isPending || this.#nextAt > now) return
    this.#ledger.send({ kind: 'get', key: settingsKey(this.#namespace) }, now)
  }

  /** Takes the result of request `id`. */
  handleResult(id: number, result: DhtResult, now: Instant): void {
    this.#ledger.takeAbandoned(id)
    if (this.#ledger.take(id) === undefined) return
    if (result.kind === 'values') this.#found = this.#choose(result.values)
    if (this.#found === undefined) this.#retry(now)
  }

  /**
   * The text that most nodes published; among equals the oldest. One node that publishes something else cannot
   * move the others to its network.
   */
  #choose(values: readonly StoredValue[]): NetworkSettings | undefined {
    const texts = new Map<string, { owners: Set<string>; ageSeconds: number }>()
    for (const stored of values.slice(0, DHT_VALUES_CONSIDERED_MAX)) {
      if (stored.value.length > SETTINGS_BYTES_MAX) continue
      const text = decodeText(stored.value)
      const seen = texts.get(text) ?? { owners: new Set<string>(), ageSeconds: 0 }
      seen.owners.add(stored.owner.key)
      seen.ageSeconds = Math.max(seen.ageSeconds, stored.ageSeconds)
      texts.set(text, seen)
    }
    const ranked = [...texts].sort(
      ([, a], [, b]) => b.owners.size - a.owners.size || b.ageSeconds - a.ageSeconds,
    )
    for (const [text] of ranked) {
      const settings = this.#read(text)
      if (settings !== undefined) return settings
    }
    return undefined
  }

  #read(text: string): NetworkSettings | undefined {
    const fields = this.#parse(text)
    const settings = fields instanceof Malformed ? fields : readSettings(fields)
    if (settings instanceof Malformed) {
      this.#log.write('warn', 'network settings unreadable', { reason: settings.reason })
      return undefined
    }
    return settings.namespace === this.#namespace ? settings : undefined
  }

  #retry(now: Instant): void {
    const pause = Math.min(
      SETTINGS_RETRY_MS * 1.5 ** Math.min(this.#attempts, 8),
      SETTINGS_RETRY_MAX_MS,
    )
    this.#attempts += 1
    this.#nextAt = now + pause * (0.75 + 0.5 * this.#random.float())
  }
}
