/** The plane's sockets as a datagram port: nothing above can tell them from the runtime's. */
import type { DatagramHandlers, DatagramPort, DatagramSocket, Endpoint } from '@ipop/runtime'
import { encodeRelayFrame, type UdpEdgeListener } from '@ipop/transport'
import type { Plane } from './plane.ts'

/** Binds sockets of the plane. As with the runtime's, IPv6 sockets carry IPv6 only: both families can have one port. */
export class PlaneSockets implements DatagramPort {
  readonly #plane: Plane
  readonly #others: DatagramPort
  readonly #ids = new Map<string, number>()
  readonly #listeners = new Map<number, UdpEdgeListener>()

  constructor(modules: { readonly plane: Plane; readonly others: DatagramPort }) {
    this.#plane = modules.plane
    this.#others = modules.others
  }

  /** Sockets that the plane does not drive: it has few, and those of hole punching are many and short-lived. */
  get ordinary(): DatagramPort {
    return this.#others
  }

  async bind(local: Endpoint, handlers: DatagramHandlers): Promise<DatagramSocket> {
    const socket = await this.#plane.bind(local, {
      // The bytes are the plane's buffer, which the next batch overwrites; what is decoded from them may stay.
      // What came out of a relay frame goes back into one: the channel's owner checks and opens it.
      onDatagram: (bytes, from, channel) => {
        const datagram = channel === undefined ? bytes.slice() : encodeRelayFrame(channel, bytes)
        handlers.onDatagram(datagram, from)
      },
      onError: (error) => handlers.onError(error),
    })
    const name = nameOf(socket.local)
    this.#ids.set(name, socket.id)
    return {
      local: socket.local,
      send: (bytes, to) => socket.send(bytes, to),
      sendWhole: (bytes, to) => socket.sendWhole(bytes, to),
      close: () => {
        this.#ids.delete(name)
        this.#listeners.delete(socket.id)
        return socket.close()
      },
    }
  }

  /** Returns the number of the socket bound to `local`; undefined when it is not the plane's. */
  idOf(local: Endpoint): number | undefined {
    return this.#ids.get(nameOf(local))
  }

  /** Takes note of who listens on one of the sockets. */
  attach(listener: UdpEdgeListener): void {
    const id = this.idOf(listener.local)
    if (id !== undefined) this.#listeners.set(id, listener)
  }

  /** Returns who listens on a socket. */
  listener(id: number): UdpEdgeListener | undefined {
    return this.#listeners.get(id)
  }
}

function nameOf({ host, port }: Endpoint): string {
  return `${host} ${port}`
}
