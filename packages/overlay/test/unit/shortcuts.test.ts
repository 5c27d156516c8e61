/** Shortcuts: as many as the ring asks for, and of those that were tried the quickest. */
import { Address } from '@ipop/address'
import { silentLog, type Random } from '@ipop/runtime'
import { World } from '@ipop/simulator'
import type { Channel } from '@ipop/transport'
import { describe, expect, it } from '@jest/globals'
import { Connection } from '../../src/connections/connection.ts'
import { ConnectionTable } from '../../src/connections/connection-table.ts'
import { Role } from '../../src/connections/roles.ts'
import { SHORTCUT_TRIAL_FIRST_MS, SHORTCUT_TRIAL_MAX_MS } from '../../src/limits.ts'
import type { Linker } from '../../src/linking/linker.ts'
import { Shortcuts, shortcutsWanted } from '../../src/topology/shortcuts.ts'

const RING = 256
const WANTED = shortcutsWanted(RING)

describe('Shortcuts', () => {
  it('opens as many as are wanted within a minute, and none in a small ring', async () => {
    const large = shortcutsWith()
    await large.run(60_000)
    expect(large.delays()).toHaveLength(WANTED)
    const small = shortcutsWith()
    await small.run(600_000, 10)
    expect(small.delays()).toEqual([])
  })

  it('keeps the quickest of all that it tried', async () => {
    const { run, delays, tried } = shortcutsWith()
    await run(16 * SHORTCUT_TRIAL_FIRST_MS)
    expect(tried.length).toBeGreaterThan(WANTED)
    const quickest = [...tried].sort((a, b) => a - b).slice(0, WANTED)
    expect(delays().sort((a, b) => a - b)).toEqual(quickest)
  })

  it('tries ever more seldom', async () => {
    const { run, tried } = shortcutsWith()
    await run(4 * 3_600_000)
    const before = tried.length
    await run(4 * 3_600_000)
    const trials = tried.length - before
    expect(trials).toBeGreaterThanOrEqual((0.7 * 4 * 3_600_000) / SHORTCUT_TRIAL_MAX_MS)
    expect(trials).toBeLessThanOrEqual((1.4 * 4 * 3_600_000) / SHORTCUT_TRIAL_MAX_MS)
  })

  it('does not count a trial that led to nobody new', async () => {
    const { run, delays, fail } = shortcutsWith()
    await run(60_000)
    fail()
    await run(3_600_000)
    expect(delays()).toHaveLength(WANTED)
  })
})

/** A policy whose linker opens a shortcut with a random delay at once. */
function shortcutsWith() {
  const { random } = new World({ seed: 5 })
  const table = new ConnectionTable(Address.random(random))
  const tried: number[] = []
  let isFailing = false
  let now = 0
  const requestLink = () => {
    if (isFailing) return Promise.reject(new Error('nobody answers'))
    const connection = connectionTo(random, now)
    tried.push(connection.rttMs ?? 0)
    connection.setRole(Role.shortcut, true)
    table.add(connection)
    return Promise.resolve([connection.address])
  }
  const linker = { requestLink } as unknown as Linker
  const shortcuts = new Shortcuts({ table, linker, random: random.fork('s'), log: silentLog })
  return {
    tried,
    fail: () => (isFailing = true),
    delays: () => table.withRole(Role.shortcut).map(({ rttMs }) => rttMs ?? 0),
    run: async (ms: number, ringSize = RING) => {
      const until = now + ms
      for (; now < until; now += 1_000) {
        shortcuts.evaluate(ringSize, now)
        await Promise.resolve().then(() => undefined)
      }
    },
  }
}

function connectionTo(random: Random, now: number): Connection {
  const rttMs = 10 + 300 * random.float()
  const channel = { address: Address.random(random), rttMs, remoteStatus: 0 }
  return new Connection(channel as unknown as Channel, now)
}
