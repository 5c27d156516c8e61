/** What a virtual network interface offers to the rest of the program. */
import type { PacketTrace } from './packet-trace.ts'

/** Receives packets read from an interface, one call per batch. The packets stay valid after the call. */
export type PacketsHandler = (packets: Uint8Array[]) => void

/** How to open a virtual interface. */
export interface DeviceOptions {
  /** Interface name, at most 15 characters. */
  readonly name: string
  /** `tun` carries IP packets, `tap` Ethernet frames. */
  readonly kind: 'tun' | 'tap'
  /** Largest packet; 1,420 unless told. */
  readonly mtu?: number
  /** Addresses with prefix length, e.g. `10.0.0.1/24` or `fd00::1/64`. */
  readonly addresses?: readonly string[]
  /**
   * Whether the kernel hands over super-packets, as a data plane needs; only for `tun`.
   * They are taken apart natively, so that nothing above can tell.
   */
  readonly offload?: boolean
  /** Threads that read the interface with `offload`, at most 8; half of the processors unless told. */
  readonly threads?: number | undefined
  /** Whether the interface starts up; it does not unless told. */
  readonly up?: boolean
}

/** An open virtual network interface. */
export interface VirtualDevice {
  readonly name: string
  /** Largest packet, as set last. */
  readonly mtu: number
  /** Whether packets are Ethernet frames. */
  readonly isTap: boolean
  /** Packets lost because the program did not take them in time. */
  readonly droppedPackets: number
  /** Records what passes. */
  readonly trace: PacketTrace
  /** Sets who receives packets. Packets wait (bounded) until there is somebody. */
  onPackets(handler: PacketsHandler): void
  /** Sets who is told when somebody else deleted the interface; only `close` is left to do then. */
  onGone(handler: () => void): void
  /** Hands packets to the kernel; returns how many it accepted (none while the interface is down). */
  write(packets: readonly Uint8Array[]): number
  /** Gives the interface an address such as `10.0.0.1/24`. */
  setAddress(cidr: string): void
  /** Takes an address from the interface. */
  removeAddress(cidr: string): void
  /** Sets the largest packet. */
  setMtu(mtu: number): void
  /** Brings the interface up or down. */
  setUp(up: boolean): void
  /** Sends a network such as `10.128.0.0/9` through the interface. */
  addRoute(cidr: string): void
  /** Removes the route to a network. */
  removeRoute(cidr: string): void
  /** Removes the interface; does nothing the second time. */
  close(): Promise<void>
}
