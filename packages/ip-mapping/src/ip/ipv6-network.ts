/**
 * The IPv6 network of a namespace. Its addresses need no lease, because they are computed (docs/wire/virtual-ipv6.md):
 *   offset  size  field
 *        0     1  0xfd: unique local (RFC 4193)
 *        1     3  SHA-256("ipop-ipv6-v1" || namespace), its first bytes
 *        4    12  ring address of the node, its first bytes
 */
import { createHash } from 'node:crypto'
import { ADDRESS_BYTES, Address } from '@ipop/address'
import { IPV6_BYTES, readIpv6, writeIpv6, type Ipv6 } from './ipv6-address.ts'

const LABEL = 'ipop-ipv6-v1'
const UNIQUE_LOCAL = 0xfd
const HASH = 1
const NODE = 4
const NODE_BITS = BigInt(8 * (IPV6_BYTES - NODE))

/** Length of the network's prefix in bits. */
export const IPV6_PREFIX_LENGTH = 8 * NODE

/** Tells which address a node has, and where on the ring the node of an address is. */
export class Ipv6Network {
  readonly #prefix: Uint8Array
  readonly #prefixNumber: bigint

  constructor(namespace: string) {
    const bytes = new Uint8Array(IPV6_BYTES)
    bytes[0] = UNIQUE_LOCAL
    const hash = createHash('sha256').update(LABEL).update(namespace).digest()
    bytes.set(hash.subarray(0, NODE - HASH), HASH)
    this.#prefix = bytes
    this.#prefixNumber = readIpv6(bytes, 0) >> NODE_BITS
  }

  /** Returns the address of `node`. */
  addressOf(node: Address): Ipv6 {
    const bytes = this.#prefix.slice()
    bytes.set(node.bytes.subarray(0, IPV6_BYTES - NODE), NODE)
    return readIpv6(bytes, 0)
  }

  /** Returns whether `ip` lies in the network. */
  contains(ip: Ipv6): boolean {
    return ip >> NODE_BITS === this.#prefixNumber
  }

  /** Returns the lowest ring address that a node with the address `ip` can have. */
  positionOf(ip: Ipv6): Address {
    const bytes = new Uint8Array(IPV6_BYTES)
    writeIpv6(bytes, 0, ip)
    const position = new Uint8Array(ADDRESS_BYTES)
    position.set(bytes.subarray(NODE))
    return Address.fromBytes(position)
  }

  /** Returns whether `ip` is the address of `node`. */
  isOf(ip: Ipv6, node: Address): boolean {
    return this.addressOf(node) === ip
  }
}
