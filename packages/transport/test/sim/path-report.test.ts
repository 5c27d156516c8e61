/** What is said of the ways to a peer. */
import { describe, expect, it } from '@jest/globals'
import { reportPaths, TransportAddress } from '@ipop/transport'
import { PATHS_GONE_MAX } from '../../src/limits.ts'
import { connected, twoNodes } from '../helpers/nodes.ts'
import { joinedEdges } from '../helpers/ring-edges.ts'

describe('the report of a channel', () => {
  it('tells the active path from endpoints that never answered', async () => {
    const { world, left, right } = await twoNodes()
    const hint = right.table.hintOf()
    const nobody = TransportAddress.udp({ host: '192.168.77.7', port: 9 })
    const channel = left.table.dial({ ...hint, endpoints: [nobody, ...hint.endpoints] })
    await world.run({ forMs: 5_000 })
    const reports = reportPaths(channel, world.elapsedMs())
    const active = reports.find(({ outcome }) => outcome === 'active')
    expect(active?.endpoint).toBe(String(hint.endpoints[0]))
    expect(active?.activeForMs).toBeGreaterThan(4_000)
    expect(active?.rttMs).toBeGreaterThan(0)
    const silent = reports.find(({ endpoint }) => endpoint === String(nobody))
    expect(silent).toMatchObject({ outcome: 'no answer', origin: 'local' })
    expect(silent?.tries).toBeGreaterThan(0)
    const [other] = reportPaths(right.told.up[0] as typeof channel, world.elapsedMs())
    expect(other).toMatchObject({ outcome: 'active', origin: 'incoming' })
  })

  it('remembers ways that were given up, and not too many', async () => {
    const { world, hosts, left, right, toRight } = await connected()
    for (let i = 0; i < PATHS_GONE_MAX + 4; i++) {
      const id = `relay ${i}`
      const [edge] = joinedEdges(hosts[0].runtime, [left, right], { kind: 'relay', delayMs: 9, id })
      toRight.addEdge(edge)
      await world.run({ forMs: 100 })
      edge.close()
    }
    toRight.ways.networkChanged()
    const gone = reportPaths(toRight, world.elapsedMs()).filter(
      ({ outcome }) => outcome === 'closed',
    )
    expect(gone).toHaveLength(PATHS_GONE_MAX)
    expect(gone.every(({ origin }) => origin === 'relay')).toBe(true)
  })
})
