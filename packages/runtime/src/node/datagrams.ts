/** Datagram sockets of the machine: dgram-as-promised for their life cycle, the bare socket for their packets. */
import { isIPv6 } from 'node:net'
import { DgramAsPromised, type RemoteInfo, type SocketAsPromised } from 'dgram-as-promised'
import { errorCodeOf } from '../errors.ts'
import {
  DATAGRAM_ERROR_CODES_MAX,
  DATAGRAM_QUEUE_BYTES_MAX,
  DATAGRAM_RECEIVE_BUFFER_BYTES,
  DATAGRAM_SEND_BUFFER_BYTES,
  ETHERNET_MTU,
  UDP4_HEADER_BYTES,
  UDP6_HEADER_BYTES,
} from '../limits.ts'
import { joinGroup, sendToGroupsOn } from './multicast.ts'
import type { DatagramHandlers, DatagramPort, DatagramSocket, Endpoint } from '../ports/sockets.ts'

/** A datagram socket of the machine, which also counts what was lost on the way out. */
export interface NodeDatagramSocket extends DatagramSocket {
  /** Datagrams that could not be sent, by the system's error code (EMSGSIZE, ENETUNREACH, ...). */
  readonly sendErrors: ReadonlyMap<string, number>
}

/** Opens datagram sockets of the machine. */
export interface NodeDatagramPort extends DatagramPort {
  bind(local: Endpoint, handlers: DatagramHandlers): Promise<NodeDatagramSocket>
}

/** Returns the port that binds UDP sockets; IPv6 ones carry IPv6 only, so that both families can have the same port. */
export function createNodeDatagrams(): NodeDatagramPort {
  return { bind, joinGroup }
}

async function bind(local: Endpoint, handlers: DatagramHandlers): Promise<NodeDatagramSocket> {
  const isV6 = isIPv6(local.host)
  const family = isV6 ? 6 : 4
  const wrapper = DgramAsPromised.createSocket({
    type: isV6 ? 'udp6' : 'udp4',
    ipv6Only: isV6,
    recvBufferSize: DATAGRAM_RECEIVE_BUFFER_BYTES,
    sendBufferSize: DATAGRAM_SEND_BUFFER_BYTES,
    // Hosts are literals here; answering at once saves a turn of the event loop per packet.
    lookup: (host, _options, callback) => callback(null, host, family),
  })
  try {
    await wrapper.bind({ address: local.host, port: local.port, exclusive: true })
    sendToGroupsOn(wrapper.socket, local.host)
  } catch (error) {
    await wrapper.close().catch(() => undefined)
    throw error
  }
  return new BoundSocket(wrapper, handlers)
}

/** A bound socket. Never uses the wrapper's recv, iterate or send: they lose packets or poison later calls. */
class BoundSocket implements NodeDatagramSocket {
  readonly local: Endpoint
  readonly sendErrors = new Map<string, number>()
  readonly #wrapper: SocketAsPromised
  readonly #onMessage: (bytes: Buffer, from: RemoteInfo) => void
  #closing: Promise<void> | undefined

  constructor(wrapper: SocketAsPromised, handlers: DatagramHandlers) {
    this.#wrapper = wrapper
    const { address, port } = wrapper.address()
    this.local = { host: address, port }
    this.#onMessage = (bytes, from) =>
      handlers.onDatagram(bytes, { host: from.address, port: from.port })
    wrapper.socket.on('message', this.#onMessage)
    wrapper.socket.on('error', (error) => {
      if (this.#closing === undefined) handlers.onError(error)
    })
  }

  send(bytes: Uint8Array, to: Endpoint): void {
    if (this.#closing !== undefined) return
    if (this.#wrapper.socket.getSendQueueSize() > DATAGRAM_QUEUE_BYTES_MAX) {
      return this.#countError('ENOBUFS')
    }
    try {
      // Copied, because a full kernel buffer makes the send outlast this call, and `bytes` is only borrowed.
      this.#wrapper.socket.send(Buffer.from(bytes), to.port, to.host, this.#onSent)
    } catch (error) {
      // Thrown for what is no endpoint at all, e.g. port 0.
      this.#countError(errorCodeOf(error))
    }
  }

  /** Linux forbids fragments unless told otherwise, which Node cannot: only the first link would still cut. */
  sendWhole(bytes: Uint8Array, to: Endpoint): boolean {
    const headerBytes = to.host.includes(':') ? UDP6_HEADER_BYTES : UDP4_HEADER_BYTES
    if (bytes.length + headerBytes > ETHERNET_MTU) return false
    this.send(bytes, to)
    return true
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  readonly #onSent = (error: Error | null): void => {
    if (error !== null) this.#countError(errorCodeOf(error))
  }

  async #close(): Promise<void> {
    this.#wrapper.socket.off('message', this.#onMessage)
    await this.#wrapper.close().catch(() => undefined)
  }

  #countError(code: string): void {
    const isRoom = this.sendErrors.has(code) || this.sendErrors.size < DATAGRAM_ERROR_CODES_MAX
    const name = isRoom ? code : 'OTHER'
    this.sendErrors.set(name, (this.sendErrors.get(name) ?? 0) + 1)
  }
}
