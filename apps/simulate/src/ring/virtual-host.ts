/** The virtual network of one simulated node: the product's IP mapper over an interface in memory. */
import { Malformed } from '@ipop/codec'
import type { Dht } from '@ipop/dht'
import { formatIpv4, IpMapper, parseIpv4 } from '@ipop/ip-mapping'
import type { DhcpConfigFields, Ipv4, LeaseStore, VirtualDevice } from '@ipop/ip-mapping'
import type { OverlayNode } from '@ipop/overlay'
import type { Runtime } from '@ipop/runtime'

/** Returns the settings of a network with few enough addresses to be fought over, and leases short enough to be renewed. */
function settingsFor(hostBits: number): DhcpConfigFields {
  return {
    namespace: 'lan',
    ipBase: '10.128.0.0',
    netmask: formatIpv4((0xffff_ffff << hostBits) >>> 0),
    leaseTimeSeconds: 120,
  }
}

/** Where the last address is kept over restarts; a disk can fail. */
export class SimulatedDisk implements LeaseStore {
  /** Whether nothing that is saved arrives. */
  isBroken = false
  #ip: Ipv4 | undefined

  load(): Ipv4 | undefined {
    return this.#ip
  }

  save(ip: Ipv4): void {
    if (!this.isBroken) this.#ip = ip
  }
}

/** Sees every packet that arrives at an interface. */
export type PacketSink = (packet: Uint8Array) => void

/** An interface in memory. */
class MemoryDevice implements VirtualDevice {
  readonly name = 'memory'
  readonly mtu = 1_280
  readonly isTap = false
  sink: PacketSink = () => undefined
  #handler: (packets: Uint8Array[]) => void = () => undefined

  write(packets: Uint8Array[]): number {
    for (const packet of packets) this.sink(packet)
    return packets.length
  }

  onPackets(handler: (packets: Uint8Array[]) => void): void {
    this.#handler = handler
  }

  /** Sends as the machine's programs would. */
  send(packet: Uint8Array): void {
    this.#handler([packet])
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

/** What a virtual host is made from. */
export interface VirtualHostModules {
  readonly runtime: Runtime
  readonly overlay: OverlayNode
  readonly dht: Dht
  readonly disk: SimulatedDisk
  /** Bits of an address that tell machines of the network apart. */
  readonly hostBits: number
}

/** One machine of the virtual network. */
export class VirtualHost {
  readonly mapper: IpMapper
  readonly #device = new MemoryDevice()

  constructor({ runtime, overlay, dht, disk, hostBits }: VirtualHostModules) {
    const settings = settingsFor(hostBits)
    const text = JSON.stringify(settings)
    const { clock, timers, random, log } = runtime
    this.mapper = new IpMapper(
      {
        ...{ clock, timers, random: random.fork('ip'), log, dht, store: disk },
        device: this.#device,
        parseSettings: (other) => (other === text ? settings : new Malformed('other settings')),
        carrier: {
          address: overlay.address,
          sendIp: (peer, packet) => overlay.sendIp(peer, packet),
          connectOnDemand: (peer) => overlay.connectOnDemand(peer),
          onIpPacket: (handler) => overlay.onIpPacket(handler),
          onChannelUp: (listener) => overlay.onPeerUp(listener),
          onPeerDown: (listener) => overlay.onPeerDown(listener),
          onPeerUnreachable: (listener) => overlay.onPeerUnreachable(listener),
          onNeighborsChanged: (listener) => overlay.onNeighborsChanged(listener),
        },
      },
      {
        namespace: 'lan',
        settings: { fields: settings, text },
      },
    )
  }

  /** The address it believes to own. */
  get ip(): string | undefined {
    return this.mapper.virtualIps()[0]
  }

  /** Sets who sees the packets that arrive. */
  set sink(sink: PacketSink) {
    this.#device.sink = sink
  }

  /** Sends a packet as the machine's programs would. */
  send(packet: Uint8Array): void {
    this.#device.send(packet)
  }
}

/** Returns an address as a number. */
export function ipNumber(text: string): Ipv4 {
  const ip = parseIpv4(text)
  if (ip instanceof Malformed) throw new Error(`${text}: ${ip.reason}`)
  return ip
}
