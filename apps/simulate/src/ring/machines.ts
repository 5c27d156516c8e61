/** Makes the machines of a simulation: some on the public network, some each behind a NAT of its own. */
import { easyNat, hardNat, openNat, restrictedNat, udpBlockingNat } from '@ipop/simulator'
import type { Host, NatBehaviour, World } from '@ipop/simulator'
import type { Random } from '@ipop/runtime'

/** The kinds of NAT a user can name. */
export const NAT_KINDS: Readonly<Record<string, NatBehaviour>> = {
  open: openNat,
  restricted: restrictedNat,
  easy: easyNat,
  hard: hardNat,
  blocking: udpBlockingNat,
}

/** Which share of the machines stands behind which kind of NAT. */
export type NatShares = Readonly<Record<string, number>>

/** Makes machines one after the other. */
export class Machines {
  readonly #world: World
  readonly #shares: NatShares
  readonly #random: Random
  #made = 0

  constructor(world: World, shares: NatShares) {
    this.#world = world
    this.#shares = shares
    this.#random = world.random.fork('machines')
  }

  /** Returns a new machine; the first is always public, so that everybody can find the ring. */
  make(): Host {
    const behaviour = this.#made++ === 0 ? undefined : this.#behaviour()
    if (behaviour === undefined) return this.#world.addHost()
    const behind = this.#world.addNat({ behaviour })
    return this.#world.addHost({ addresses: ['192.168.1.2'], behind })
  }

  #behaviour(): NatBehaviour | undefined {
    let point = this.#random.float()
    for (const [kind, share] of Object.entries(this.#shares)) {
      if (point < share) return NAT_KINDS[kind]
      point -= share
    }
    return undefined
  }
}

/** Returns whether a machine can be reached by those it has not contacted. */
export function isPublic(host: Host): boolean {
  return host.realm.gateway === undefined
}
