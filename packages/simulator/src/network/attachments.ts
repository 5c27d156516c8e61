/** Ten ways in which a host is attached to the public network, for pairs of hosts that want to meet. */
import type { SimHost } from '../host/sim-host.ts'
import type { World } from '../world/world.ts'
import {
  easyNat,
  hardNat,
  type Nat,
  type NatBehaviour,
  openNat,
  restrictedNat,
  sequentialNat,
  udpBlockingNat,
} from './nat.ts'

/** The NATs between a host and the public network, the outermost first; undefined for hosts that are public themselves. */
const NATS = {
  /** A public address of both families. */
  open: undefined,
  /** Full cone. */
  full: [openNat],
  /** Address-restricted cone. */
  addr: [restrictedNat],
  /** Port-restricted cone. */
  port: [easyNat],
  /** Symmetric, ports in a row. */
  seq: [sequentialNat],
  /** Symmetric, random ports. */
  rand: [hardNat],
  /** Carrier grade: a home router behind the carrier's. */
  double: [easyNat, easyNat],
  /** One NAT without hairpin for both hosts, if both are of this kind. */
  shared: [easyNat],
  /** No UDP at all; streams can be opened from inside. */
  blocked: [udpBlockingNat],
  /** A public address of IPv6 only. */
  six: undefined,
} as const satisfies Record<string, readonly NatBehaviour[] | undefined>

/** A way of being attached. */
export type AttachmentKind = keyof typeof NATS

/** All ways, in the order of tables. */
export const ATTACHMENT_KINDS = Object.keys(NATS) as readonly AttachmentKind[]

/** Adds two hosts that are attached as `kinds` says. Their addresses are 203.0.113.1 and .2, or behind those, and 2001:db8:1::1 and ::2. */
export function addAttachedPair(
  world: World,
  kinds: readonly [AttachmentKind, AttachmentKind],
): [SimHost, SimHost] {
  const first = attach(world, kinds[0], 1)
  if (kinds[0] !== 'shared' || kinds[1] !== 'shared')
    return [first.host, attach(world, kinds[1], 2).host]
  return [first.host, addHostBehind(world, first.nat, '192.168.1.3')]
}

function attach(world: World, kind: AttachmentKind, number: 1 | 2): { host: SimHost; nat?: Nat } {
  const outer = `203.0.113.${number}`
  const inner6 = `2001:db8:1::${number}`
  if (kind === 'six') return { host: world.addHost({ addresses: [inner6] }) }
  const behaviours = NATS[kind]
  if (behaviours === undefined) return { host: world.addHost({ addresses: [outer, inner6] }) }
  let nat: Nat | undefined
  for (const behaviour of behaviours) {
    const address = nat === undefined ? outer : `100.64.${number}.2`
    nat = world.addNat({ address, behaviour, ...(nat === undefined ? {} : { behind: nat }) })
  }
  return { host: addHostBehind(world, nat, `192.168.${number}.2`), ...(nat && { nat }) }
}

function addHostBehind(world: World, behind: Nat | undefined, address: string): SimHost {
  return world.addHost({ addresses: [address], ...(behind === undefined ? {} : { behind }) })
}
