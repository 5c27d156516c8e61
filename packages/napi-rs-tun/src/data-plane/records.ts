/** Notices of the native data plane, as records; `native/device/src/hub.rs` has the byte table. */
import type { SocketEndpoint } from './types.ts'

const KINDS = ['datagram', 'frame', 'packet', 'confirmed', 'moved'] as const

const FAMILY = 1
const PORT = 2
const SOCKET = 4
const INDEX = 8
const ADDRESS = 12
const SCOPE = 28
const CHANNEL = 32
const BYTES = 36

/** One notice. */
export interface NoticeRecord {
  readonly kind: (typeof KINDS)[number]
  /** Our index of the session; zero for a datagram. */
  readonly localIndex: number
  readonly from: SocketEndpoint
  /** A view of the record. */
  readonly bytes: Uint8Array
}

/** Returns the notice in `record`, or undefined for a kind that a newer addon may know. */
export function decodeNotice(record: Uint8Array): NoticeRecord | undefined {
  const kind = KINDS[(record[0] ?? 0) - 1]
  if (kind === undefined || record.length < BYTES) return undefined
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength)
  const address = record.subarray(ADDRESS, SCOPE)
  const scope = view.getUint32(SCOPE, true)
  const channel = view.getUint32(CHANNEL, true)
  const host = record[FAMILY] === 4 ? address.subarray(0, 4).join('.') : ipv6Text(address)
  return {
    kind,
    localIndex: view.getUint32(INDEX, true),
    from: {
      socket: view.getUint32(SOCKET, true),
      host: scope === 0 ? host : `${host}%${scope}`,
      port: view.getUint16(PORT, true),
      ...(channel === 0 ? {} : { channel }),
    },
    bytes: record.subarray(BYTES),
  }
}

/** Returns the text of an IPv6 address. RFC 5952: lower case, the longest run of zero groups (at least two) as `::`. */
export function ipv6Text(bytes: Uint8Array): string {
  const groups = Array.from(
    { length: 8 },
    (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0),
  )
  let run = { start: 0, length: 0 }
  for (let start = 0; start < 8; start++) {
    let length = 0
    while (groups[start + length] === 0) length++
    if (length > run.length) run = { start, length }
  }
  const text = (part: number[]): string => part.map((group) => group.toString(16)).join(':')
  if (run.length < 2) return text(groups)
  return `${text(groups.slice(0, run.start))}::${text(groups.slice(run.start + run.length))}`
}
