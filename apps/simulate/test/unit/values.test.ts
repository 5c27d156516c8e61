/** Which values must still be there: those that lost few replicas, also while they were being put. */
import { describe, expect, it } from '@jest/globals'
import type { Random } from '@ipop/runtime'
import type { FaultPlan, World } from '@ipop/simulator'
import { Values } from '../../src/mixed/values.ts'
import type { Violations } from '../../src/mixed/findings.ts'
import type { SimulatedNode } from '../../src/ring/simulated-node.ts'
import type { SimulatedRing } from '../../src/ring/simulated-ring.ts'

describe('Values', () => {
  it('expects what was acknowledged', async () => {
    const { values, acknowledge } = putting(['near', 'far'])
    await acknowledge()
    expect(values.expected).toBe(1)
  })

  it('expects nothing of a value whose replicas went before it was acknowledged', async () => {
    const { values, acknowledge, lose } = putting(['near', 'far'])
    lose(0)
    await acknowledge()
    expect(values.expected).toBe(0)
  })

  it('expects nothing of a value whose replicas went afterwards, nor of one that was refused', async () => {
    const { values, acknowledge, lose } = putting(['near', 'far'])
    await acknowledge()
    lose(0)
    expect(values.expected).toBe(0)
    const other = putting(['near', 'far'])
    await other.refuse()
    expect([other.values.expected, other.values.refused]).toEqual([0, 1])
  })

  it.each([
    ['who hears others', [100, 9_000], 1],
    ['who is alone', [], 0],
    ['who is cut off', [6_000, 9_000], 0],
  ])('knows where all replicas lie of %s', async (_, silentMs, expected) => {
    const { values, acknowledge, lose } = putting(['a', 'b', 'c', 'd'], silentMs)
    await acknowledge()
    lose(0)
    expect(values.expected).toBe(expected)
  })
})

/**
 * A ring of evenly spaced nodes, two of which have four of the eight replicas each, and one value on its way; `silentMs`: since when
 * the peers of its writer have been silent.
 */
function putting(names: readonly string[], silentMs: readonly number[] = [0]) {
  const now = 10_000
  const settle: { acknowledge?: () => void; refuse?: (error: Error) => void } = {}
  const put = () =>
    new Promise<void>((resolve, reject) => {
      settle.acknowledge = resolve
      settle.refuse = reject
    })
  const running = names.map((name, index) => ({
    ...{ name, connectedAt: 0, dht: { put } },
    host: { isPaused: false, runtime: { clock: { now: () => now } } },
    overlay: {
      address: { bytes: new Uint8Array(20).fill((index * 0x100) / names.length, 0, 1) },
      connections: { all: () => silentMs.map((ms) => ({ channel: { lastHeardAt: now - ms } })) },
    },
  })) as unknown as SimulatedNode[]
  const values = new Values({
    world: { elapsedMs: () => 1_000 } as unknown as World,
    ring: { running } as unknown as SimulatedRing,
    random: { below: () => 0 } as unknown as Random,
    violations: {} as unknown as Violations,
    plan: { conditions: {}, faults: [] } as unknown as FaultPlan,
  })
  values.putOne()
  return {
    values,
    lose: (index: number) => values.noteLoss(running[index] as SimulatedNode, [running]),
    acknowledge: async () => {
      settle.acknowledge?.()
      await Promise.resolve()
    },
    refuse: async () => {
      settle.refuse?.(new Error('no quorum'))
      for (let turn = 0; turn < 3; turn++) await Promise.resolve()
    },
  }
}
