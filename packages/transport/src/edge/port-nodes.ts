/** The nodes behind one port, and which of them a datagram is for. */
import { TransportError } from '../errors.ts'
import { NODES_PER_PORT_MAX } from '../limits.ts'
import {
  DATAGRAM_COOKIE,
  DATAGRAM_DATA,
  DATAGRAM_HELLO_REPLY,
  DATAGRAM_INITIATION,
  DATAGRAM_RELAY,
  DATAGRAM_RELAY_WHOLE,
  DATAGRAM_RESPONSE,
} from '../wire/frame-types.ts'
import type { Attachment, DatagramReceiver } from './edge.ts'
import type { IndexTable } from './index-table.ts'

const INDEX_OFFSET = 4
const RESPONSE_INDEX_OFFSET = 8
const RELAY_CHANNEL_OFFSET = 1
const MESSAGE_BYTES_MIN = 12

/** Demultiplexes datagrams to nodes: by receiver index where there is one, else by asking the nodes. */
export class PortNodes {
  readonly #indexes: IndexTable
  readonly #receivers: DatagramReceiver[] = []
  readonly #attached = new Map<object, DatagramReceiver>()
  readonly #paths = new Map<string, DatagramReceiver>()

  constructor(indexes: IndexTable) {
    this.#indexes = indexes
  }

  /** The nodes in the order in which they were attached. */
  get receivers(): readonly DatagramReceiver[] {
    return this.#receivers
  }

  /** Puts a node behind the port. */
  attach(receiver: DatagramReceiver, path?: string): Attachment {
    if (this.#receivers.length >= NODES_PER_PORT_MAX) {
      throw new TransportError({ code: 'TRANSPORT_NODES_FULL' })
    }
    if (path !== undefined && this.#paths.has(path)) {
      throw new TransportError({ code: 'TRANSPORT_PATH_TAKEN', detail: path })
    }
    this.#receivers.push(receiver)
    this.#attached.set(receiver, receiver)
    if (path !== undefined) this.#paths.set(path, receiver)
    const detach = () => this.#detach(receiver, path)
    return path === undefined ? { detach } : { path, detach }
  }

  /** Returns the node that `path` names. */
  byPath(path: string): DatagramReceiver | undefined {
    return this.#paths.get(path)
  }

  /** Returns the node a session datagram or hello reply is for. */
  receiverOf(datagram: Uint8Array): DatagramReceiver | undefined {
    if (datagram.length < MESSAGE_BYTES_MIN) return undefined
    switch (datagram[0] ?? 0) {
      case DATAGRAM_DATA:
      case DATAGRAM_COOKIE:
        return this.#byIndex(readIndex(datagram, INDEX_OFFSET))
      case DATAGRAM_RESPONSE:
        return this.#byIndex(readIndex(datagram, RESPONSE_INDEX_OFFSET))
      case DATAGRAM_RELAY:
      case DATAGRAM_RELAY_WHOLE:
        return this.#byIndex(readIndex(datagram, RELAY_CHANNEL_OFFSET))
      case DATAGRAM_INITIATION:
      case DATAGRAM_HELLO_REPLY:
        return this.#receivers.find((receiver) => receiver.claims(datagram))
      default:
        return undefined
    }
  }

  #byIndex(index: number): DatagramReceiver | undefined {
    const owner = this.#indexes.ownerOf(index)
    const [first] = this.#receivers
    if (owner === first && first !== undefined) return first
    const attached = owner && this.#attached.get(owner)
    if (attached) return attached
    // A node of several listeners takes its indices from one of their tables only.
    for (const receiver of this.#receivers) if (receiver.ownsIndex(index)) return receiver
    return undefined
  }

  #detach(receiver: DatagramReceiver, path: string | undefined): void {
    const at = this.#receivers.indexOf(receiver)
    if (at >= 0) this.#receivers.splice(at, 1)
    this.#attached.delete(receiver)
    if (path !== undefined && this.#paths.get(path) === receiver) this.#paths.delete(path)
  }
}

function readIndex(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24)) >>>
    0
  )
}
