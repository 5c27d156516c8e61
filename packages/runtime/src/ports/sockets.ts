/** Datagram and stream sockets as protocol code sees them. */

import type { InterfaceAddress } from './host.ts'

/** An IP address in text form (no brackets) and a port. */
export interface Endpoint {
  readonly host: string
  readonly port: number
}

/** What a bound datagram socket tells its owner. */
export interface DatagramHandlers {
  /** A datagram arrived. `bytes` is borrowed until the call returns. */
  onDatagram(bytes: Uint8Array, from: Endpoint): void
  /** The socket failed in a way that one lost datagram does not explain. */
  onError(error: Error): void
}

/** A bound datagram socket. */
export interface DatagramSocket {
  /** The address and port it is bound to; the host may be the wildcard. */
  readonly local: Endpoint
  /** Sends one datagram, best effort: an unreachable destination is a lost datagram. `bytes` is borrowed until the call returns. */
  send(bytes: Uint8Array, to: Endpoint): void
  /**
   * Sends one datagram that nobody on the way may cut into fragments; returns false when it does not even fit the first
   * link. Absent where the system offers no way to ask for that. `bytes` is borrowed until the call returns.
   */
  sendWhole?(bytes: Uint8Array, to: Endpoint): boolean
  /** Closes the socket; no handler is called afterwards. */
  close(): Promise<void>
}

/** A multicast group that is listened to. */
export interface GroupMembership {
  /** Leaves the group; no handler is called afterwards. */
  close(): Promise<void>
}

/** Opens datagram sockets. */
export interface DatagramPort {
  /** Another port for many short-lived sockets, where those of this one are few. */
  readonly ordinary?: DatagramPort
  /** Binds to `local` (port 0 = any free one). Rejects with an error whose `code` is the system's, e.g. EADDRINUSE. */
  bind(local: Endpoint, handlers: DatagramHandlers): Promise<DatagramSocket>
  /**
   * Listens to the multicast group `group` on the interfaces that have the addresses `on`, all of the group's family.
   * Sockets bound to one of these addresses send to the group on its interface, not beyond the next router. Absent
   * where there is no multicast; rejects with the system's code when no interface can join.
   */
  joinGroup?(
    group: Endpoint,
    on: readonly InterfaceAddress[],
    handlers: DatagramHandlers,
  ): Promise<GroupMembership>
}

/** What a stream tells its owner. */
export interface StreamHandlers {
  /** Bytes arrived, in order. Borrowed until the call returns. */
  onData(bytes: Uint8Array): void
  /** Everything queued has been handed to the system. */
  onDrain(): void
  /** The stream ended; no handler is called afterwards. */
  onClose(error?: Error): void
}

/** One end of a connected stream. */
export interface Stream {
  readonly local: Endpoint
  readonly remote: Endpoint
  /** Bytes accepted by `write` that the system has not taken yet. */
  readonly queuedBytes: number
  /** Queues bytes (copied where needed); returns false when the caller should wait for `onDrain`. */
  write(bytes: Uint8Array): boolean
  /** Ends the stream: queued bytes are sent first unless `abort` is set. */
  close(abort?: boolean): void
}

/** A listening stream socket. */
export interface StreamListener {
  readonly local: Endpoint
  /** Stops listening; accepted streams stay open. */
  close(): Promise<void>
}

/** Opens stream sockets. */
export interface StreamPort {
  /** Connects to `remote`; rejects with the system's error `code` or ETIMEDOUT after `timeoutMs`. */
  connect(remote: Endpoint, handlers: StreamHandlers, timeoutMs: number): Promise<Stream>
  /** Listens on `local` (port 0 = any free one); `accept` returns the handlers of a new stream, or undefined to refuse it. */
  listen(
    local: Endpoint,
    accept: (stream: Stream) => StreamHandlers | undefined,
  ): Promise<StreamListener>
}
