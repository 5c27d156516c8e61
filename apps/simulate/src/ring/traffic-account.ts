/** Says what the bytes of a ring were for: sums by the kind of datagram, and of what is in it where nothing is sealed. */
import type { World } from '@ipop/simulator'
import { callPayload, packetKind } from '../mixed/overlay-frame.ts'

/** Whether frames can be read: the null suite leaves them as they are. */
const isReadable = (): boolean => Reflect.get(globalThis, 'ipopCipherSuite') === 'null'

const DATAGRAMS: Readonly<Record<number, string>> = {
  1: 'initiation',
  2: 'response',
  3: 'cookie',
  0x10: 'hello',
  0x11: 'hello reply',
  0x12: 'relay frame',
  0x13: 'relay frame, whole',
}

const FRAMES: Readonly<Record<number, string>> = {
  1: 'ping',
  2: 'pong',
  4: 'relay control',
  5: 'close',
  7: 'path offer',
  8: 'reach check',
}

/** Methods that have numbers (docs/wire/request-reply.md). */
const METHODS: Readonly<Record<number, string>> = {
  1: 'ring.exchange',
  2: 'ring.ping',
  3: 'ring.connect',
  4: 'ring.proxy',
}

const CBOR_NUMBERS_END = 24
const SESSION_DATA = 4
const SESSION_HEADER_BYTES = 16
const SESSION_BYTES_MIN = 32
const REQUEST_ID_BYTES = 4
const KIND_REQUEST = 1
const KIND_REPLY = 2
const KIND_SESSION_DATAGRAM = 4

/** Sums of a period, by what the bytes were for. */
export class TrafficAccount {
  readonly #bytes = new Map<string, number>()
  readonly #stop: () => void
  /** Which method the newest request of an id called (they are drawn from 32 bits), so that its reply can be named. */
  readonly #methods = new Map<string, string>()

  /** Begins to count. */
  constructor(world: World) {
    this.#stop = world.onSend((_from, _to, bytes) => {
      const label = this.#labelOf(bytes)
      this.#bytes.set(label, (this.#bytes.get(label) ?? 0) + bytes.length)
    })
  }

  /** Ends counting; returns the sums divided by `divisor`, largest first. */
  finish(divisor: number): Record<string, number> {
    this.#stop()
    const sums = [...this.#bytes].sort(([, one], [, other]) => other - one)
    return Object.fromEntries(
      sums.map(([label, bytes]) => [`bytes: ${label}`, Number((bytes / divisor).toFixed(1))]),
    )
  }

  #labelOf(bytes: Uint8Array): string {
    const type = bytes[0] ?? 0
    if (type !== SESSION_DATA) return DATAGRAMS[type] ?? 'other'
    if (bytes.length <= SESSION_BYTES_MIN) return 'keepalive'
    if (!isReadable()) return 'session'
    const frame = bytes.subarray(SESSION_HEADER_BYTES, bytes.length - 16)
    const payload = callPayload(frame)
    if (!payload) return FRAMES[frame[0] ?? 0] ?? 'inner packet'
    return this.#packetLabel(frame, payload)
  }

  #packetLabel(frame: Uint8Array, payload: Uint8Array): string {
    const id = Buffer.from(payload.buffer, payload.byteOffset, REQUEST_ID_BYTES).toString('latin1')
    switch (packetKind(frame)) {
      case KIND_REQUEST: {
        const method = methodOf(payload)
        this.#methods.set(id, method)
        return method
      }
      case KIND_REPLY:
        return `${this.#methods.get(id) ?? 'unknown'}, reply`
      case KIND_SESSION_DATAGRAM:
        return `over the ring: ${this.#labelOf(payload)}`
      default:
        return 'message'
    }
  }
}

/** The method is the first item of the body: a number below 24, or a text. */
function methodOf(payload: Uint8Array): string {
  const item = payload[REQUEST_ID_BYTES + 1] ?? 0
  if (item < CBOR_NUMBERS_END) return METHODS[item] ?? 'unknown'
  const from = REQUEST_ID_BYTES + 2
  return Buffer.from(payload.buffer, payload.byteOffset + from, item & 0x1f).toString('latin1')
}
