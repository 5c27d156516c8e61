/** What goes into the data plane and what comes out of it. */
import type { VirtualDevice } from '../device/virtual-device.ts'

/** An IP address in text form (no brackets; a link-local one with its scope, e.g. `fe80::1%3`) and a port. */
export interface Endpoint {
  readonly host: string
  readonly port: number
}

/** A peer's endpoint as one socket of the plane sees it. */
export interface SocketEndpoint extends Endpoint {
  /** Number of the socket, as in `PlaneSocket.id`. */
  readonly socket: number
  /**
   * The relay channel of a path through a relay; absent for a direct one. In a source it is our own number of the
   * channel, in a destination the relay's number of it.
   */
  readonly channel?: number
}

/** What a socket tells its owner; the shape of the runtime's datagram port. */
export interface DatagramHandlers {
  /**
   * A datagram arrived that belongs to no installed session. `bytes` is borrowed until the call returns. With a
   * `channel` it came out of a relay frame of that channel, and `from` is the relay.
   */
  onDatagram(bytes: Uint8Array, from: Endpoint, channel?: number): void
  /** The socket failed. This one never does: it is here for the shape. */
  onError(error: Error): void
}

/** A bound socket; the shape of the runtime's datagram port, and the number that `movePeer` needs. */
export interface DatagramSocket {
  /** Number of the socket in its plane. */
  readonly id: number
  readonly local: Endpoint
  /** Sends one datagram as it is, best effort. */
  send(bytes: Uint8Array, to: Endpoint): void
  /** Sends one datagram that nobody may cut into fragments; returns false when it does not fit the first link. */
  sendWhole(bytes: Uint8Array, to: Endpoint): boolean
  /** Closes the socket; peers reached through it lose their endpoint. */
  close(): Promise<void>
}

/** A peer as the plane needs to know it. */
export interface PeerRow {
  /** The caller's number for the peer, 32 bits. */
  readonly peer: number
  /** Whether the peer fills in partial checksums (frame 0x06): it has this data plane too. */
  readonly takesPartialChecksum: boolean
  /**
   * Longest datagram that the path carries whole, with the five bytes of a relay frame. Hosts are told to send less than what exceeds it, as a router does
   * (ICMP), new TCP connections are told by their segment size, and what cannot be refused goes in fragments.
   */
  readonly datagramBytesMax: number
}

/** What a handshake agreed on. */
export interface SessionRow {
  /** Our index of the session: what peers put in the datagrams they send us. */
  readonly localIndex: number
  /** The peer's index of it. */
  readonly remoteIndex: number
  /** The peer's number. */
  readonly peer: number
  readonly cipher: 'chacha20-poly1305' | 'aes-256-gcm'
  /** 32 bytes. */
  readonly sendKey: Uint8Array
  /** 32 bytes. */
  readonly receiveKey: Uint8Array
  /** Datagrams sealed with `sendKey` before; the next one gets this counter. Zero unless told. */
  readonly sentCount?: number
  /** Counters below this were received under `receiveKey` before and are refused. Zero unless told. */
  readonly receivedBelow?: number
  /** How long the keys may still seal and open; for ever unless told. */
  readonly lifetimeMs?: number
}

/** Packets and datagrams of a session that did not go through, by reason. */
export interface SessionTroubles {
  /** Received with a counter that was seen before. */
  readonly replays: number
  /** Received with a wrong tag. */
  readonly authFailures: number
  /** Received under a key that is too old. */
  readonly expired: number
  /** Received and authentic, but no IP packets although they claim to be. */
  readonly malformed: number
  /** Received from a source that is not routed to the peer. */
  readonly foreignSource: number
  /** Received for an address that is not ours. */
  readonly foreignDestination: number
  /** Left to JavaScript because the key is used up. */
  readonly punted: number
  /** Longer than the path carries; their sender was told. */
  readonly tooBig: number
  /** Sent to be cut by the network. */
  readonly fragmented: number
  /** Contradicted themselves, or too long for any datagram. */
  readonly refused: number
}

/** What went through a session. */
export interface SessionCounters extends SessionTroubles {
  /** Datagrams sealed; the next nonce. */
  readonly sent: number
  readonly sentBytes: number
  /** Authentic datagrams received. */
  readonly received: number
  readonly receivedBytes: number
  /** Milliseconds since the last authentic datagram; undefined before the first. */
  readonly idleMs: number | undefined
}

/** How much a relay may carry. Infinity means without end. */
export interface RelayQuota {
  readonly bytesPerSecond: number
  /** What may pass at once after a pause; less than one datagram lets nothing pass. */
  readonly burstBytes: number
}

/** Relay frames of one channel that are passed on. */
export interface RelayRow extends RelayQuota {
  /** The number that we gave to the frames' sender; never zero. */
  readonly channel: number
  /** Who may send them; frames from anybody else are dropped. */
  readonly owner: SocketEndpoint
  /** Where they go. */
  readonly next: SocketEndpoint
  /** The number that the next one gave to us; never zero. */
  readonly nextChannel: number
}

/** Relay frames of one channel whose contents are for this node. */
export interface RelayEndRow {
  /** The number that we gave to the relay; never zero. */
  readonly channel: number
  /** Who may send them; frames from anybody else are dropped. */
  readonly relay: SocketEndpoint
}

/** What went through a relay channel. */
export interface RelayCounters {
  /** Frames that were passed on or taken in. */
  readonly packets: number
  readonly bytes: number
  /** Frames of somebody else, relay frames in relay frames, those over the quota, and those the system did not take. */
  readonly dropped: number
}

/** What the plane tells the control plane. All bytes are borrowed until the call returns. */
export interface DataPlaneHandlers {
  /** The plaintext of an authentic datagram that is not an IP packet; empty for a keepalive. */
  onFrame(localIndex: number, frame: Uint8Array, from: SocketEndpoint): void
  /** An authentic IP packet that no route allows this peer to send, that is not for an own address, or without an interface. */
  onStrayPacket(localIndex: number, packet: Uint8Array, from: SocketEndpoint): void
  /** The first authentic datagram of a session arrived: the peer has the keys. */
  onConfirmed(localIndex: number, from: SocketEndpoint): void
  /** An authentic datagram came from another endpoint than the one before. */
  onMoved(localIndex: number, from: SocketEndpoint): void
}

/** How to open a data plane. */
export interface DataPlaneOptions {
  /** The interface whose packets it carries, opened with `offload`; without one it only opens and seals. */
  readonly device?: VirtualDevice
  /** Threads that receive from each socket, at most 8; half of the processors unless told. */
  readonly threads?: number | undefined
  readonly handlers: DataPlaneHandlers
}
