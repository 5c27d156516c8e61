/** Public nodes, and nodes behind NATs of every kind. */
import {
  easyNat,
  hardNat,
  type Host,
  type NatBehaviour,
  openNat,
  restrictedNat,
  sequentialNat,
  udpBlockingNat,
  World,
} from '@ipop/simulator'
import { udpNode } from './nodes.ts'

/** The kinds of NATs by the names that tests give them. */
export const NATS = {
  full: openNat,
  addr: restrictedNat,
  port: easyNat,
  seq: sequentialNat,
  rand: hardNat,
  blocked: udpBlockingNat,
} as const satisfies Record<string, NatBehaviour>

/** One of them. */
export type NatKind = keyof typeof NATS

/** Returns a world with two public nodes that do not know each other. */
export async function worldWithPublics(seed: number) {
  const world = new World({ seed, latencyMs: 15 })
  const first = await udpNode(world.addHost({ addresses: ['198.51.100.1'] }))
  const second = await udpNode(world.addHost({ addresses: ['198.51.100.2'] }))
  return { world, publics: [first, second] as const }
}

/** Returns a host at 192.168.`number`.2 behind a NAT of its own at 203.0.113.`number` + 1. */
export function hostBehind(world: World, behaviour: NatBehaviour, number = 0): Host {
  const nat = world.addNat({ address: `203.0.113.${number + 1}`, behaviour })
  return world.addHost({ behind: nat, addresses: [`192.168.${number}.2`] })
}
