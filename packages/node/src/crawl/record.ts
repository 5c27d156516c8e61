/** What a crawl keeps of one node, read from the reply of `Information.Info`. */
import type { CborValue } from '@ipop/codec'
import { isArray } from '../management/xml-rpc/values.ts'

/** One crawled node. */
export interface CrawlRecord {
  readonly address: string
  readonly left: string
  readonly left2: string
  readonly right: string
  readonly right2: string
  readonly shortcut: string
  /** Local IP addresses, joined with `, `. */
  readonly ips: string
  /** Kind of node; `bad user` when it told its neighbours only, `error` when it told nothing. */
  readonly type: string
  readonly virtualIp: string
  readonly namespace: string
  /** Tries that failed before the answer. */
  readonly retries: number
  readonly cons: number
  readonly tcp: number
  readonly tunnel: number
  readonly udp: number
  readonly subring: number
  readonly sas: number
  readonly wedges: number
  readonly geoLoc: string
}

/** Returns the record of a node that answered `Information.Info`. */
export function recordOf(address: string, info: CborValue, retries: number): CrawlRecord {
  const map = mapOf(info)
  const neighbors = mapOf(map['neighbors'] ?? null)
  return {
    address,
    ...neighborsFrom(neighbors),
    ips: textsOf(map['localips']).join(', '),
    type: textOf(map['type']),
    virtualIp: textsOf(map['VirtualIPs'])[0] ?? '',
    namespace: textOf(map['IpopNamespace']),
    retries,
    cons: countOf(map['cons']),
    tcp: countOf(map['tcp']),
    tunnel: countOf(map['tunnel']),
    udp: countOf(map['udp']),
    subring: countOf(map['subring']),
    sas: countOf(map['sas']),
    wedges: countOf(map['wedges']),
    geoLoc: textOf(map['geo_loc']),
  }
}

/** Returns the record of a node that only told its neighbours, or nothing at all (`error`). */
export function poorRecord(
  address: string,
  type: 'bad user' | 'error',
  neighbors: CborValue,
  retries: number,
): CrawlRecord {
  return { ...recordOf(address, { neighbors }, retries), type }
}

function neighborsFrom(map: Readonly<Record<string, CborValue>>) {
  return {
    left: textOf(map['left']),
    left2: textOf(map['left2']),
    right: textOf(map['right']),
    right2: textOf(map['right2']),
    shortcut: textOf(map['shortcut']),
  }
}

function mapOf(value: CborValue): Readonly<Record<string, CborValue>> {
  const isMap =
    typeof value === 'object' && value !== null && !isArray(value) && !(value instanceof Uint8Array)
  return isMap ? value : {}
}

function textOf(value: CborValue | undefined): string {
  return typeof value === 'string' ? value : ''
}

function textsOf(value: CborValue | undefined): string[] {
  return value !== undefined && isArray(value)
    ? value.filter((item) => typeof item === 'string')
    : []
}

/** A peer chooses these numbers, so only sensible ones count. */
function countOf(value: CborValue | undefined): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0
}
