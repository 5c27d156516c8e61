/** Makes a layer 2 interface look like a layer 3 one: frames in and out, ARP answered on the spot. */
import { Malformed } from '@ipop/codec'
import type { Clock, Instant } from '@ipop/runtime'
import { readIpv4 } from '../ip/ipv4-address.ts'
import type { ResolverEvent } from '../resolver/address-resolver.ts'
import type { OwnNetwork } from '../router/context.ts'
import type { VirtualDevice } from '../services.ts'
import {
  BROADCAST_MAC,
  decodeEthernet,
  encodeEthernet,
  ETHER_TYPE,
  groupMac,
  type EthernetFrame,
  type MacAddress,
} from '../wire/ethernet.ts'
import type { ArpResponder } from './arp-responder.ts'

/** Where the destination address stands in an IPv4 header. */
const IPV4_DESTINATION = 16

/** A TAP device, seen from layer 3. */
export class TapBridge implements VirtualDevice {
  readonly isTap = true
  readonly #device: VirtualDevice
  readonly #arp: ArpResponder
  readonly #clock: Pick<Clock, 'now'>
  readonly #mac: MacAddress
  #own: OwnNetwork | undefined
  #hostMac: MacAddress = BROADCAST_MAC
  #onPackets: (packets: Uint8Array[]) => void = () => undefined

  constructor(
    modules: { device: VirtualDevice; arp: ArpResponder; clock: Pick<Clock, 'now'> },
    options: { mac: MacAddress },
  ) {
    this.#device = modules.device
    this.#arp = modules.arp
    this.#clock = modules.clock
    this.#mac = options.mac
    modules.device.onPackets((frames) => this.#receive(frames, this.#clock.now()))
  }

  get name(): string {
    return this.#device.name
  }

  get mtu(): number {
    return this.#device.mtu
  }

  /** Sets who this node is. */
  setOwn(own: OwnNetwork): void {
    this.#own = own
  }

  onPackets(handler: (packets: Uint8Array[]) => void): void {
    this.#onPackets = handler
  }

  /** Frames IPv4 packets and writes them. */
  write(packets: Uint8Array[]): number {
    return this.#device.write(packets.map((packet) => this.#frame(packet)))
  }

  close(): Promise<void> {
    return this.#device.close()
  }

  /** Sends ARP answers that waited for a lookup. */
  handleResolverEvent(event: ResolverEvent): void {
    const answer = this.#arp.handleResolverEvent(event)
    if (answer !== undefined) this.#device.write([answer])
  }

  #receive(frames: readonly Uint8Array[], now: Instant): void {
    const packets: Uint8Array[] = []
    const answers: Uint8Array[] = []
    for (const bytes of frames) {
      const frame = decodeEthernet(bytes)
      if (frame instanceof Malformed) continue
      this.#learn(frame)
      if (frame.etherType === ETHER_TYPE.ipv4) packets.push(frame.payload)
      if (frame.etherType !== ETHER_TYPE.arp) continue
      const answer = this.#arp.handleArp(frame.payload, this.#own, now)
      if (answer !== undefined) answers.push(answer)
    }
    if (answers.length > 0) this.#device.write(answers)
    // Also called without packets: ARP may have started a lookup that has to be sent.
    this.#onPackets(packets)
  }

  #learn({ source }: EthernetFrame): void {
    const isGroupAddress = ((source[0] ?? 0) & 1) === 1
    if (isGroupAddress || this.#hostMac.every((byte, index) => byte === source[index])) return
    this.#hostMac = source.slice()
  }

  #frame(packet: Uint8Array): Uint8Array {
    const ip = readIpv4(packet, IPV4_DESTINATION)
    const destination = groupMac(ip, this.#own?.network.broadcast) ?? this.#hostMac
    return encodeEthernet({
      destination,
      source: this.#mac,
      etherType: ETHER_TYPE.ipv4,
      payload: packet,
    })
  }
}

/** Returns a random hardware address that begins with fe: locally administered, a single host. */
export function randomMac(random: { bytes(length: number): Uint8Array }): MacAddress {
  const mac = random.bytes(6).slice()
  mac[0] = 0xfe
  return mac
}
