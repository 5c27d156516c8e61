/** Real overlay nodes with a DHT each, in the simulator. */
import { Identity } from '@ipop/security'
import { OverlayNode } from '@ipop/overlay'
import { World, type Host, type WorldOptions } from '@ipop/simulator'
import { TransportAddress, UdpEdgeListener } from '@ipop/transport'
import { Dht } from '../../src/index.ts'

const PORT = 40_000

/** One machine with a node and its DHT. */
export interface Member {
  readonly host: Host
  readonly node: OverlayNode
  readonly dht: Dht
}

/** A world and its ring. */
export class OverlayWorld {
  readonly world: World
  readonly members: Member[] = []

  constructor(options: WorldOptions) {
    this.world = new World(options)
  }

  /** Returns a ring of `count` that has formed. */
  static async formed(count: number, options: WorldOptions): Promise<OverlayWorld> {
    const ring = new OverlayWorld(options)
    for (let i = 0; i < count; i++) await ring.add()
    await ring.untilConnected()
    await ring.world.run({ forMs: 30_000 })
    return ring
  }

  /** Adds a machine that joins through the first one. */
  async add(): Promise<Member> {
    const host = this.world.addHost()
    const { runtime } = host
    const listener = await UdpEdgeListener.open(runtime, { host: '0.0.0.0', port: PORT })
    const identity = Identity.create(runtime.random.fork('identity'))
    const first = this.members[0]?.host.addresses[0]
    const remoteTas = first ? [TransportAddress.udp({ host: first, port: PORT })] : []
    const node = OverlayNode.create(runtime, {
      ...{ identity, remoteTas },
      namespace: 'test',
      listeners: [listener],
    })
    const { clock, timers, log } = runtime
    const random = runtime.random.fork('dht')
    const wallTimeMs = () => clock.wallTimeMs()
    const dht = new Dht({ ring: node, clock, timers, random, log, wallTimeMs }, { identity })
    const member = { host, node, dht }
    this.members.push(member)
    node.start().catch(() => undefined)
    dht.start()
    return member
  }

  /** Returns the member at an index (wrapped). */
  at(index: number): Member {
    const member = this.members[index % this.members.length]
    if (!member) throw new Error('nobody is left')
    return member
  }

  /** Runs until everybody is connected. */
  async untilConnected(): Promise<void> {
    const isDone = () => this.members.every(({ node }) => node.state === 'connected')
    if (!(await this.world.runUntil(isDone, { limitMs: 120_000 }))) throw new Error('no ring')
  }

  /** Runs until `work` is settled and returns its result. */
  async run<T>(work: Promise<T>): Promise<T> {
    let isSettled = false
    const mark = () => void (isSettled = true)
    work.then(mark, mark)
    if (!(await this.world.runUntil(() => isSettled, { limitMs: 300_000 })))
      throw new Error('nothing came of it')
    return work
  }

  /** Returns the texts under a key, sorted. */
  async read(member: Member, key: string): Promise<string[]> {
    const values = await this.run(member.dht.get(key))
    return values.map(({ value }) => new TextDecoder().decode(value)).sort()
  }

  /** Crashes a member. */
  crash(member: Member): void {
    member.host.crash()
    this.#remove(member)
  }

  /** Lets a member leave properly. */
  async leave(member: Member): Promise<void> {
    await this.run(member.dht.leave())
    await this.run(member.node.leave())
    this.#remove(member)
  }

  #remove(member: Member): void {
    this.members.splice(this.members.indexOf(member), 1)
  }
}
