/** Entries for unit tests. */
import { Identity } from '@ipop/security'
import { signEntry, type Entry, type EntryDraft } from '../../src/entry/entry.ts'
import { hashKey } from '../../src/index.ts'
import { EPOCH_MS, SeededRandom } from './virtual-time.ts'
import { bytesOf } from './village.ts'

/** Three owners; the addresses are in ascending order. */
export const OWNERS: readonly Identity[] = [1, 2, 3]
  .map((seed) => Identity.create(new SeededRandom(seed)))
  .sort((a, b) => a.address.compare(b.address))

/** The key of all test entries that name none. */
export const KEY_HASH: Uint8Array = hashKey('key')

/** Returns an owner by index. */
export function ownerAt(index: number): Identity {
  const owner = OWNERS[index]
  if (!owner) throw new Error(`no owner ${index}`)
  return owner
}

/** Returns an entry of the first owner, or another one, that lives an hour, changed as `draft` says. */
export function entryOf(draft: Partial<EntryDraft> & { owner?: number } = {}): Entry {
  const { owner = 0, ...rest } = draft
  return signEntry(ownerAt(owner), {
    keyHash: KEY_HASH,
    value: bytesOf('value'),
    sequence: 1,
    signedAtMs: EPOCH_MS,
    claimedAtMs: EPOCH_MS,
    ttlSeconds: 3_600,
    ...rest,
  })
}
