/** The shape of the Rust addon, written by hand to match `native/binding`. */
import type { SessionTroubles } from '../data-plane/types.ts'

/** Counts the changes of this shape and of the records, `native/binding/src/lib.rs` with it. */
export const INTERFACE_VERSION = 5

/** One open interface; see `native/binding/src/tun.rs`. */
export interface NativeTun {
  drain(buffer: Uint8Array): number
  write(packed: Uint8Array): number
  dropped(): number
  setMtu(mtu: number): void
  setUp(up: boolean): void
  addAddress(address: string, prefixLength: number): void
  removeAddress(address: string, prefixLength: number): void
  addRoute(address: string, prefixLength: number): void
  removeRoute(address: string, prefixLength: number): void
  startTrace(snap: number, packets: number, durationMs: number): boolean
  drainTrace(buffer: Uint8Array): NativeTraceInfo | null
  stopTrace(): void
  close(): void
}

/** How far a trace is. */
export interface NativeTraceInfo {
  readonly filled: number
  readonly isOver: boolean
  readonly captured: number
  readonly dropped: number
}

/** Listens to changes of the network; see `native/binding/src/monitor.rs`. */
export interface NativeMonitor {
  close(): void
}

/** One data plane; see `native/binding/src/plane.rs`. */
export interface NativePlane {
  openSocket(host: string, port: number): { id: number; host: string; port: number }
  closeSocket(id: number): void
  send(socket: number, bytes: Uint8Array, host: string, port: number): boolean
  sendWhole(socket: number, bytes: Uint8Array, host: string, port: number): boolean
  installPeer(peer: number, takesPartial: boolean, datagramMax: number): void
  removePeer(peer: number): void
  installSession(row: NativeSessionRow, sendKey: Uint8Array, receiveKey: Uint8Array): void
  useSession(localIndex: number): void
  removeSession(localIndex: number): boolean
  movePeer(peer: number, socket: number, host: string, port: number, channel: number): void
  parkPeer(peer: number): void
  installRoute(address: string, prefixLength: number, peer: number): void
  withdrawRoute(address: string, prefixLength: number): boolean
  setOwnAddresses(hosts: string[]): void
  installRelay(row: NativeRelayRow): void
  installRelayEnd(channel: number, relay: NativeEndpoint): void
  removeRelay(channel: number): boolean
  relayCounters(channel: number): NativeRelayCounters | null
  setRelayQuota(bytesPerSecond: number, burstBytes: number): void
  seal(localIndex: number, frame: Uint8Array): Uint8Array | null
  open(datagram: Uint8Array): { localIndex: number; isFirst: boolean; bytes: Uint8Array } | null
  drain(buffer: Uint8Array): number
  counters(): Record<string, number>
  features(): Record<string, boolean>
  hasFastAes(): boolean
  sessionCounters(localIndex: number): NativeSessionCounters | null
  close(): void
}

/** A session without its keys. */
export interface NativeSessionRow {
  readonly localIndex: number
  readonly remoteIndex: number
  readonly peer: number
  readonly isAes: boolean
  readonly sent: number
  readonly receivedBelow: number
  readonly lifetimeMs: number
}

/** An endpoint as one socket sees it; channel 0 is a direct path. */
export interface NativeEndpoint {
  readonly socket: number
  readonly host: string
  readonly port: number
  readonly channel: number
}

/** Relay frames of one channel that are passed on. */
export interface NativeRelayRow {
  readonly channel: number
  readonly owner: NativeEndpoint
  readonly next: NativeEndpoint
  readonly bytesPerSecond: number
  readonly burstBytes: number
}

/** What went through a relay channel. */
export interface NativeRelayCounters {
  readonly packets: number
  readonly bytes: number
  readonly dropped: number
}

/** What went through a session; `idleMs` is negative before the first datagram. */
export interface NativeSessionCounters extends SessionTroubles {
  readonly sent: number
  readonly sentBytes: number
  readonly received: number
  readonly receivedBytes: number
  readonly idleMs: number
}

/** What the addon exports. */
export interface NativeAddon {
  /** Absent in the first builds. */
  INTERFACE_VERSION?: number
  NativeTun: {
    open(
      name: string,
      isTap: boolean,
      offload: boolean,
      threads: number,
      wake: () => void,
    ): NativeTun
  }
  /** Absent in an addon of an older build. */
  NativeMonitor?: {
    start(wake: () => void): NativeMonitor
  }
  NativePlane: {
    create(tun: NativeTun | undefined, threads: number, wake: () => void): NativePlane
  }
}
