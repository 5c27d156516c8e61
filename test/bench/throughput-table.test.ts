/** What the throughput table makes of samples. */
import { describe, expect, it } from '@jest/globals'
import { rowsOf, type Visit } from '../../bench/lib/vpn-table.mjs'

const PEERS = ['raw', 'tinc', 'nebula', 'peer-ipop']
const QUIET = { others: 0.05, steal: 0 }
const LOUD = { others: 0.05, steal: 0.2 }

describe('rowsOf', () => {
  it('takes the quiet samples where there are any, and says where there are none', () => {
    const rows = rowsOf(
      [
        visit(0, 'tinc', { tcp: { gbps: 1, noise: QUIET } }),
        visit(1, 'tinc', { tcp: { gbps: 9, noise: LOUD } }),
        visit(2, 'tinc', { tcp: { gbps: 2, noise: QUIET } }),
        visit(0, 'nebula', { tcp: { gbps: 3, noise: LOUD } }),
      ],
      PEERS,
    )
    expect(rows).toMatchObject([
      { peer: 'tinc', median: 1.5, min: 1, max: 2, n: 2, isQuiet: true },
      { peer: 'nebula', median: 3, n: 1, isQuiet: false },
    ])
  })

  it('compares with the bare link of the same round and with the best other peer', () => {
    const rates = { raw: [10, 20], tinc: [1, 1], nebula: [2, 2], 'peer-ipop': [5, 5] }
    const visits = Object.entries(rates).flatMap(([peer, found]) =>
      found.map((gbps, round) => visit(round, peer, { tcp: { gbps, noise: QUIET } })),
    )
    const row = rowsOf(visits, PEERS).find(({ peer }) => peer === 'peer-ipop')
    expect(row).toMatchObject({ median: 5, must: 5, goal: 8, best: 'nebula', toBest: 2.5 })
    expect(row?.toRaw).toBeCloseTo((0.5 + 0.25) / 2)
  })

  it('subtracts the round trip of the bare link, and takes the smallest of the others for the best', () => {
    const medians = { raw: 20, tinc: 170, nebula: 120, 'peer-ipop': 80 }
    const visits = Object.entries(medians).map(([peer, median]) =>
      visit(0, peer, { loop: { median, p99: 2 * median, noise: QUIET } }),
    )
    const rows = rowsOf(visits, PEERS).filter(({ figure }) => figure.includes('busy'))
    expect(rows.map(({ median }) => median)).toEqual([20, 150, 100, 60])
    expect(rows.at(-1)).toMatchObject({ best: 'nebula', toBest: 0.6, must: 100, goal: 60 })
  })

  it('tells relayed traffic as a part of the direct one of the same round', () => {
    const tcp = { gbps: 8, noise: QUIET }
    const visits = [
      visit(0, 'peer-ipop', { tcp, relay: { gbps: 6, noise: QUIET } }),
      visit(1, 'peer-ipop', { relay: { gbps: 6, noise: QUIET } }),
    ]
    const row = rowsOf(visits, PEERS).find(({ figure }) => figure === 'relayed, of direct')
    expect(row).toMatchObject({ median: 75, n: 1, must: 50, goal: 70 })
  })

  it('tells what a relay adds to the direct round trip of the same round', () => {
    const loop = { median: 80, p99: 200, noise: QUIET }
    const relayed = { median: 130, p99: 260, noise: QUIET }
    const visits = [
      visit(0, 'peer-ipop', { loop, 'relay-loop': relayed }),
      visit(1, 'peer-ipop', { 'relay-loop': relayed }),
    ]
    const rowOf = (name: string) => rowsOf(visits, PEERS).find(({ figure }) => figure === name)
    expect(rowOf('round trip relayed, busy UDP loop')).toMatchObject({ median: 130, n: 2 })
    expect(rowOf('added by the relay, busy UDP loop')).toMatchObject({ median: 50, n: 1 })
    expect(rowOf('added by the relay, busy UDP loop, p99')).toMatchObject({ median: 60, n: 1 })
    expect(rowOf('added by the relay, idle ping')).toBeUndefined()
  })
})

function visit(round: number, peer: string, parts: Visit['parts']): Visit {
  return { round, peer, parts }
}
