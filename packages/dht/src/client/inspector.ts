/** Looks into the store of any one node, for operators and tools. */
import type { Address } from '@ipop/address'
import { Malformed } from '@ipop/codec'
import type { EntryChecker } from '../entry/entry-checker.ts'
import type { Entry } from '../entry/entry.ts'
import { DUMP_PAGES_MAX } from '../limits.ts'
import { isProgress } from '../replica/replica-peer.ts'
import type { RingService } from '../ring-service.ts'
import {
  COUNT_METHOD,
  DUMP_METHOD,
  readCountReply,
  readDumpReply,
  writeDumpRequest,
  type CountReply,
} from '../wire/inspect.ts'

/** One record of a dump. */
export interface DumpedRecord {
  readonly entry: Entry
  readonly remainingMs: number
}

/** Asks nodes what they store. */
export class Inspector {
  readonly #ring: RingService
  readonly #checker: EntryChecker

  constructor(modules: { ring: RingService; checker: EntryChecker }) {
    this.#ring = modules.ring
    this.#checker = modules.checker
  }

  /** Returns the sizes of a node's store. */
  async count(node: Address): Promise<CountReply> {
    const [reply] = await this.#ring.call(node, COUNT_METHOD, {}, { mode: 'exact' })
    const count = readCountReply(reply?.result ?? null)
    if (count instanceof Malformed) throw new Error(count.reason)
    return count
  }

  /** Returns the records of a node, withdrawals included, at most as many as the page cap allows. */
  async dump(node: Address): Promise<DumpedRecord[]> {
    const records: DumpedRecord[] = []
    let token: Uint8Array | undefined
    for (let pages = 0; pages < DUMP_PAGES_MAX; pages++) {
      const args = writeDumpRequest(token ? { token } : {})
      const [reply] = await this.#ring.call(node, DUMP_METHOD, args, { mode: 'exact' })
      const page = readDumpReply(reply?.result ?? null)
      if (page instanceof Malformed) throw new Error(page.reason)
      for (const { keyHash, bytes, remainingMs } of page.entries) {
        const entry = this.#checker.check(keyHash, bytes)
        if (typeof entry !== 'string') records.push({ entry, remainingMs })
      }
      if (!isProgress(token, page.next)) break
      token = page.next
    }
    return records
  }
}
