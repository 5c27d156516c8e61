/** The memory of peers that worked: order, cap, turns. */
import { describe, expect, it } from '@jest/globals'
import { Address } from '@ipop/address'
import { TransportAddress } from '@ipop/transport'
import { ConnectionTable } from '../../src/connections/connection-table.ts'
import {
  REMEMBERED_DIAL_GAP_MS,
  REMEMBERED_DIALS_MAX,
  REMEMBERED_PEERS_MAX,
} from '../../src/limits.ts'
import { Remembered } from '../../src/topology/remembered.ts'

const ENDPOINTS = [TransportAddress.udp({ host: '192.0.2.7', port: 4_000 })]

describe('remembered peers', () => {
  it('are listed newest first, the ones of a file by their dates', () => {
    const memory = remember([peer(1, 100), peer(2, 300), peer(3, 200)])
    memory.note(peer(4))
    memory.note(peer(1))
    expect(memory.list().map(numberOf)).toEqual([1, 4, 2, 3])
  })

  it('are at most so many, and the oldest is forgotten', () => {
    const memory = remember([])
    for (let i = 0; i <= REMEMBERED_PEERS_MAX; i++) memory.note(peer(i))
    expect(memory.size).toBe(REMEMBERED_PEERS_MAX)
    expect(memory.list().map(numberOf)).not.toContain(0)
  })

  it('without an endpoint are not remembered', () => {
    const memory = remember([])
    memory.note({ hint: { ...peer(1).hint, endpoints: [] } })
    expect(memory.size).toBe(0)
  })

  it('are dialled a few at a time until all had their turn', () => {
    const memory = remember([])
    for (let i = 1; i <= REMEMBERED_DIALS_MAX + 1; i++) memory.note(peer(i))
    const first = memory.poll(0)
    expect(first).toHaveLength(REMEMBERED_DIALS_MAX)
    expect(memory.poll(REMEMBERED_DIAL_GAP_MS - 1)).toEqual([])
    const second = memory.poll(REMEMBERED_DIAL_GAP_MS)
    const all = new Set([...first, ...second].map(({ address }) => address.key))
    expect(all.size).toBe(REMEMBERED_DIALS_MAX + 1)
  })
})

function remember(peers: ReturnType<typeof peer>[]): Remembered {
  const clock = { now: () => 0, wallTimeMs: () => 1_000 }
  return new Remembered({ clock, table: new ConnectionTable(addressOf(999)) }, peers)
}

function peer(number: number, seenAtMs = 0) {
  const address = addressOf(number)
  return { hint: { address, sessionKey: new Uint8Array(32), endpoints: ENDPOINTS }, seenAtMs }
}

function addressOf(number: number): Address {
  const bytes = new Uint8Array(20)
  bytes[0] = number >> 8
  bytes[1] = number
  return Address.fromBytes(bytes) as Address
}

function numberOf({ hint }: { hint: { address: Address } }): number {
  const [high = 0, low = 0] = hint.address.bytes
  return high * 256 + low
}
