/** How machines without input and output ask the DHT for something, and how a driver does it for them. */
import type { Address } from '@ipop/address'
import type { Clock, Instant, Log, Timers } from '@ipop/runtime'
import type { DhtService, NodeFinder, StoredValue } from '../services.ts'
import { WakeupTimer, type Wakeup } from './wakeup-timer.ts'

export type { Wakeup }

/** What a machine wants from the DHT. */
export type DhtRequest =
  | {
      readonly id: number
      readonly kind: 'create' | 'put'
      readonly key: string
      readonly value: Uint8Array
      readonly ttlSeconds: number
    }
  | { readonly id: number; readonly kind: 'get'; readonly key: string }
  | {
      readonly id: number
      readonly kind: 'release'
      readonly key: string
      readonly value: Uint8Array
    }

/** What a machine wants from the ring below the DHT: the node around `position` that `isWanted` accepts. */
export interface NodeRequest {
  readonly id: number
  readonly kind: 'find'
  readonly position: Address
  readonly isWanted: (node: Address) => boolean
}

/** What became of a request. */
export type DhtResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'values'; readonly values: readonly StoredValue[] }
  | { readonly kind: 'node'; readonly address: Address | undefined }
  | { readonly kind: 'exists' }
  | { readonly kind: 'failed'; readonly reason: string }

/** A machine that lives on the DHT. */
export interface DhtMachine {
  /** Returns the next request to make. */
  pollRequest(): DhtRequest | NodeRequest | undefined
  /** Takes the result of request `id`. */
  handleResult(id: number, result: DhtResult, now: Instant): void
  /** Returns when `handleTimeout` is due. */
  pollTimeout(): Wakeup | undefined
  /** Does what is due; late or repeated calls change nothing. */
  handleTimeout(now: Instant): void
}

/** What a driver needs. */
export interface DriverModules {
  readonly dht: DhtService
  /** For machines that look for nodes. */
  readonly findNode?: NodeFinder | undefined
  readonly clock: Clock
  readonly timers: Timers
  readonly log: Log
}

/** Performs the requests of one machine and wakes it in time. */
export class DhtMachineDriver {
  readonly #modules: DriverModules
  readonly #machine: DhtMachine
  readonly #afterStep: (now: Instant) => void
  readonly #timer: WakeupTimer
  #isStopped = false
  #isPumping = false
  #isDirty = false
  readonly #outstanding = new Set<Promise<void>>()

  /** `afterStep` runs after every change of the machine, to take its events. */
  constructor(
    modules: DriverModules,
    options: { machine: DhtMachine; afterStep: (now: Instant) => void },
  ) {
    this.#modules = modules
    this.#machine = options.machine
    this.#afterStep = options.afterStep
    this.#timer = new WakeupTimer(modules.timers)
  }

  /** Takes out what the machine wants now; call it after every direct call to the machine. */
  pump(now: Instant): void {
    if (this.#isStopped) return
    this.#isDirty = true
    if (this.#isPumping) return
    this.#isPumping = true
    const machine = this.#machine
    // Handlers of events may call the machine and pump again: that call only asks for another turn.
    while (this.#isDirty) {
      this.#isDirty = false
      this.#afterStep(now)
      for (let next = machine.pollRequest(); next; next = machine.pollRequest()) this.#perform(next)
    }
    this.#isPumping = false
    if (!this.#isStopped) this.#arm()
  }

  /** Stops waking the machine; results that still arrive are ignored. */
  stop(): void {
    this.#isStopped = true
    this.#timer.cancel()
  }

  /** Resolves when every request made so far has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#outstanding)
  }

  #perform(request: DhtRequest | NodeRequest): void {
    const task = perform(this.#modules, request).then((result) => {
      this.#outstanding.delete(task)
      if (this.#isStopped) return
      const now = this.#modules.clock.now()
      this.#modules.log.write('trace', 'dht request ended', {
        kind: request.kind,
        key: request.kind === 'find' ? request.position.key : request.key,
        result: result.kind,
      })
      this.#machine.handleResult(request.id, result, now)
      this.pump(now)
    })
    this.#outstanding.add(task)
  }

  #arm(): void {
    this.#timer.arm(this.#machine.pollTimeout(), (now) => {
      this.#machine.handleTimeout(now)
      this.pump(now)
    })
  }
}

async function perform(
  { dht, findNode }: DriverModules,
  request: DhtRequest | NodeRequest,
): Promise<DhtResult> {
  try {
    switch (request.kind) {
      case 'create':
        await dht.create(request.key, request.value, request.ttlSeconds)
        return { kind: 'done' }
      case 'put':
        // A node has one value per key; one left from before a restart would be wrong by now.
        await dht.put(request.key, request.value, request.ttlSeconds, { isReplacing: true })
        return { kind: 'done' }
      case 'get':
        return { kind: 'values', values: await dht.get(request.key) }
      case 'find':
        if (findNode === undefined) return { kind: 'failed', reason: 'no way to find nodes' }
        return { kind: 'node', address: await findNode(request.position, request.isWanted) }
      case 'release':
        await dht.release(request.key, request.value)
        return { kind: 'done' }
    }
  } catch (error) {
    const code = errorCode(error)
    if (code === 'DHT_ENTRY_EXISTS') return { kind: 'exists' }
    return { kind: 'failed', reason: code }
  }
}

function errorCode(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error ? error.message : 'unknown'
}
