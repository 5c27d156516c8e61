/** Answers ARP requests for every address of the virtual network that another node holds. */
import { Malformed } from '@ipop/codec'
import type { Instant } from '@ipop/runtime'
import type { IpAddress } from '../ip/ip-address.ts'
import { LIMITED_BROADCAST, UNSPECIFIED } from '../ip/ipv4-address.ts'
import { ARP_PENDING_MAX } from '../limits.ts'
import type { AddressResolver, ResolverEvent } from '../resolver/address-resolver.ts'
import type { OwnNetwork } from '../router/context.ts'
import { ARP_OPERATION, decodeArp, encodeArp, type ArpMessage } from '../wire/arp.ts'
import { encodeEthernet, ETHER_TYPE, type MacAddress } from '../wire/ethernet.ts'

/** Stands in for all other hosts of the network with one hardware address. */
export class ArpResponder {
  readonly #resolver: Pick<AddressResolver, 'resolve'>
  readonly #mac: MacAddress
  readonly #pending = new Map<IpAddress, ArpMessage>()

  constructor(
    modules: { resolver: Pick<AddressResolver, 'resolve'> },
    options: { mac: MacAddress },
  ) {
    this.#resolver = modules.resolver
    this.#mac = options.mac
  }

  /** Takes the payload of an ARP frame; returns the frame that answers it, if there is one now. */
  handleArp(
    payload: Uint8Array,
    own: OwnNetwork | undefined,
    now: Instant,
  ): Uint8Array | undefined {
    const request = decodeArp(payload)
    if (request instanceof Malformed || request.operation !== ARP_OPERATION.request)
      return undefined
    if (own === undefined || !isQuestion(request, own)) return undefined
    const { targetIp } = request
    if (targetIp === own.network.serverIp) return this.#answer(request)
    const resolution = this.#resolver.resolve(targetIp, now)
    if (resolution.kind === 'known') return this.#answer(request)
    if (resolution.kind === 'pending' && this.#pending.size < ARP_PENDING_MAX) {
      const { senderMac, targetMac } = request
      const ownedRequest = {
        ...request,
        senderMac: senderMac.slice(),
        targetMac: targetMac.slice(),
      }
      this.#pending.set(targetIp, ownedRequest)
    }
    return undefined
  }

  /** Returns the answer to a request that waited for this lookup. */
  handleResolverEvent(event: ResolverEvent): Uint8Array | undefined {
    if (event.kind === 'dropped') return undefined
    const request = this.#pending.get(event.ip)
    this.#pending.delete(event.ip)
    return event.kind === 'resolved' && request !== undefined ? this.#answer(request) : undefined
  }

  #answer(request: ArpMessage): Uint8Array {
    const payload = encodeArp({
      operation: ARP_OPERATION.reply,
      senderMac: this.#mac,
      senderIp: request.targetIp,
      targetMac: request.senderMac,
      targetIp: request.senderIp,
    })
    const { senderMac: destination } = request
    return encodeEthernet({ destination, source: this.#mac, etherType: ETHER_TYPE.arp, payload })
  }
}

/** Probes (RFC 5227) and announcements must stay unanswered: an answer would mean that the address is taken. */
function isQuestion({ senderIp, targetIp }: ArpMessage, { network, ip }: OwnNetwork): boolean {
  if (senderIp === UNSPECIFIED || senderIp === LIMITED_BROADCAST || senderIp === targetIp)
    return false
  if (targetIp === ip || targetIp === network.broadcast) return false
  return network.contains(targetIp)
}
