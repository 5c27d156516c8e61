/** The native data plane: IP packets between an interface and sessions, without JavaScript on the way. */
import { parseCidr } from '../device/cidr.ts'
import { TunDevice } from '../device/tun-device.ts'
import { DataPlaneError, dataPlaneErrorFrom } from '../errors.ts'
import { DRAIN_BUFFER_BYTES } from '../limits.ts'
import type { NativeEndpoint, NativePlane } from '../native/addon.ts'
import { loadAddon } from '../native/loader.ts'
import { unpack } from '../native/packing.ts'
import { decodeNotice, type NoticeRecord } from './records.ts'
import type {
  DataPlaneHandlers,
  DataPlaneOptions,
  DatagramHandlers,
  DatagramSocket,
  Endpoint,
  PeerRow,
  RelayCounters,
  RelayEndRow,
  RelayQuota,
  RelayRow,
  SessionCounters,
  SessionRow,
  SocketEndpoint,
} from './types.ts'

/** Opens a data plane for the interface in `options`. */
export function openDataPlane(options: DataPlaneOptions): DataPlane {
  return new DataPlane(options)
}

/**
 * The forwarding tables, sockets and threads of a node.
 *
 * Rows are installed by the control plane. A packet from the interface that no row covers reaches the device's
 * `onPackets` as if there were no data plane. Sessions live here once installed: the control plane seals and opens
 * its own frames with `seal` and `open`, so that there is one counter and one replay window.
 */
export class DataPlane {
  readonly #native: NativePlane
  readonly #handlers: DataPlaneHandlers
  readonly #sockets = new Map<number, DatagramHandlers>()
  readonly #drainBuffer = new Uint8Array(DRAIN_BUFFER_BYTES)

  constructor({ device, threads = 0, handlers }: DataPlaneOptions) {
    if (device !== undefined && !(device instanceof TunDevice)) {
      throw new DataPlaneError(
        'PLANE_ARGUMENT_INVALID',
        'the device was not opened by this package',
      )
    }
    this.#handlers = handlers
    this.#native = guarded(() =>
      loadAddon().NativePlane.create(device?.native, threads, () => this.#deliver()),
    )
  }

