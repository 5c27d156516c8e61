/** A pair of edges as the overlay makes them: datagrams carried by something above. */
import type { Runtime } from '@ipop/runtime'
import type { Edge, EdgeKind } from '@ipop/transport'
import type { TestNode } from './nodes.ts'

/** One end of a made-up path between two nodes. */
export interface FakeEdge extends Edge {
  /** Closes the end. */
  isOpen: boolean
  /** Loses everything while set. */
  isBroken: boolean
  /** Datagrams sent. */
  sent: number
}

/** Returns two joined edges of `kind` with the given delay. */
export function joinedEdges(
  runtime: Runtime,
  [left, right]: readonly [TestNode, TestNode],
  { kind, delayMs, id = kind }: { kind: EdgeKind; delayMs: number; id?: string },
): readonly [FakeEdge, FakeEdge] {
  const make = (to: TestNode, other: () => FakeEdge): FakeEdge => ({
    kind,
    id: `${kind}/${id}`,
    sourceBytes: new Uint8Array(1),
    isOpen: true,
    isBroken: false,
    sent: 0,
    send(datagram) {
      this.sent++
      if (this.isBroken) return true
      const copy = datagram.slice()
      runtime.timers.at(runtime.clock.now() + delayMs, 'fake edge', () =>
        to.table.receive(copy, other()),
      )
      return true
    },
    close() {
      this.isOpen = false
    },
  })
  const atLeft: FakeEdge = make(right, () => atRight)
  const atRight: FakeEdge = make(left, () => atLeft)
  return [atLeft, atRight]
}
