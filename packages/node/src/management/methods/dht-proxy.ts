/** Keeps registered DHT entries alive: writes them now and again at half of their time to live. */
import { toHex, type CborValue } from '@ipop/codec'
import type { Clock, Log, TimerHandle, Timers } from '@ipop/runtime'
import { messageOf, NodeError } from '../../errors.ts'
import { DHT_PROXY_ENTRIES_MAX, DHT_PROXY_RETRY_MS } from '../../limits.ts'
import type { DhtService } from '../../services.ts'
import type { MethodTable } from '../method-table.ts'
import { entryOf } from './dht-client.ts'

interface Registration {
  readonly key: Uint8Array
  readonly value: Uint8Array
  readonly ttlSeconds: number
  timer: TimerHandle | undefined
}

/** Entries that are renewed until they are taken back. */
export class DhtProxy {
  readonly #modules: { dht: DhtService; clock: Clock; timers: Timers; log: Log }
  readonly #entries = new Map<string, Registration>()

  constructor(modules: { dht: DhtService; clock: Clock; timers: Timers; log: Log }) {
    this.#modules = modules
  }

  /** Adds the namespace RpcDhtProxy, for local programs only. */
  addTo(table: MethodTable): void {
    const shape = { params: ['bytes', 'bytes', 'integer'], isRemote: false } as const
    table.add('RpcDhtProxy.Register', shape, (params) => {
      const { key, value, ttlSeconds } = entryOf(params)
      return this.register(key, value, ttlSeconds)
    })
    table.add('RpcDhtProxy.Unregister', { params: ['bytes', 'bytes'], isRemote: false }, (params) =>
      this.unregister(params.bytes(0), params.bytes(1)),
    )
    table.add('RpcDhtProxy.ListEntries', { params: [], isRemote: false }, () => this.list())
  }

  /** Keeps a value in the DHT from now on. */
  register(key: Uint8Array, value: Uint8Array, ttlSeconds: number): boolean {
    const id = idOf(key, value)
    if (!this.#entries.has(id) && this.#entries.size >= DHT_PROXY_ENTRIES_MAX) {
      const message = `at most ${DHT_PROXY_ENTRIES_MAX} entries are kept`
      throw new NodeError({ code: 'RPC_BAD_ARGUMENTS', message })
    }
    this.#entries.get(id)?.timer?.cancel()
    const entry = { key, value, ttlSeconds, timer: undefined }
    this.#entries.set(id, entry)
    void this.#renew(entry)
    return true
  }

  /** Stops renewing a value and takes it back. */
  unregister(key: Uint8Array, value: Uint8Array): boolean {
    const id = idOf(key, value)
    const entry = this.#entries.get(id)
    if (entry === undefined) return false
    entry.timer?.cancel()
    this.#entries.delete(id)
    this.#modules.dht.release(key, value).catch((error: unknown) => {
      this.#modules.log.write('debug', 'dht proxy could not release', { error: messageOf(error) })
    })
    return true
  }

  /** Returns the reply of `RpcDhtProxy.ListEntries`. */
  list(): CborValue {
    return [...this.#entries.values()].map(({ key, value, ttlSeconds }) => ({
      Key: key,
      Value: value,
      Ttl: ttlSeconds,
    }))
  }

  /** Stops renewing; the entries expire in their own time. */
  stop(): void {
    for (const entry of this.#entries.values()) entry.timer?.cancel()
    this.#entries.clear()
  }

  async #renew(entry: Registration): Promise<void> {
    const { dht, clock, timers, log } = this.#modules
    let delayMs = (entry.ttlSeconds * 1_000) / 2
    try {
      await dht.put(entry.key, entry.value, entry.ttlSeconds)
    } catch (error) {
      log.write('info', 'dht proxy will try again', { error: messageOf(error) })
      delayMs = Math.min(delayMs, DHT_PROXY_RETRY_MS)
    }
    if (this.#entries.get(idOf(entry.key, entry.value)) !== entry) return
    entry.timer = timers.at(
      clock.now() + delayMs,
      'renew dht proxy entry',
      () => void this.#renew(entry),
    )
  }
}

function idOf(key: Uint8Array, value: Uint8Array): string {
  return `${toHex(key)} ${toHex(value)}`
}
