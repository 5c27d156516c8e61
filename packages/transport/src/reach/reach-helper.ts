/** Helps others to learn who is let in to them: sends probes from another port, or has another host send them. */
import type { TransportAddress } from '../address/transport-address.ts'
import type { Channel } from '../channel/channel.ts'
import { REACH_CARRIERS_MAX, REACH_PROBES_PER_SECOND_MAX } from './limits.ts'
import { DATAGRAM_DATA } from '../wire/frame-types.ts'
import { encodeReachMessage, type ReachMessage } from '../wire/reach-check.ts'
import { type HeardEdge, heardOver, type ReachChecksHost } from './reach-host.ts'

type Message<K extends ReachMessage['kind']> = Extract<ReachMessage, { kind: K }>

/** The side of a reach check that is asked. */
export class ReachHelper {
  readonly #host: ReachChecksHost
  #probes = { second: 0, count: 0 }

  constructor(host: ReachChecksHost) {
    this.#host = host
  }

  /** Sends what a peer asks for to where the peer was heard, and nowhere else. */
  asked(asker: Channel, { from, id, family }: Message<'ask'>): void {
    if (!this.#mayProbe()) return this.#host.drop('reach check: too many')
    const edge = heardOver(asker, family)
    const sent = edge === undefined ? [] : this.#send(asker, edge, { kind: 'probe', from, id })
    const to = edge?.remote
    if (sent.length === 0 || to === undefined)
      return void asker.send(encodeReachMessage({ kind: 'sent', from, id }))
    for (const by of sent) {
      const isByOther = from === 'host' && by !== undefined
      const reply = { kind: 'sent', from, id, to, ...(isByOther ? { by } : {}) } as const
      asker.send(encodeReachMessage(reply))
    }
  }

  /** Sends a datagram of the peer's session with somebody else to where that one is. */
  carry(from: Channel, { to, datagram }: Message<'carry'>): void {
    if (datagram[0] !== DATAGRAM_DATA || to.kind !== 'udp')
      return this.#host.drop('reach check: no probe')
    if (this.#host.usable(from, [to]).length === 0)
      return this.#host.drop('reach check: address not allowed')
    if (!this.#mayProbe()) return this.#host.drop('reach check: too many')
    this.#host.probe(to, datagram)
  }

  /** Returns who sends a probe: nobody, this node (undefined), or the other hosts. */
  #send(
    asker: Channel,
    { remote }: HeardEdge,
    probe: Message<'probe'>,
  ): (TransportAddress | undefined)[] {
    const sealed = () => this.#host.seal(asker, encodeReachMessage(probe))
    if (probe.from === 'port') {
      const datagram = sealed()
      if (datagram === undefined) return []
      this.#host.probeFromNewPort(remote, datagram)
      return [undefined]
    }
    const by: TransportAddress[] = []
    for (const { channel, edge } of this.#carriers(asker, remote)) {
      const datagram = sealed()
      if (datagram === undefined) continue
      const isSent = channel.send(encodeReachMessage({ kind: 'carry', to: remote, datagram }))
      if (isSent) by.push(edge.remote)
    }
    return by
  }

  #carriers(asker: Channel, { host, family }: TransportAddress) {
    const hosts = new Set([host])
    const found: { channel: Channel; edge: HeardEdge }[] = []
    for (const channel of shuffled([...this.#host.channels()], this.#host.random)) {
      const edge =
        channel === asker || family === undefined ? undefined : heardOver(channel, family)
      if (edge === undefined || hosts.has(edge.remote.host)) continue
      hosts.add(edge.remote.host)
      found.push({ channel, edge })
      if (found.length >= REACH_CARRIERS_MAX) break
    }
    return found
  }

  #mayProbe(): boolean {
    const second = Math.floor(this.#host.clock.now() / 1_000)
    if (second !== this.#probes.second) this.#probes = { second, count: 0 }
    return ++this.#probes.count <= REACH_PROBES_PER_SECOND_MAX
  }
}

function shuffled<T>(items: T[], random: { below(limit: number): number }): T[] {
  for (let at = items.length - 1; at > 0; at--) {
    const other = random.below(at + 1)
    const [a, b] = [items[at], items[other]]
    if (a !== undefined && b !== undefined) [items[at], items[other]] = [b, a]
  }
  return items
}
