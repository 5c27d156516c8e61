/** Walks the whole ring from one node, following the neighbours that every node names. */
import type { CborValue } from '@ipop/codec'
import { CRAWL_CALLS_MAX, CRAWL_NODES_MAX, CRAWL_TRIES_MAX } from '../limits.ts'
import { isArray } from '../management/xml-rpc/values.ts'
import { poorRecord, recordOf, type CrawlRecord } from './record.ts'

/** Calls a method of `/xm.rem`; rejects on a fault. */
export type ManagerCall = (method: string, params: readonly CborValue[]) => Promise<CborValue>

/** What a crawl is told while it runs. */
export interface CrawlObserver {
  /** A node was asked; `record` is what is known of it now. */
  onRecord(record: CrawlRecord): void
}

/** The original's number of the greedy routing option. */
const GREEDY = 3

/** Returns the records of every node that can be reached, by address. */
export async function crawl(
  call: ManagerCall,
  observer?: CrawlObserver,
): Promise<Map<string, CrawlRecord>> {
  const start = await call('localproxy', ['sys:link.GetNeighbors'])
  const walk = new Walk(call, observer)
  return walk.run(neighborOf(start, 'self'))
}

/** How one question to a node ended. */
type Attempt = { kind: 'answer'; value: CborValue } | { kind: 'silence' } | { kind: 'fault' }

class Walk {
  readonly #call: ManagerCall
  readonly #observer: CrawlObserver | undefined
  readonly #records = new Map<string, CrawlRecord>()
  readonly #known = new Set<string>()
  readonly #waiting: string[] = []

  constructor(call: ManagerCall, observer: CrawlObserver | undefined) {
    this.#call = call
    this.#observer = observer
  }

  /** Keeps a bounded number of questions open until nothing new is named. */
  async run(start: string): Promise<Map<string, CrawlRecord>> {
    this.#learn(start)
    const open = new Set<Promise<void>>()
    while (this.#waiting.length > 0 || open.size > 0) {
      while (open.size < CRAWL_CALLS_MAX) {
        const address = this.#waiting.shift()
        if (address === undefined) break
        const visit: Promise<void> = this.#visit(address).finally(() => open.delete(visit))
        open.add(visit)
      }
      await Promise.race(open)
    }
    return this.#records
  }

  async #visit(address: string): Promise<void> {
    const record = await this.#ask(address)
    this.#records.set(address, record)
    this.#observer?.onRecord(record)
    for (const neighbor of [
      record.left,
      record.left2,
      record.right,
      record.right2,
      record.shortcut,
    ]) {
      this.#learn(neighbor)
    }
  }

  async #ask(address: string): Promise<CrawlRecord> {
    for (let retries = 0; retries < CRAWL_TRIES_MAX; retries += 1) {
      const info = await this.#tryMethod(address, 'Information.Info')
      // A greedy call to a node that is gone ends at its neighbour, whose answer is not the one asked for.
      if (info.kind === 'answer' && !isAboutOther(info.value, address)) {
        return recordOf(address, info.value, retries)
      }
      if (info.kind !== 'fault') continue
      const neighbors = await this.#tryMethod(address, 'sys:link.GetNeighbors')
      if (neighbors.kind === 'answer') {
        return poorRecord(address, 'bad user', neighbors.value, retries)
      }
    }
    return poorRecord(address, 'error', {}, CRAWL_TRIES_MAX)
  }

  async #tryMethod(address: string, method: string): Promise<Attempt> {
    try {
      const replies = await this.#call('proxy', [address, GREEDY, 1, method])
      const value = isArray(replies) ? replies[0] : undefined
      return value === undefined ? { kind: 'silence' } : { kind: 'answer', value }
    } catch {
      return { kind: 'fault' }
    }
  }

  #learn(address: string): void {
    if (address === '' || this.#known.has(address) || this.#known.size >= CRAWL_NODES_MAX) return
    this.#known.add(address)
    this.#waiting.push(address)
  }
}

function isAboutOther(info: CborValue, address: string): boolean {
  const isMap =
    typeof info === 'object' && info !== null && !isArray(info) && !(info instanceof Uint8Array)
  const self = neighborOf((isMap ? info['neighbors'] : undefined) ?? null, 'self')
  return self !== '' && self !== address
}

function neighborOf(reply: CborValue, name: string): string {
  const isMap =
    typeof reply === 'object' && reply !== null && !isArray(reply) && !(reply instanceof Uint8Array)
  const value = isMap ? reply[name] : undefined
  return typeof value === 'string' ? value : ''
}
