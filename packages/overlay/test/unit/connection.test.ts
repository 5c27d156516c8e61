/** Connections: when they are probed because packets are handed to them, and which ones would be missed. */
import { Address } from '@ipop/address'
import type { Channel } from '@ipop/transport'
import { describe, expect, it } from '@jest/globals'
import { Connection } from '../../src/connections/connection.ts'
import { Role } from '../../src/connections/roles.ts'

describe('Connection', () => {
  it('probes a peer that was silent, and not again before it had time to answer', () => {
    const { connection, channel } = connected()
    connection.probeAfter(1_000, 999)
    expect(channel.probes).toBe(0)
    connection.probeAfter(1_000, 1_000)
    connection.probeAfter(1_000, 1_999)
    expect(channel.probes).toBe(1)
    connection.probeAfter(1_000, 2_000)
    expect(channel.probes).toBe(2)
  })

  it('does not probe a peer that was heard lately', () => {
    const { connection, channel } = connected()
    channel.lastHeardAt = 5_000
    connection.probeAfter(1_000, 5_999)
    expect(channel.probes).toBe(0)
  })

  it.each([
    [Role.near, 0, true],
    [0, Role.onDemand, true],
    [Role.shortcut, Role.leaf, false],
    [0, 0, false],
  ])('with roles %i here and %i there is hard to replace: %p', (here, there, isHard) => {
    const { connection, channel } = connected()
    connection.setRole(here, true)
    channel.remoteStatus = there
    expect(connection.isHardToReplace).toBe(isHard)
  })
})

function connected() {
  const channel = {
    address: Address.zero,
    lastHeardAt: 0,
    remoteStatus: 0,
    probes: 0,
    probe: () => void channel.probes++,
  }
  return { connection: new Connection(channel as unknown as Channel, 0), channel }
}
