/** Inner packets between all nodes, each with a text of its own, and what may not become of them (I15). */
import type { Random } from '@ipop/runtime'
import type { SimulatedNode } from '../ring/simulated-node.ts'
import type { SimulatedRing } from '../ring/simulated-ring.ts'
import type { Violations } from './findings.ts'
import { innerPacket, innerText } from './inner-packet.ts'

interface SentPacket {
  readonly bytes: Uint8Array
  readonly from: SimulatedNode
  deliveries: number
}

/** Sends packets and watches the interfaces. */
export class Traffic {
  readonly #ring: SimulatedRing
  readonly #random: Random
  readonly #violations: Violations
  readonly #sent = new Map<string, SentPacket>()
  /** Every address a machine ever held. */
  readonly #held = new Map<string, Set<string>>()
  #count = 0
  /** Packets that arrived. */
  delivered = 0

  constructor(modules: { ring: SimulatedRing; random: Random; violations: Violations }) {
    this.#ring = modules.ring
    this.#random = modules.random
    this.#violations = modules.violations
    for (const node of this.#ring.nodes) this.#watch(node)
    this.#ring.onStart((node) => this.#watch(node))
  }

  /** Number of packets sent. */
  get sent(): number {
    return this.#count
  }

  /** Lets every node that can send one packet to some other. */
  sendSome(): void {
    const able = this.#ring.running.filter(({ lan }) => lan?.ip !== undefined)
    for (const node of able) {
      const peer = able[this.#random.below(able.length)]
      if (peer !== undefined && peer !== node) this.send(node, peer)
    }
  }

  /** Sends a packet and returns the text in it. */
  send(from: SimulatedNode, to: SimulatedNode): string | undefined {
    const [source, destination] = [from.lan?.ip, to.lan?.ip]
    if (!source || !destination || from.host.isPaused || source === destination) return undefined
    const text = `${from.host.name} ${this.#count++}`
    const bytes = innerPacket(source, destination, text)
    this.#sent.set(text, { bytes, from, deliveries: 0 })
    from.lan?.send(bytes.slice())
    return text
  }

  /** Returns whether the packet with this text has arrived. */
  hasArrived(text: string): boolean {
    return (this.#sent.get(text)?.deliveries ?? 0) > 0
  }

  #watch(node: SimulatedNode): void {
    const { lan } = node
    if (lan === undefined) return
    const held = this.#held.get(node.host.name) ?? new Set()
    this.#held.set(node.host.name, held)
    lan.mapper.onAddress((ip) => held.add(ip))
    lan.sink = (packet) => this.#receive(node, packet)
  }

  #receive(node: SimulatedNode, packet: Uint8Array): void {
    const version = (packet[0] ?? 0) >> 4
    if (version !== 4 && version !== 6)
      return this.#violations.add('I15', `${node.host.name} got something that is no IP packet`)
    const text = innerText(packet)
    if (text === undefined) return
    if (text.startsWith('forged')) return this.#receiveForged(node, packet, text)
    const sent = this.#sent.get(text)
    const name = node.host.name
    if (sent === undefined || !Buffer.from(sent.bytes).equals(packet)) {
      return this.#violations.add('I15', `${name} got an altered packet: ${text.slice(0, 40)}`)
    }
    this.delivered++
    if (++sent.deliveries > 1) this.#violations.add('I15', `${name} got packet "${text}" twice`)
  }

  #receiveForged(node: SimulatedNode, packet: Uint8Array, text: string): void {
    const liar = text.slice('forged by '.length)
    const source = [...packet.subarray(12, 16)].join('.')
    if (this.#held.get(liar)?.has(source)) return
    this.#violations.add(
      'I15',
      `${node.host.name} took a packet from ${source} that ${liar} forged`,
    )
  }
}
