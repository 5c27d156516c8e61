/** Local repair: which packets are kept, and when they go another way. */
import { Address } from '@ipop/address'
import type { Channel } from '@ipop/transport'
import { World } from '@ipop/simulator'
import { describe, expect, it } from '@jest/globals'
import { Connection } from '../../src/connections/connection.ts'
import {
  REPAIR_ANSWER_MIN_MS,
  REPAIR_PACKETS_MAX,
  REPAIR_SILENCE_MS,
  REPAIR_WAYS_MAX,
} from '../../src/limits.ts'
import { LocalRepair } from '../../src/routing/local-repair.ts'

const FRAME = Uint8Array.of(3, 1, 2)

describe('LocalRepair', () => {
  it('sends a copy another way when the hop stays silent, and takes the hop for a suspect', async () => {
    const { world, repair, again, hop, channel } = repairing()
    await world.run({ forMs: REPAIR_SILENCE_MS })
    const frame = FRAME.slice()
    repair.keep(hop, frame, [])
    frame.fill(0xdb)
    expect(channel.probes).toBe(1)
    await world.run({ forMs: REPAIR_ANSWER_MIN_MS })
    expect(again).toEqual([{ frame: FRAME, tried: [hop.address.toString()] }])
    expect(hop.isSuspect).toBe(true)
    channel.lastHeardAt = world.elapsedMs()
    expect(hop.isSuspect).toBe(false)
  })

  it('does nothing when the hop answers in time', async () => {
    const { world, repair, again, hop, channel } = repairing()
    await world.run({ forMs: REPAIR_SILENCE_MS })
    repair.keep(hop, FRAME, [])
    await world.run({ forMs: 40 })
    channel.lastHeardAt = world.elapsedMs()
    await world.run({ forMs: REPAIR_ANSWER_MIN_MS })
    expect(again).toHaveLength(0)
    expect(repair.size).toBe(0)
  })

  it('keeps nothing that is handed to somebody heard lately, nor what went enough ways', async () => {
    const { world, repair, hop, channel } = repairing()
    await world.run({ forMs: REPAIR_SILENCE_MS - 1 })
    repair.keep(hop, FRAME, [])
    await world.run({ forMs: 1 })
    repair.keep(hop, FRAME, Array<Address>(REPAIR_WAYS_MAX).fill(Address.zero))
    expect(repair.size).toBe(0)
    expect(channel.probes).toBe(0)
  })

  it('waits longer for a hop that is far away, and drops the oldest packet of too many', async () => {
    const { world, repair, again, hop, channel } = repairing()
    channel.rttMs = 400
    await world.run({ forMs: REPAIR_SILENCE_MS })
    for (let each = 0; each <= REPAIR_PACKETS_MAX; each++)
      repair.keep(hop, Uint8Array.of(each >> 8, each & 255), [])
    expect(repair.size).toBe(REPAIR_PACKETS_MAX)
    await world.run({ forMs: 599 })
    expect(again).toHaveLength(0)
    await world.run({ forMs: 1 })
    expect(again).toHaveLength(REPAIR_PACKETS_MAX)
    expect(again[0]?.frame).toEqual(Uint8Array.of(0, 1))
  })

  it('sends nothing after it was closed', async () => {
    const { world, repair, again, hop } = repairing()
    await world.run({ forMs: REPAIR_SILENCE_MS })
    repair.keep(hop, FRAME, [])
    repair.close()
    await world.run({ forMs: 5_000 })
    expect(again).toHaveLength(0)
  })
})

function repairing() {
  const world = new World({ seed: 1 })
  const { clock, timers } = world.addHost().runtime
  const again: { frame: Uint8Array; tried: string[] }[] = []
  const repair = new LocalRepair({
    clock,
    timers,
    sendAgain: (frame, tried) => again.push({ frame, tried: tried.map(String) }),
  })
  const channel = {
    address: Address.zero,
    lastHeardAt: 0,
    rttMs: 40,
    isSuspect: false,
    probes: 0,
    probe: () => void channel.probes++,
  }
  const hop = new Connection(channel as unknown as Channel, 0)
  return { world, repair, again, hop, channel }
}
