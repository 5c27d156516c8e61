/** Everything at once: nodes that dial, close, crash, restart and move, on a bad network; then it must settle. */
import { describe, expect, it } from '@jest/globals'
import type { Identity } from '@ipop/security'
import { type Host, World } from '@ipop/simulator'
import { frameOf, type TestNode, udpNode } from '../helpers/nodes.ts'

const HOSTS = 6
const STEPS = 60

interface Member {
  readonly host: Host
  identity: Identity
  node: TestNode
}

describe('churn', () => {
  it.each([1, 2, 3, 4, 143])('settles in agreement, seed %i', async (seed) => {
    const { world, members } = await startedWorld(seed)
    for (let step = 0; step < STEPS; step++) {
      await disturb(world, members)
      await world.run({ forMs: world.random.below(2_000) })
    }
    world.heal()
    world.setDefaultLink({ lossProbability: 0, duplicateProbability: 0, reorderProbability: 0 })
    await world.run({ forMs: 60_000 })
    for (const a of members) for (const b of members) expectAgreement(a, b)
    await expectEveryChannelWorks(world, members)
  })

  it('repeats bit for bit from a seed', async () => {
    const hashes: string[] = []
    for (let run = 0; run < 2; run++) {
      const { world, members } = await startedWorld(42)
      for (let step = 0; step < 15; step++) {
        await disturb(world, members)
        await world.run({ forMs: 500 })
      }
      hashes.push(world.traceHash())
    }
    expect(hashes[0]).toBe(hashes[1])
  })
})

async function startedWorld(seed: number) {
  const faults = { lossProbability: 0.1, duplicateProbability: 0.05, reorderProbability: 0.05 }
  const world = new World({ seed, latencyMs: 20, jitterMs: 20, ...faults })
  const members: Member[] = []
  for (let i = 0; i < HOSTS; i++) {
    const host = world.addHost()
    const node = await udpNode(host)
    members.push({ host, node, identity: node.table.identity })
  }
  return { world, members }
}

async function disturb(world: World, members: Member[]): Promise<void> {
  const pick = () => members[world.random.below(members.length)] as Member
  const a = pick()
  const b = pick()
  const action = world.random.below(10)
  if (action < 5) {
    if (a !== b) a.node.table.dial(b.node.table.hintOf())
  } else if (action === 5) {
    a.node.table.channel(b.node.table.address)?.close()
  } else if (action === 6) {
    a.host.crash()
    a.host.restart()
    a.node = await udpNode(a.host, { identity: a.identity })
  } else if (action === 7) {
    a.host.setAddresses([`10.77.${world.random.below(256)}.${world.random.below(256)}`])
  } else if (action === 8) {
    world.partition([[a.host, b.host]])
  } else {
    world.heal()
  }
}

/** A lists B as connected if and only if B lists A. */
function expectAgreement(a: Member, b: Member): void {
  const aHasB = a.node.table.channel(b.node.table.address)?.state
  const bHasA = b.node.table.channel(a.node.table.address)?.state
  expect([a.host.name, b.host.name, aHasB]).toEqual([a.host.name, b.host.name, bHasA])
}

async function expectEveryChannelWorks(world: World, members: Member[]): Promise<void> {
  let sent = 0
  for (const { node } of members) {
    node.told.frames.length = 0
    for (const channel of node.table.channels()) {
      if (channel.send(frameOf('alive'))) sent++
    }
  }
  await world.run({ forMs: 1_000 })
  const received = members.reduce((sum, { node }) => sum + node.told.frames.length, 0)
  expect(sent).toBeGreaterThan(0)
  expect(received).toBe(sent)
  for (const { node } of members) {
    for (const channel of node.table.channels()) expect(channel.state).toBe('up')
    // Up once for every time down, as far as there was something to go up.
    const live = [...node.table.channels()].length
    expect(node.told.up.length - live).toBeLessThanOrEqual(node.told.down.length)
  }
}
