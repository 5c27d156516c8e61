/** The edges of a socket by endpoint. */
import { describe, expect, it } from '@jest/globals'
import { UdpEdge, type UdpEdgeHost } from '../../src/udp/udp-edge.ts'
import { UdpEdgeTable } from '../../src/udp/udp-edge-table.ts'

const host: UdpEdgeHost = {
  isOpen: true,
  local: { host: '10.0.0.1', port: 4000 },
  sendTo: () => true,
  canSendWhole: false,
  sendWholeTo: () => false,
  holdEdge: () => undefined,
  forgetEdge: () => undefined,
}

describe('the edge table', () => {
  it('tells the ports of one host apart', () => {
    const table = new UdpEdgeTable()
    const [one, other] = [edge('10.0.0.2', 1), edge('10.0.0.2', 2)]
    for (const each of [one, other]) table.hold(each, 0)
    expect(table.get({ host: '10.0.0.2', port: 1 })).toBe(one)
    expect(table.get({ host: '10.0.0.2', port: 2 })).toBe(other)
    expect(table.get({ host: '10.0.0.2', port: 3 })).toBeUndefined()
    table.forget(one)
    expect(table.get({ host: '10.0.0.2', port: 1 })).toBeUndefined()
    expect(table.get({ host: '10.0.0.2', port: 2 })).toBe(other)
    expect(table.size).toBe(1)
  })

  it('holds one edge to an endpoint, the newest', () => {
    const table = new UdpEdgeTable()
    const [older, newer] = [edge('10.0.0.2', 1), edge('10.0.0.2', 1)]
    table.hold(older, 0)
    table.hold(newer, 1)
    expect(table.size).toBe(1)
    expect(table.get({ host: '10.0.0.2', port: 1 })).toBe(newer)
  })

  it('makes room by an idle or the oldest edge', () => {
    const table = new UdpEdgeTable(2)
    for (const port of [1, 2, 3]) table.hold(edge('10.0.0.2', port), port)
    expect(table.size).toBe(2)
    expect(table.get({ host: '10.0.0.2', port: 1 })).toBeUndefined()
    table.clear()
    expect(table.size).toBe(0)
    expect(table.get({ host: '10.0.0.2', port: 3 })).toBeUndefined()
  })
})

function edge(remote: string, port: number): UdpEdge {
  return new UdpEdge(host, { endpoint: { host: remote, port }, isLocal: false })
}
