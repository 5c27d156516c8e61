/** The paths of a channel: over which of them datagrams of the session go that have no path yet. */
import { describe, expect, it } from '@jest/globals'
import { PathSet } from '../../src/channel/path-set.ts'
import type { Edge, EdgeKind } from '../../src/edge/edge.ts'

describe('PathSet', () => {
  it.each([
    ['all paths', 'udp', false, ['udp', 'ring']],
    ['thriftily all but the ring', 'udp', true, ['udp']],
    ['all, however thriftily, where the ring carries the channel', 'ring', true, ['udp', 'ring']],
  ] as const)('sends over %s', (_what, active, isThrifty, expected) => {
    const sent: EdgeKind[] = []
    const paths = new PathSet()
    for (const kind of ['udp', 'ring'] as const) {
      const path = paths.add(edgeOf(kind, sent), 0)
      if (path && kind === active) paths.activate(path, 0)
    }
    paths.sendOnAll(new Uint8Array(1), { isThrifty })
    expect(sent).toEqual(expected)
  })
})

function edgeOf(kind: EdgeKind, sent: EdgeKind[]): Edge {
  return {
    ...{ kind, id: kind, sourceBytes: new Uint8Array(1), isOpen: true },
    send: () => sent.push(kind) > 0,
    close: () => undefined,
  }
}
