/** Watches overlay packets arrive: each greedy hop comes strictly nearer (I9), and the hop limit holds. */
import type { Address } from '@ipop/address'
import type { SimulatedNode } from '../ring/simulated-node.ts'
import type { SimulatedRing } from '../ring/simulated-ring.ts'
import type { Violations } from './findings.ts'
import {
  isOverlayPacket,
  MODE_BOTH_SECOND_LEG,
  packetDestination,
  packetHopLimit,
  packetHops,
  packetKind,
  packetMode,
} from './overlay-frame.ts'

const KIND_SESSION_DATAGRAM = 4

/** What a hop watch works with. */
export interface HopWatchModules {
  readonly ring: SimulatedRing
  readonly violations: Violations
  /** Returns whether a node lies, so that its packets go anywhere. */
  readonly isSuspect: (node: SimulatedNode) => boolean
}

/** Checks every hop of every overlay packet. */
export class HopWatch {
  readonly #modules: HopWatchModules
  /** All nodes that ever ran, by their address: packets of one that is gone may still be on the way. */
  readonly #nodes = new Map<string, SimulatedNode>()
  /** Hops checked so far. */
  checked = 0

  constructor(modules: HopWatchModules) {
    this.#modules = modules
    for (const node of modules.ring.nodes) this.#watch(node)
    modules.ring.onStart((node) => this.#watch(node))
  }

  #watch(node: SimulatedNode): void {
    const { address, channels } = node.overlay
    this.#nodes.set(address.toString(), node)
    const { handlers } = channels
    channels.setHandlers({
      onFrame: (channel, frame) => {
        if (isOverlayPacket(frame)) this.#check(node, channel.address, frame)
        handlers.onFrame(channel, frame)
        // Whoever keeps a borrowed frame would be lucky here and not with a receive buffer that is used again.
        frame.fill(0xdb)
      },
    })
  }

  #check(node: SimulatedNode, from: Address, frame: Uint8Array): void {
    const { violations, isSuspect } = this.#modules
    const hops = packetHops(frame)
    // Around a broken pair the first hop may lead away; the second leg of two ends wherever it is sent.
    const mayLeadAway = packetKind(frame) === KIND_SESSION_DATAGRAM && hops <= 1
    if (mayLeadAway || packetMode(frame) === MODE_BOTH_SECOND_LEG) return
    this.checked++
    const name = node.host.name
    if (hops > packetHopLimit(frame))
      violations.add('I9', `${name} got a packet after ${hops} hops`)
    const target = number(packetDestination(frame))
    const before = distance(number(from.bytes), target)
    if (distance(number(node.overlay.address.bytes), target) < before) return
    const sender = this.#nodes.get(from.toString())
    if (sender !== undefined && isSuspect(sender)) return
    const what = `mode ${packetMode(frame)}, kind ${packetKind(frame)}, hop ${hops}`
    const who = sender?.host.name ?? 'a node that is gone'
    violations.add('I9', `${name} got a packet (${what}) from ${who}, which was nearer`)
  }
}

function number(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`)
}

function distance(one: bigint, other: bigint): bigint {
  const there = one < other ? other - one : one - other
  const back = (1n << 160n) - there
  return there < back ? there : back
}
