/** The crawl: whom it asks, what it makes of the answers, and the twelve lines. */
import { describe, expect, it } from '@jest/globals'
import type { CborValue } from '@ipop/codec'
import { pythonFloat, reportLines, summarize } from '../../src/crawl/report.ts'
import { crawl, type ManagerCall } from '../../src/crawl/walk.ts'

/** Answers for a ring of `size` nodes n0, n1, ... in order. */
function ringOf(size: number, overrides: Record<string, CborValue> = {}) {
  const calls: string[] = []
  const name = (index: number) => `n${(index + size) % size}`
  const neighbors = (index: number): CborValue =>
    size === 1
      ? { self: name(0) }
      : {
          self: name(index),
          left: name(index + 1),
          left2: name(index + 2),
          right: name(index - 1),
          right2: name(index - 2),
        }
  const call: ManagerCall = (method, params) => {
    calls.push([method, ...(params as (string | number)[])].join(' '))
    if (method === 'localproxy') return Promise.resolve(neighbors(0))
    const [address = ''] = params as string[]
    const index = Number(address.slice(1))
    const override = overrides[address]
    if (override === 'silent') return Promise.resolve([])
    if (params[3] === 'sys:link.GetNeighbors') return Promise.resolve([neighbors(index)])
    if (override === 'fault') return Promise.reject(new Error('fault'))
    const info = {
      type: 'MultiNode',
      neighbors: neighbors(index),
      udp: 3,
      tcp: 1,
      tunnel: 1,
      subring: 0,
      cons: 4,
      sas: 4,
    }
    return Promise.resolve([{ ...info, ...(override as Record<string, CborValue> | undefined) }])
  }
  return { call, calls }
}

describe('crawl', () => {
  it('prints the twelve lines of a perfect ring', async () => {
    const records = await crawl(ringOf(17).call)
    expect(reportLines(summarize(records), 1.25)).toEqual([
      'Total Nodes: 17',
      'Consistent Nodes: 17',
      'Consistency: 1.0',
      'Connections: 68',
      'SecurityAssociations: 68',
      'WrappedEdges: 0',
      'Edges: 85',
      'RelayEdges: 17',
      'SubringEdges: 0',
      'TcpEdges: 17',
      'UdpEdges: 51',
      'Crawl took: 1.25',
    ])
  })

  it('finds one node inconsistent with itself when it is alone', async () => {
    const report = summarize(await crawl(ringOf(1).call))
    expect(report).toMatchObject({ totalNodes: 1, consistentNodes: 0, consistency: 0 })
    expect(reportLines(report, 2)[2]).toBe('Consistency: 0.0')
    expect(reportLines(summarize(new Map()), 2)[2]).toBe('Consistency: 0')
  })

  it('counts a node that never answers, after three tries', async () => {
    const { call, calls } = ringOf(5, { n2: 'silent' })
    const records = await crawl(call)
    expect(records.get('n2')).toMatchObject({ type: 'error', cons: 0, retries: 3 })
    expect(calls.filter((line) => line === 'proxy n2 3 1 Information.Info')).toHaveLength(3)
    expect(summarize(records)).toMatchObject({
      totalNodes: 5,
      consistentNodes: 3,
      consistency: 0.6,
    })
  })

  it('does not take the answer of a neighbour for that of a node that is gone', async () => {
    const records = await crawl(
      ringOf(5, { n2: { neighbors: { self: 'n3', left: 'n4', right: 'n2' } } }).call,
    )
    expect(records.get('n2')).toMatchObject({ type: 'error', left: '', right: '' })
  })

  it('asks a node without information for its neighbours', async () => {
    const records = await crawl(ringOf(3, { n1: 'fault' }).call)
    expect(records.get('n1')).toMatchObject({ type: 'bad user', left: 'n2', cons: 0 })
    expect(summarize(records).consistency).toBe(1)
  })

  it('ignores nonsense that a peer answers', async () => {
    const records = await crawl(
      ringOf(2, { n1: { udp: -5, cons: 'many', localips: [1, 'x'], neighbors: 7 } }).call,
    )
    expect(records.get('n1')).toMatchObject({ udp: 0, cons: 0, ips: 'x', left: '' })
  })

  it('never asks more than sixteen nodes at once', async () => {
    const { call } = ringOf(60)
    let open = 0
    let most = 0
    await crawl(async (method, params) => {
      most = Math.max(most, (open += 1))
      await new Promise((resolve) => setImmediate(resolve))
      open -= 1
      return call(method, params)
    })
    expect(most).toBeLessThanOrEqual(16)
  })
})

describe('pythonFloat', () => {
  it.each([
    [1, '1.0'],
    [0, '0.0'],
    [2 / 3, '0.666666666667'],
    [12.5, '12.5'],
    [1e-7, '1e-07'],
    [123.456789012345, '123.456789012'],
  ])('writes %d as Python does', (value, text) => {
    expect(pythonFloat(value)).toBe(text)
  })
})