  /**
   * Binds a socket to `local` (port 0 = any free one). IPv6 sockets carry IPv6 only, so that both families can have one
   * port. Rejects with an error whose `code` is the system's.
   */
  bind(local: Endpoint, handlers: DatagramHandlers): Promise<DatagramSocket> {
    // An async function would turn a throw into a rejection too, but has nothing to await.
    return new Promise((resolve) => {
      const { id, host, port } = this.#native.openSocket(local.host, local.port)
      this.#sockets.set(id, handlers)
      resolve({
        id,
        local: { host, port },
        send: (bytes, to) => void guarded(() => this.#native.send(id, bytes, to.host, to.port)),
        sendWhole: (bytes, to) =>
          guarded(() => this.#native.sendWhole(id, bytes, to.host, to.port)),
        close: () => {
          this.#sockets.delete(id)
          this.#native.closeSocket(id)
          return Promise.resolve()
        },
      })
    })
  }

  /** Adds a peer or changes its properties; its sessions, endpoint and routes stay. */
  installPeer(row: PeerRow): void {
    guarded(() =>
      this.#native.installPeer(row.peer, row.takesPartialChecksum, row.datagramBytesMax),
    )
  }

  /** Forgets a peer, its sessions and its routes. */
  removePeer(peer: number): void {
    guarded(() => this.#native.removePeer(peer))
  }

  /** Adds a session, which opens from now on; `useSession` makes it seal packets too. */
  installSession(row: SessionRow): void {
    const { localIndex, remoteIndex, peer, cipher, sendKey, receiveKey } = row
    const { sentCount: sent = 0, receivedBelow = 0, lifetimeMs = Infinity } = row
    const isAes = cipher === 'aes-256-gcm'
    const native = { localIndex, remoteIndex, peer, isAes, sent, receivedBelow, lifetimeMs }
    guarded(() => this.#native.installSession(native, sendKey, receiveKey))
  }

  /** Makes a session the one that packets to its peer are sealed with. */
  useSession(localIndex: number): void {
    guarded(() => this.#native.useSession(localIndex))
  }

  /** Forgets a session; returns whether it was there. */
  removeSession(localIndex: number): boolean {
    return guarded(() => this.#native.removeSession(localIndex))
  }

  /**
   * Sets where a peer's datagrams go: directly, or through a relay when the endpoint names a channel. Without an
   * endpoint its packets reach the device's `onPackets`.
   */
  movePeer(peer: number, endpoint: SocketEndpoint | undefined): void {
    guarded(() => {
      if (endpoint === undefined) return this.#native.parkPeer(peer)
      const { socket, host, port, channel = 0 } = endpoint
      return this.#native.movePeer(peer, socket, host, port, channel)
    })
  }

  /** Gives a prefix such as `10.9.0.2/32` to a peer: its packets go there and may come from there. */
  installRoute(cidr: string, peer: number): void {
    const { address, prefixLength } = parseCidr(cidr)
    guarded(() => this.#native.installRoute(address, prefixLength, peer))
  }

  /** Takes a prefix from its peer; returns whether it had one. */
  withdrawRoute(cidr: string): boolean {
    const { address, prefixLength } = parseCidr(cidr)
    return guarded(() => this.#native.withdrawRoute(address, prefixLength))
  }

  /**
   * Replaces the node's own inner addresses. Packets to any other destination are never written to the interface but
   * handed to `onStrayPacket`; so is everything while there is none. Group and broadcast addresses are refused.
   */
  setOwnAddresses(addresses: readonly string[]): void {
    guarded(() => this.#native.setOwnAddresses([...addresses]))
  }

  /** Passes the relay frames of a channel on from now on; a row that was there is replaced, its counters go on. */
  installRelay(row: RelayRow): void {
    const { channel, owner, next, nextChannel, bytesPerSecond, burstBytes } = row
    const to = native({ ...next, channel: nextChannel })
    const rates = { bytesPerSecond, burstBytes }
    guarded(() => this.#native.installRelay({ channel, owner: native(owner), next: to, ...rates }))
  }

  /** Takes what is in the relay frames of a channel as if it had come directly; a row that was there is replaced. */
  installRelayEnd({ channel, relay }: RelayEndRow): void {
    guarded(() => this.#native.installRelayEnd(channel, native(relay)))
  }

  /** Forgets a channel, whose frames then reach `onDatagram` as they are; returns whether it was there. */
  removeRelay(channel: number): boolean {
    return guarded(() => this.#native.removeRelay(channel))
  }

  /** Returns what went through a channel; undefined when there is no row for it. */
  relayCounters(channel: number): RelayCounters | undefined {
    return guarded(() => this.#native.relayCounters(channel)) ?? undefined
  }

  /** Limits what all channels together may pass on; nothing limits it before. */
  setRelayQuota({ bytesPerSecond, burstBytes }: RelayQuota): void {
    guarded(() => this.#native.setRelayQuota(bytesPerSecond, burstBytes))
  }

  /** Returns the datagram that carries `frame`; undefined when the session is gone or its key used up. */
  seal(localIndex: number, frame: Uint8Array): Uint8Array | undefined {
    return guarded(() => this.#native.seal(localIndex, frame)) ?? undefined
  }

  /** Opens a datagram that came by another way than a socket of this plane; undefined unless authentic and new. */
  open(
    datagram: Uint8Array,
  ): { localIndex: number; isFirst: boolean; bytes: Uint8Array } | undefined {
    return guarded(() => this.#native.open(datagram)) ?? undefined
  }

  /** Returns the counters of the plane by name. */
  counters(): Readonly<Record<string, number>> {
    return guarded(() => this.#native.counters())
  }

  /** Returns which features of the kernel and its devices are in use, by name; one that a device refused is false from then on. */
  features(): Readonly<Record<string, boolean>> {
    return guarded(() => this.#native.features())
  }

  /** Whether the processor has instructions for AES-GCM; without them ChaCha20-Poly1305 is several times faster. */
  get hasFastAes(): boolean {
    return this.#native.hasFastAes()
  }

  /** Returns what went through a session; undefined when there is none of this index. */
  sessionCounters(localIndex: number): SessionCounters | undefined {
    const found = guarded(() => this.#native.sessionCounters(localIndex))
    return found === null
      ? undefined
      : { ...found, idleMs: found.idleMs < 0 ? undefined : found.idleMs }
  }

  /** Closes all sockets and ends all threads; does nothing the second time. The device stays open. */
  close(): Promise<void> {
    this.#sockets.clear()
    this.#native.close()
    return Promise.resolve()
  }

  /** Called when notices wait; native code calls again when one buffer was not enough. */
  #deliver(): void {
    const filled = this.#native.drain(this.#drainBuffer)
    for (const record of unpack(this.#drainBuffer.subarray(0, filled))) {
      const notice = decodeNotice(record)
      if (notice !== undefined) this.#dispatch(notice)
    }
  }

  #dispatch({ kind, localIndex, bytes, from }: NoticeRecord): void {
    switch (kind) {
      case 'datagram':
        return this.#sockets
          .get(from.socket)
          ?.onDatagram(bytes, { host: from.host, port: from.port }, from.channel)
      case 'frame':
        return this.#handlers.onFrame(localIndex, bytes, from)
      case 'packet':
        return this.#handlers.onStrayPacket(localIndex, bytes, from)
      case 'confirmed':
        return this.#handlers.onConfirmed(localIndex, from)
      case 'moved':
        return this.#handlers.onMoved(localIndex, from)
    }
  }
}

function native({ socket, host, port, channel = 0 }: SocketEndpoint): NativeEndpoint {
  return { socket, host, port, channel }
}

function guarded<T>(action: () => T): T {
  try {
    return action()
  } catch (failure) {
    throw dataPlaneErrorFrom(failure)
  }
}
