/** Keeps one value of this node in the DHT until told otherwise: names, multicast membership, services. */
import { REGISTRATION_RETRY_MS } from '../limits.ts'
import type { DhtModules } from '../modules.ts'
import { Pauses } from '../pauses.ts'

/** What a registration needs of the DHT. */
export interface RegistrationStore {
  put(key: Uint8Array | string, value: Uint8Array, ttlSeconds: number): Promise<void>
  create(key: Uint8Array | string, value: Uint8Array, ttlSeconds: number): Promise<void>
  release(key: Uint8Array | string, value?: Uint8Array): Promise<boolean>
}

/** What is registered. */
export interface RegistrationOptions {
  readonly key: Uint8Array | string
  readonly value: Uint8Array
  readonly ttlSeconds: number
  /** `create` takes the key for this node alone; the default is `put`. */
  readonly mode?: 'put' | 'create'
  /** Is told of every attempt: undefined when it worked. */
  readonly onAttempt?: (error: unknown) => void
}

/** Puts now, tries again every 30 s until it works, renews at half time, and releases when stopped. */
export class Registration {
  readonly #modules: { readonly dht: RegistrationStore; readonly log: DhtModules['log'] }
  readonly #options: RegistrationOptions
  readonly #pauses: Pauses
  #run: Promise<void> | undefined
  #isRegistered = false

  constructor(
    modules: Pick<DhtModules, 'clock' | 'timers' | 'log'> & { dht: RegistrationStore },
    options: RegistrationOptions,
  ) {
    this.#modules = modules
    this.#options = options
    this.#pauses = new Pauses(modules)
  }

  /** Whether the last attempt worked. */
  get isRegistered(): boolean {
    return this.#isRegistered
  }

  /** Starts; does nothing when it runs already. */
  start(): void {
    this.#run ??= this.#keep()
  }

  /** Stops renewing and releases the value; resolves when that was tried. */
  async stop(): Promise<void> {
    this.#pauses.close()
    await this.#run
    if (!this.#isRegistered) return
    this.#isRegistered = false
    const { key, value } = this.#options
    await this.#modules.dht.release(key, value).catch(() => false)
  }

  async #keep(): Promise<void> {
    const { ttlSeconds } = this.#options
    while (!this.#pauses.isClosed) {
      await this.#attempt()
      const renewMs = (ttlSeconds * 1_000) / 2
      const delayMs = this.#isRegistered ? renewMs : Math.min(REGISTRATION_RETRY_MS, renewMs)
      await this.#pauses.pause(delayMs, 'dht registration')
    }
  }

  async #attempt(): Promise<void> {
    const { key, value, ttlSeconds, mode, onAttempt } = this.#options
    const { dht, log } = this.#modules
    try {
      if (mode === 'create') await dht.create(key, value, ttlSeconds)
      else await dht.put(key, value, ttlSeconds)
      this.#isRegistered = true
      onAttempt?.(undefined)
    } catch (error) {
      this.#isRegistered = false
      log.write('info', 'dht registration failed, will be tried again', { error })
      onAttempt?.(error)
    }
  }
}
