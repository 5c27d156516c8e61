/** The DHCP server that the host's own client talks to on a TAP interface (RFC 2131); the DHT lease decides. */
import { equalBytes, Malformed } from '@ipop/codec'
import type { Instant, Log } from '@ipop/runtime'
import { formatIpv4, LIMITED_BROADCAST, UNSPECIFIED, type Ipv4 } from '../ip/ipv4-address.ts'
import type { Ipv4Network } from '../ip/ipv4-network.ts'
import { DHCP_CLIENT_SILENT_MS, DHCP_LEASE_SECONDS_MAX, DHCP_PENDING_MS } from '../limits.ts'
import {
  decodeDhcpRequest,
  DHCP_TYPE,
  encodeDhcpReply,
  type DhcpReplyMessage,
  type DhcpRequestMessage,
} from '../wire/dhcp.ts'

/** The address the node holds, as far as the server is concerned. */
export interface HeldAddress {
  readonly ip: Ipv4
  readonly expiresAt: Instant
}

/** What the server knows of the node. */
export interface DhcpServerModules {
  /** Returns the virtual network once it is known. */
  network(): Ipv4Network | undefined
  /** Returns the address the node holds now. */
  held(): HeldAddress | undefined
  /** Asks for an address to be tried first. */
  prefer(ip: Ipv4, now: Instant): void
  /** Gives the held address up because the client found it in use. */
  decline(now: Instant): void
  /** Returns the MTU of the interface. */
  mtu(): number
  readonly log: Log
}

/** A reply and the IP address it goes to. */
export interface DhcpReply {
  readonly destination: Ipv4
  readonly message: Uint8Array
}

/** Serves one client: the host this node runs on. */
export class DhcpServer {
  readonly #modules: DhcpServerModules
  #client: { mac: Uint8Array; heardAt: Instant } | undefined
  #waiting: { message: DhcpRequestMessage; since: Instant } | undefined

  constructor(modules: DhcpServerModules) {
    this.#modules = modules
  }

  /** Takes a client's message and returns the reply, if there is one now. */
  handleMessage(bytes: Uint8Array, now: Instant): DhcpReply | undefined {
    const message = decodeDhcpRequest(bytes)
    // Relay agents belong to larger networks than one host.
    if (message instanceof Malformed || message.relayIp !== UNSPECIFIED) return undefined
    if (!this.#accept(message.clientMac, now)) return undefined
    switch (message.type) {
      case DHCP_TYPE.discover:
      case DHCP_TYPE.request:
        return this.#answer(message, now)
      case DHCP_TYPE.inform:
        return this.#inform(message)
      case DHCP_TYPE.decline:
        return this.#decline(message, now)
      case DHCP_TYPE.release:
        // The node keeps its address as long as it runs: whoever asks next on this host gets it again.
        this.#client = undefined
        return undefined
      default:
        return undefined
    }
  }

  /** Answers the client that asked before there was an address. */
  handleAddress(now: Instant): DhcpReply | undefined {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting === undefined || now - waiting.since > DHCP_PENDING_MS) return undefined
    return this.#answer(waiting.message, now)
  }

  #accept(mac: Uint8Array, now: Instant): boolean {
    const client = this.#client
    const isOther = client !== undefined && !equalBytes(client.mac, mac)
    if (isOther && now - client.heardAt < DHCP_CLIENT_SILENT_MS) {
      this.#modules.log.write('warn', 'second DHCP client ignored', {})
      return false
    }
    this.#client = { mac, heardAt: now }
    return true
  }

  #answer(message: DhcpRequestMessage, now: Instant): DhcpReply | undefined {
    const network = this.#modules.network()
    const held = this.#modules.held()
    const wanted = message.requestedIp ?? message.clientIp
    if (network === undefined || held === undefined) {
      if (wanted !== UNSPECIFIED) this.#modules.prefer(wanted, now)
      this.#waiting = { message, since: now }
      return undefined
    }
    if (message.type === DHCP_TYPE.discover) {
      return this.#grant(message, DHCP_TYPE.offer, network, held, now)
    }
    // RFC 2131 §4.3.2: a server that was not selected stays silent.
    if (message.serverId !== undefined && message.serverId !== network.serverIp) return undefined
    if (wanted === held.ip) return this.#grant(message, DHCP_TYPE.ack, network, held, now)
    this.#modules.log.write('debug', 'DHCP request refused', { wanted: formatIpv4(wanted) })
    const refusal = this.#reply(message, DHCP_TYPE.nak, network, UNSPECIFIED)
    return { destination: LIMITED_BROADCAST, message: encodeDhcpReply(refusal) }
  }

  #grant(
    message: DhcpRequestMessage,
    type: number,
    network: Ipv4Network,
    held: HeldAddress,
    now: Instant,
  ): DhcpReply {
    const remaining = Math.max(1, Math.floor((held.expiresAt - now) / 1_000))
    const reply = encodeDhcpReply({
      ...this.#reply(message, type, network, held.ip),
      ...this.#parameters(network),
      leaseSeconds: Math.min(remaining, DHCP_LEASE_SECONDS_MAX),
    })
    return { destination: replyDestination(message, held.ip), message: reply }
  }

  #inform(message: DhcpRequestMessage): DhcpReply | undefined {
    const network = this.#modules.network()
    if (network === undefined || message.clientIp === UNSPECIFIED) return undefined
    const reply = {
      ...this.#reply(message, DHCP_TYPE.ack, network, UNSPECIFIED),
      ...this.#parameters(network),
    }
    return { destination: message.clientIp, message: encodeDhcpReply(reply) }
  }

  #decline(message: DhcpRequestMessage, now: Instant): undefined {
    const held = this.#modules.held()
    if (held !== undefined && message.requestedIp === held.ip) this.#modules.decline(now)
  }

  #reply(
    message: DhcpRequestMessage,
    type: number,
    network: Ipv4Network,
    yourIp: Ipv4,
  ): DhcpReplyMessage {
    const { transactionId, isBroadcastWanted, clientMac } = message
    const clientIp =
      type === DHCP_TYPE.offer || type === DHCP_TYPE.nak ? UNSPECIFIED : message.clientIp
    const serverId = network.serverIp
    return { type, transactionId, isBroadcastWanted, clientMac, clientIp, yourIp, serverId }
  }

  #parameters(network: Ipv4Network): Partial<DhcpReplyMessage> {
    return {
      subnetMask: network.netmask,
      nameServer: network.serverIp,
      domainName: 'ipop',
      interfaceMtu: this.#modules.mtu(),
    }
  }
}

/** RFC 2131 §4.1: to the address in use, else by broadcast when asked to, else to the address being given. */
function replyDestination(message: DhcpRequestMessage, yourIp: Ipv4): Ipv4 {
  if (message.clientIp !== UNSPECIFIED) return message.clientIp
  return message.isBroadcastWanted ? LIMITED_BROADCAST : yourIp
}
