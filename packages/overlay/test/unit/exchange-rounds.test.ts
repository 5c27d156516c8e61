/** Whom a newcomer asks: one leaf at first, the others when that does not answer, and one more when it has its place. */
import { Address } from '@ipop/address'
import type { Channel } from '@ipop/transport'
import { describe, expect, it } from '@jest/globals'
import { Connection } from '../../src/connections/connection.ts'
import { ConnectionTable } from '../../src/connections/connection-table.ts'
import { Role, STATUS_IN_RING } from '../../src/connections/roles.ts'
import {
  INCOMPLETE_RETRY_MIN_MS,
  INCOMPLETE_RETRY_MS,
  LEAF_PATIENCE_MS,
  LEAF_STATUS_MS,
} from '../../src/limits.ts'
import { ExchangeRounds, type ExchangeRoundsModules } from '../../src/topology/exchange-rounds.ts'

describe('exchange rounds', () => {
  it('look a newcomer up through its first leaf, and through others only while that does not answer', () => {
    const { rounds, leaf, run, lookups, exchanger } = newcomer()
    for (const number of [1, 2, 3]) rounds.leafUp(leaf(number))
    expect(lookups).toEqual(['1'])
    run(INCOMPLETE_RETRY_MIN_MS)
    expect(lookups).toEqual(['1', '3'])
    exchanger.hasLookedUp = true
    run(3 * INCOMPLETE_RETRY_MIN_MS)
    expect(lookups).toEqual(['1', '3'])
  })

  it('ask through all leaves in turn when it takes long', () => {
    const { rounds, leaf, run, lookups, exchanger } = newcomer()
    exchanger.hasLookedUp = true
    for (const number of [1, 2, 3]) rounds.leafUp(leaf(number))
    const lateMs = 3 * INCOMPLETE_RETRY_MIN_MS
    for (const at of [0, INCOMPLETE_RETRY_MIN_MS, lateMs]) run(at)
    for (const count of [1, 2, 3, 4]) run(lateMs + count * INCOMPLETE_RETRY_MS)
    expect(lookups).toEqual(['1', '3', '2', '1', '3'])
  })

  it('count what takes long from when the ring has answered', () => {
    const { rounds, leaf, run, lookups, exchanger } = newcomer()
    const [first, second] = [leaf(1, STATUS_IN_RING), leaf(2, STATUS_IN_RING)]
    for (const each of [first, second]) each.wasInRing = true
    rounds.leafUp(first)
    const answeredMs = INCOMPLETE_RETRY_MIN_MS - 50
    run(answeredMs)
    exchanger.hasLookedUp = true
    const pausesMs = 3 * INCOMPLETE_RETRY_MIN_MS + INCOMPLETE_RETRY_MS
    for (let at = answeredMs; at < answeredMs + pausesMs; at += 50) run(at)
    expect(lookups).toEqual(['1'])
    run(answeredMs + pausesMs)
    expect(lookups).toEqual(['1', '2'])
  })

  it('ask through one more leaf whether it is in the same ring once the node has its place', () => {
    const { rounds, leaf, lookups, membership } = newcomer()
    for (const number of [1, 2, 3]) rounds.leafUp(leaf(number))
    membership.isInRing = true
    rounds.joined()
    expect(lookups).toEqual(['1', 'nearer by 2'])
    rounds.leafUp(leaf(4))
    expect(lookups.at(-1)).toBe('4')
  })

  it('exchange with the leaf that looks the node up, and with leaves that have no place either', () => {
    const { rounds, leaf, run, partners } = newcomer()
    for (const number of [1, 2]) rounds.leafUp(leaf(number, STATUS_IN_RING))
    rounds.leafUp(leaf(3))
    run(LEAF_STATUS_MS - 1)
    expect(partners).toEqual(['1'])
    run(2 * LEAF_STATUS_MS)
    expect(partners).toEqual(['1', '1', '3'])
  })

  it('wait for what the ring says before they exchange with leaves in it, and ask another leaf only when that takes long', () => {
    const { rounds, leaf, run, partners, lookups, near } = newcomer()
    const leaves = [1, 2].map((number) => leaf(number, STATUS_IN_RING))
    for (const each of leaves) each.wasInRing = true
    for (const each of leaves) rounds.leafUp(each)
    near.lasting = () => leaves.slice(0, 1)
    run(LEAF_PATIENCE_MS - 1)
    expect([partners, lookups]).toEqual([[], ['1', '2']])
    run(LEAF_PATIENCE_MS)
    expect(partners).toContain('1')
  })

  it('ask nobody while both neighbours agree and somebody nearer is being dialled', () => {
    const { run, leaf, near, membership, partners, lookups } = newcomer()
    leaf(1).setRole(Role.near, true)
    membership.isInRing = true
    near.isMutual = () => true
    for (let at = INCOMPLETE_RETRY_MIN_MS; at < 9_000; at += 250) run(at)
    expect(partners).toEqual([])
    near.isMutual = () => false
    for (let at = 9_000; at < 12_000; at += 250) run(at)
    expect(partners).toContain('1')
    expect(lookups).toContain('1')
  })

  it('ask for its claim only the neighbour that names somebody else', () => {
    const { run, leaf, membership, partners, disagreeing } = newcomer()
    const [, right] = [leaf(1), leaf(2)].map((each) => (each.setRole(Role.near, true), each))
    membership.isInRing = true
    disagreeing.add((right as Connection).address)
    run(INCOMPLETE_RETRY_MIN_MS)
    expect(partners).toEqual(['2'])
  })
})

/** A node without a place, whose leaves are named by numbers. */
function newcomer() {
  const table = new ConnectionTable(Address.zero)
  const lookups: string[] = []
  const partners: string[] = []
  const nameOf = ({ address }: Connection) => String(address.bytes[19] as number)
  const exchanger = {
    hasLookedUp: false,
    lookUpSelf: (via: Connection) => lookups.push(nameOf(via)),
    lookUpNearer: (via: Connection) => lookups.push(`nearer by ${nameOf(via)}`),
    exchangeWith: (partner: Connection) => partners.push(nameOf(partner)) > 0,
  }
  const membership = { isInRing: false, isComplete: false }
  const disagreeing = new Set<Address>()
  const near = {
    lasting: (): Connection[] => [],
    isLasting: () => false,
    isMutual: () => false,
    disagreeing: () => [...disagreeing],
  }
  const at = { now: 0 }
  const clock = { now: () => at.now, wallTimeMs: () => at.now }
  const modules = { clock, table, near, exchanger, membership }
  const rounds = new ExchangeRounds(modules as unknown as ExchangeRoundsModules)
  rounds.start(0)
  const leaf = (number: number, remoteStatus = 0): Connection => {
    const bytes = new Uint8Array(20)
    bytes[19] = number
    const channel = { address: Address.fromBytes(bytes), remoteStatus } as unknown as Channel
    const connection = new Connection(channel, 0)
    connection.setRole(Role.leaf, true)
    table.add(connection)
    return connection
  }
  const run = (now: number) => {
    at.now = now
    return rounds.run({ revision: 0, isPatient: membership.isInRing, now })
  }
  return { rounds, leaf, run, lookups, partners, exchanger, membership, near, disagreeing }
}
