/** What a path knows: which of its pings told the peer where it is seen. */
import { describe, expect, it } from '@jest/globals'
import { Path } from '../../src/channel/path.ts'
import type { Edge } from '../../src/edge/edge.ts'
import { OBSERVED_AGAIN_MS } from '../../src/limits.ts'

const EDGE: Edge = {
  ...{ kind: 'udp', id: 'udp', sourceBytes: new Uint8Array(1), isOpen: true },
  send: () => true,
  close: () => undefined,
}

describe('Path', () => {
  it('tells where the peer is seen until an answer shows that it heard so, and again after a while', () => {
    const path = new Path(EDGE)
    path.pingSent(1, 0)
    expect(path.isTelling(500)).toBe(true)
    path.pingSent(2, 1_000)
    path.pongReceived(2, 1_020)
    expect(path.isTelling(1_020)).toBe(false)
    expect(path.isTelling(1_019 + OBSERVED_AGAIN_MS)).toBe(false)
    expect(path.isTelling(1_020 + OBSERVED_AGAIN_MS)).toBe(true)
  })

  it('does not take an answer to a ping that did not tell for a reason to wait longer', () => {
    const path = new Path(EDGE)
    path.pingSent(1, 0)
    path.pongReceived(1, 20)
    path.pingSent(2, 10_000)
    path.pongReceived(2, 10_020)
    expect(path.isTelling(20 + OBSERVED_AGAIN_MS)).toBe(true)
  })

  it.each(['ask', 'demote'] as const)('tells it anew after %s', (act) => {
    const path = new Path(EDGE)
    path.pingSent(1, 0)
    path.pongReceived(1, 20)
    path[act]()
    expect(path.isTelling(20)).toBe(true)
  })
})
