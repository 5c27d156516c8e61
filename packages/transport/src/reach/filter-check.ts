/** One reach check: who is let in by the filters in front of this node (RFC 4787 section 5). */
import type { TransportAddress } from '../address/transport-address.ts'
import type { Channel } from '../channel/channel.ts'
import type { Edge } from '../edge/edge.ts'
import { REACH_HELPERS_MAX } from './limits.ts'
import { encodeReachMessage, type ReachMessage, type ReachOrigin } from '../wire/reach-check.ts'
import { heardOver } from './reach-host.ts'

/**
 * Who may send to a port that this node sent from: anybody, whoever it wrote to, from any port or only from the very
 * port. `address or less` where nobody could be found whom it had never written to.
 */
export type NatFiltering = 'unknown' | 'independent' | 'address or less' | 'address' | 'port'

/** What is known when a check begins. */
export interface FilterCheckOptions {
  readonly family: 4 | 6
  /** Hosts that this node has sent to: what comes from them says nothing. */
  readonly contacted: ReadonlySet<string>
  /** Hosts that are this node itself; undefined where it is not behind a NAT. */
  readonly inside: ReadonlySet<string> | undefined
  newId(): number
}

interface Question {
  readonly helper: Channel
  readonly endpoints: ReadonlySet<string>
  readonly hosts: ReadonlySet<string>
  readonly from: ReachOrigin
}

/** The side of a reach check that asks. It is driven from outside: rounds of questions, and what comes back. */
export class FilterCheck {
  readonly #options: FilterCheckOptions
  readonly #questions = new Map<number, Question>()
  readonly #sent = new Set<ReachOrigin>()
  readonly #arrived = new Set<ReachOrigin>()

  constructor(channels: Iterable<Channel>, options: FilterCheckOptions) {
    this.#options = options
    const helpers = [...channels].filter((each) => heardOver(each, options.family) !== undefined)
    for (const helper of helpers.slice(0, REACH_HELPERS_MAX)) this.#plan(helper)
  }

  /** Whether nothing more can be learnt. */
  get isOver(): boolean {
    return this.#questions.size === 0 || this.#arrived.has('host')
  }

  /** What is learnt so far. */
  get filtering(): NatFiltering {
    if (this.#arrived.has('host')) return 'independent'
    if (this.#arrived.has('port')) return this.#sent.has('host') ? 'address' : 'address or less'
    return this.#sent.has('port') ? 'port' : 'unknown'
  }

  /** Asks what was not answered by a probe yet. */
  ask(): void {
    const { family } = this.#options
    for (const [id, { helper, from }] of this.#questions)
      if (!this.#arrived.has(from))
        helper.send(encodeReachMessage({ kind: 'ask', from, id, family }))
  }

  /** Takes a helper's word that a probe is on its way. */
  sent(from: Channel, { id, to, by }: Extract<ReachMessage, { kind: 'sent' }>): void {
    const question = this.#questions.get(id)
    if (question?.helper !== from || to === undefined) return
    // A helper in the same network sends to the inside: no filter is asked.
    if (this.#options.inside?.has(to.host)) return
    if (by !== undefined && this.#options.contacted.has(by.host)) return
    this.#sent.add(question.from)
  }

  /** Takes a probe that came over `edge`. */
  probed(from: Channel, { id }: Extract<ReachMessage, { kind: 'probe' }>, edge: Edge): void {
    const question = this.#questions.get(id)
    if (question?.helper !== from || edge.kind !== 'udp' || edge.remote === undefined) return
    if (this.#isFromNew(edge.remote, question)) this.#arrived.add(question.from)
  }

  #isFromNew(source: TransportAddress, { from, endpoints, hosts }: Question): boolean {
    if (from === 'host') return !this.#options.contacted.has(source.host)
    return hosts.has(source.host) && !endpoints.has(source.toString())
  }

  #plan(helper: Channel): void {
    const known = [
      ...helper.edges.flatMap(({ remote }) => remote ?? []),
      ...[...helper.ways.endpointCandidates].map(({ ta }) => ta),
    ]
    const endpoints = new Set(known.map(String))
    const hosts = new Set(known.map(({ host }) => host))
    for (const from of ['port', 'host'] as const)
      this.#questions.set(this.#options.newId(), { helper, endpoints, hosts, from })
  }
}
