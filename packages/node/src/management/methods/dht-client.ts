/** The DHT for local programs: put, create, get, and a get that is read one value at a time. */
import type { CborValue } from '@ipop/codec'
import { toHex } from '@ipop/codec'
import type { Random } from '@ipop/runtime'
import { NodeError } from '../../errors.ts'
import {
  DHT_DUMP_ENTRIES_MAX,
  DHT_KEY_BYTES_MAX,
  DHT_TTL_SECONDS_MAX,
  DHT_VALUE_BYTES_MAX,
  OPEN_GETS_MAX,
} from '../../limits.ts'
import type { DhtService, LocalEntry, StoredValue } from '../../services.ts'
import type { MethodTable, Params } from '../method-table.ts'

/** Adds DhtClient (local programs only) and dht. */
export function addDhtClient(table: MethodTable, dht: DhtService, random: Random): void {
  const write = { params: ['bytes', 'bytes', 'integer'], isRemote: false } as const
  table.add('DhtClient.Put', write, async (params) => {
    const { key, value, ttlSeconds } = entryOf(params)
    await dht.put(key, value, ttlSeconds)
    return true
  })
  table.add('DhtClient.Create', write, async (params) => {
    const { key, value, ttlSeconds } = entryOf(params)
    await dht.create(key, value, ttlSeconds)
    return true
  })
  table.add('DhtClient.Get', { params: ['bytes'], isRemote: false }, async (params) =>
    (await dht.get(keyOf(params))).map(valueMap),
  )
  addOpenGets(table, dht, random)
  table.add('dht.Count', { params: [], isRemote: true }, () => dht.count())
  table.add('dht.Dump', { params: [], isRemote: false }, async () => dumpOf(await dht.dump()))
}

/** A get that was begun: values that have not been asked for, or the promise of them. */
type OpenGet = Promise<StoredValue[]>

function addOpenGets(table: MethodTable, dht: DhtService, random: Random): void {
  const open = new Map<string, OpenGet>()
  table.add('DhtClient.BeginGet', { params: ['bytes'], isRemote: false }, (params) => {
    const token = random.bytes(40)
    const oldest = open.keys().next()
    if (open.size >= OPEN_GETS_MAX && oldest.done !== true) open.delete(oldest.value)
    const values = dht.get(keyOf(params)).then((found) => [...found])
    // The failure belongs to whoever continues the get; nobody might.
    values.catch(() => undefined)
    open.set(toHex(token), values)
    return token
  })
  table.add('DhtClient.ContinueGet', { params: ['bytes'], isRemote: false }, async (params) => {
    const values = await open.get(toHex(params.bytes(0)))
    const next = values?.shift()
    return next === undefined ? {} : valueMap(next)
  })
  table.add('DhtClient.EndGet', { params: ['bytes'], isRemote: false }, (params) =>
    open.delete(toHex(params.bytes(0))),
  )
}

/** Returns a checked key. */
export function keyOf(params: Params): Uint8Array {
  const key = params.bytes(0)
  if (key.length === 0 || key.length > DHT_KEY_BYTES_MAX) {
    throw badArguments(`a key has 1 to ${DHT_KEY_BYTES_MAX} bytes, this one has ${key.length}`)
  }
  return key
}

/** Returns checked key, value and time to live. */
export function entryOf(params: Params): {
  key: Uint8Array
  value: Uint8Array
  ttlSeconds: number
} {
  const value = params.bytes(1)
  const ttlSeconds = params.integer(2)
  if (value.length > DHT_VALUE_BYTES_MAX) {
    throw badArguments(
      `a value has at most ${DHT_VALUE_BYTES_MAX} bytes, this one has ${value.length}`,
    )
  }
  if (ttlSeconds < 1 || ttlSeconds > DHT_TTL_SECONDS_MAX) {
    throw badArguments(`a time to live is 1 to ${DHT_TTL_SECONDS_MAX} seconds, not ${ttlSeconds}`)
  }
  return { key: keyOf(params), value, ttlSeconds }
}

function badArguments(message: string): NodeError {
  return new NodeError({ code: 'RPC_BAD_ARGUMENTS', message })
}

function valueMap({ value, ageSeconds, ttlSeconds }: StoredValue): CborValue {
  return { age: Math.round(ageSeconds), ttl: Math.round(ttlSeconds), value }
}

/** Groups entries by key; times are seconds as texts, the way 64-bit numbers travel. */
function dumpOf(entries: readonly LocalEntry[]): CborValue {
  const byKey = new Map<string, CborValue[]>()
  for (const { key, value, createdAtMs, expiresAtMs } of entries.slice(0, DHT_DUMP_ENTRIES_MAX)) {
    const id = toHex(key)
    const group = byKey.get(id) ?? []
    group.push({
      key,
      value,
      create_time: String(Math.floor(createdAtMs / 1_000)),
      end_time: String(Math.floor(expiresAtMs / 1_000)),
    })
    byKey.set(id, group)
  }
  return [...byKey.values()]
}
