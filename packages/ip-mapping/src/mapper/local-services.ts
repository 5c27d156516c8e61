/** What this node answers itself, in place of a server in the virtual network. */
import { Malformed } from '@ipop/codec'
import type { Instant } from '@ipop/runtime'
import { DhcpServer, type DhcpReply } from '../dhcp/dhcp-server.ts'
import { NameServer, type DnsQuery } from '../dns/name-server.ts'
import type { Ipv4 } from '../ip/ipv4-address.ts'
import { DhtMachineDriver } from '../lease/dht-machine.ts'
import { heldOf } from '../lease/lease-state.ts'
import type { AddressResolver, ResolverEvent } from '../resolver/address-resolver.ts'
import type { LocalService, OwnNetwork } from '../router/context.ts'
import type { VirtualDevice } from '../services.ts'
import { ArpResponder } from '../tap/arp-responder.ts'
import { randomMac, TapBridge } from '../tap/tap-bridge.ts'
import type { Ipv4Packet } from '../wire/ipv4.ts'
import { decodeUdp, encodeUdp, type UdpDatagram } from '../wire/udp.ts'
import type { IpMapperModules, IpMapperOptions } from './options.ts'
import type { OwnAddress } from './own-address.ts'

const DNS_PORT = 53
const DHCP_PORT = 67

/** What the services need. */
export type LocalServicesModules = IpMapperModules & {
  readonly resolver: AddressResolver
  readonly ownAddress: OwnAddress
  /** Takes packets for the host. */
  readonly deliver: (ownedPacket: Uint8Array) => void
}

interface DnsClient {
  readonly ip: Ipv4
  readonly port: number
  readonly server: Ipv4
}

/** Name server; on a TAP interface also ARP and DHCP. */
export class LocalServices implements LocalService {
  /** The interface as the router sees it: layer 3. */
  readonly device: VirtualDevice
  readonly #modules: LocalServicesModules
  readonly #names: NameServer<DnsClient>
  readonly #namesDriver: DhtMachineDriver
  readonly #forwardDnsQuery: DnsQuery | undefined
  readonly #tap: TapBridge | undefined
  readonly #dhcp: DhcpServer | undefined
  readonly #dhcpPort: number
  #own: OwnNetwork | undefined

  constructor(modules: LocalServicesModules, options: IpMapperOptions) {
    this.#modules = modules
    this.#forwardDnsQuery = modules.forwardDnsQuery
    this.#names = new NameServer({
      namespace: options.namespace,
      mode: options.dns ?? 'StaticDns',
      isForwarding: modules.forwardDnsQuery !== undefined,
    })
    this.#namesDriver = new DhtMachineDriver(modules, {
      machine: this.#names,
      afterStep: () => this.#takeDnsOutputs(),
    })
    this.#dhcpPort =
      options.dhcpPort === undefined || options.dhcpPort === 0 ? DHCP_PORT : options.dhcpPort
    this.#tap = modules.device.isTap ? createTap(modules) : undefined
    this.#dhcp = modules.device.isTap ? this.#createDhcpServer() : undefined
    this.device = this.#tap ?? modules.device
  }

  /** Sets who this node is, and answers a DHCP client that waited for an address. */
  setOwn(own: OwnNetwork, now: Instant): void {
    this.#own = own
    this.#tap?.setOwn(own)
    if (own.ip !== undefined) this.#sendDhcp(this.#dhcp?.handleAddress(now))
  }

  /** Lets ARP requests be answered that waited for a lookup. */
  handleResolverEvent(event: ResolverEvent): void {
    this.#tap?.handleResolverEvent(event)
  }

  /** Takes DNS and DHCP packets. */
  handlePacket(packet: Ipv4Packet, now: Instant): boolean {
    const datagram = decodeUdp(packet)
    if (datagram instanceof Malformed) return false
    if (this.#dhcp !== undefined && datagram.destinationPort === this.#dhcpPort) {
      this.#sendDhcp(this.#dhcp.handleMessage(datagram.data, now))
      return true
    }
    return this.#handleDns(packet, datagram, now)
  }

  /** Stops all timers. */
  stop(): void {
    this.#namesDriver.stop()
  }

  #handleDns(packet: Ipv4Packet, datagram: UdpDatagram, now: Instant): boolean {
    const own = this.#own
    const server = own?.network.serverIp
    if (own === undefined || packet.destination !== server) return false
    // Only the own host asks here, and only with an address that an answer can be sent to.
    if (datagram.destinationPort !== DNS_PORT || packet.source !== own.ip) return false
    const client = { ip: packet.source, port: datagram.sourcePort, server }
    this.#names.handleMessage(datagram.data, client, own.network, now)
    this.#namesDriver.pump(now)
    return true
  }

  #takeDnsOutputs(): void {
    for (let output = this.#names.pollOutput(); output; output = this.#names.pollOutput()) {
      if (output.kind === 'forward') this.#forwardDns(output.id, output.question)
      else this.#sendDns(output.client, output.message)
    }
  }

  #forwardDns(id: number, question: Uint8Array): void {
    const answered = (answer: Uint8Array | undefined) => {
      this.#names.handleForwarded(id, answer)
      this.#namesDriver.pump(this.#modules.clock.now())
    }
    void this.#forwardDnsQuery?.(question).then(answered, () => answered(undefined))
  }

  #sendDns({ ip, port, server }: DnsClient, data: Uint8Array): void {
    this.#modules.deliver(
      encodeUdp({
        source: server,
        sourcePort: DNS_PORT,
        destination: ip,
        destinationPort: port,
        data,
      }),
    )
  }

  #sendDhcp(reply: DhcpReply | undefined): void {
    const source = this.#own?.network.serverIp
    if (reply === undefined || source === undefined) return
    const { destination, message: data } = reply
    const sourcePort = this.#dhcpPort
    this.#modules.deliver(
      encodeUdp({ source, sourcePort, destination, destinationPort: sourcePort + 1, data }),
    )
  }

  #createDhcpServer(): DhcpServer {
    const { ownAddress, device, log } = this.#modules
    return new DhcpServer({
      log,
      network: () => this.#own?.network,
      held: () => ownAddress.lease && heldOf(ownAddress.lease.state),
      prefer: (ip, now) => ownAddress.withLease((lease) => lease.prefer(ip, now), now),
      decline: (now) => ownAddress.withLease((lease) => lease.decline(now), now),
      mtu: () => device.mtu,
    })
  }
}

function createTap({ device, clock, random, resolver }: LocalServicesModules): TapBridge {
  const mac = randomMac(random.fork('mac'))
  const arp = new ArpResponder({ resolver }, { mac })
  return new TapBridge({ device, arp, clock }, { mac })
}
