/** Finding a node by the high bits of its address, in a real ring in virtual time. */
import { describe, expect, it } from '@jest/globals'
import { Address } from '@ipop/address'
import { findNode } from '../../src/index.ts'
import type { RingMember } from '../helpers/ring-world.ts'
import { ringOf } from '../helpers/ring-world.ts'

const KNOWN_BYTES = 12

/** A settled ring in which not everybody is connected with everybody. */
async function settledRing() {
  const ring = await ringOf({ seed: 24, nodes: 24 })
  await ring.untilConsistent()
  return ring
}

/** Returns the lowest or highest address that begins like `address`. */
function edgeOf(address: Address, fill: 0 | 0xff): Address {
  const bytes = address.bytes.slice()
  return Address.fromBytes(bytes.fill(fill, KNOWN_BYTES))
}

describe('findNode', () => {
  it.each([0, 0xff] as const)(
    'finds everybody from everywhere, on either side of the position (%i)',
    async (fill) => {
      const ring = await settledRing()
      const asker = ring.members.at(-1) as RingMember
      const distant = ring.members.filter(({ node }) => !asker.node.channelTo(node.address))
      expect(distant.length).toBeGreaterThan(1)
      for (const { node } of ring.members) {
        const search = findNode(asker.node, edgeOf(node.address, fill), (address) =>
          edgeOf(address, 0).equals(edgeOf(node.address, 0)),
        )
        expect((await ring.world.settle(search))?.equals(node.address)).toBe(true)
      }
    },
  )

  it('finds nobody where nobody is, and asks no one about a connected peer', async () => {
    const ring = await settledRing()
    const [asker] = ring.members as [RingMember]
    const nowhere = findNode(asker.node, Address.zero, () => false)
    expect(await ring.world.settle(nowhere)).toBeUndefined()
    const [peer] = asker.node.connections.all()
    const silent = {
      connections: asker.node.connections,
      call: () => Promise.reject(new Error('asked')),
    }
    const found = await findNode(silent, Address.zero, (address) => address === peer?.address)
    expect(found?.equals(peer?.address ?? Address.zero)).toBe(true)
  })
})
