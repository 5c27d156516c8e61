/** The virtual interface that native code implements. */
import { DeviceError, deviceErrorFrom } from '../errors.ts'
import { DRAIN_BUFFER_BYTES, MTU_DEFAULT, MTU_MAX, MTU_MIN, WRITE_BUFFER_BYTES } from '../limits.ts'
import type { NativeAddon, NativeTun } from '../native/addon.ts'
import { Packer, unpack } from '../native/packing.ts'
import { parseCidr } from './cidr.ts'
import { TunTrace, type PacketTrace } from './packet-trace.ts'
import type { DeviceOptions, PacketsHandler, VirtualDevice } from './virtual-device.ts'

/** A `VirtualDevice` over one native interface. */
export class TunDevice implements VirtualDevice {
  readonly name: string
  readonly isTap: boolean
  /** The native interface, for the data plane of this package only. */
  readonly native: NativeTun
  readonly trace: PacketTrace
  readonly #drainBuffer = new Uint8Array(DRAIN_BUFFER_BYTES)
  readonly #packer = new Packer(WRITE_BUFFER_BYTES)
  #handler: PacketsHandler | undefined
  #goneHandler: (() => void) | undefined
  #mtu = MTU_DEFAULT
  #isClosed = false

  constructor(addon: NativeAddon, options: DeviceOptions) {
    this.name = options.name
    this.isTap = options.kind === 'tap'
    this.native = this.#guard(() =>
      addon.NativeTun.open(
        options.name,
        this.isTap,
        options.offload ?? false,
        options.threads ?? 0,
        () => this.#deliver(),
      ),
    )
    this.trace = new TunTrace(this.native, this.isTap, (action) => this.#guard(action))
  }

  get mtu(): number {
    return this.#mtu
  }

  get droppedPackets(): number {
    return this.native.dropped()
  }

  onPackets(handler: PacketsHandler): void {
    this.#handler = handler
    this.#deliver()
  }

  onGone(handler: () => void): void {
    this.#goneHandler = handler
  }

  write(packets: readonly Uint8Array[]): number {
    let accepted = 0
    for (const packet of packets) {
      if (packet.length === 0 || packet.length > MTU_MAX) continue
      if (!this.#packer.hasRoomFor(packet)) accepted += this.#flush()
      this.#packer.add(packet)
    }
    return accepted + this.#flush()
  }

  setAddress(cidr: string): void {
    const { address, prefixLength } = parseCidr(cidr)
    this.#guard(() => this.native.addAddress(address, prefixLength))
  }

  removeAddress(cidr: string): void {
    const { address, prefixLength } = parseCidr(cidr)
    this.#guard(() => this.native.removeAddress(address, prefixLength))
  }

  addRoute(cidr: string): void {
    const { address, prefixLength } = parseCidr(cidr)
    this.#guard(() => this.native.addRoute(address, prefixLength))
  }

  removeRoute(cidr: string): void {
    const { address, prefixLength } = parseCidr(cidr)
    this.#guard(() => this.native.removeRoute(address, prefixLength))
  }

  setMtu(mtu: number): void {
    if (!Number.isInteger(mtu) || mtu < MTU_MIN || mtu > MTU_MAX) {
      throw new DeviceError(
        'TUN_ARGUMENT_INVALID',
        `an MTU is from ${MTU_MIN} to ${MTU_MAX}, not ${mtu}`,
      )
    }
    this.#guard(() => this.native.setMtu(mtu))
    this.#mtu = mtu
  }

  setUp(up: boolean): void {
    this.#guard(() => this.native.setUp(up))
  }

  close(): Promise<void> {
    this.#isClosed = true
    this.#handler = undefined
    this.native.close()
    return Promise.resolve()
  }

  /** Called when packets wait; native code calls again when one buffer was not enough. */
  #deliver(): void {
    if (this.#handler === undefined || this.#isClosed) return
    const filled = this.native.drain(this.#drainBuffer)
    if (filled === 0) return
    // A copy per batch, not per packet, lets the receiver keep packets without asking.
    const packets = unpack(this.#drainBuffer.slice(0, filled))
    // Every reader that finds the interface deleted says so by an empty record.
    const carried = packets.filter((packet) => packet.length > 0)
    const isGone = carried.length < packets.length
    if (carried.length > 0) this.#handler(carried)
    if (isGone) this.#goneHandler?.()
  }

  #flush(): number {
    const packed = this.#packer.take()
    return packed.length === 0 ? 0 : this.#guard(() => this.native.write(packed))
  }

  #guard<T>(action: () => T): T {
    try {
      return action()
    } catch (failure) {
      throw deviceErrorFrom(failure, this.name)
    }
  }
}
