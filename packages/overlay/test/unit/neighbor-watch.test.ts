/** Who is watched closely: the immediate neighbours, and for a moment the other near peers when one of them is silent. */
import { Address } from '@ipop/address'
import { IDLE_PROBE_MS, type Channel } from '@ipop/transport'
import { describe, expect, it } from '@jest/globals'
import { Connection } from '../../src/connections/connection.ts'
import { ConnectionTable } from '../../src/connections/connection-table.ts'
import { Role } from '../../src/connections/roles.ts'
import { LOSSY_MS, NEIGHBOR_PROBE_MS, SUSPECT_WATCH_MS } from '../../src/limits.ts'
import { NeighborWatch } from '../../src/topology/neighbor-watch.ts'

const NOW = 100_000

describe('NeighborWatch', () => {
  it('watches the immediate neighbours closely', () => {
    const { watch, closely } = watching()
    watch.evaluate(NOW)
    expect(closely()).toEqual([1, 250])
  })

  it('asks the other near peers when one is silent, and watches them closely until that is decided', () => {
    const { watch, peers, probed, closely } = watching()
    peers[3]?.hear(NOW - 100)
    watch.suspect(channelOf(peers[1]), NOW)
    expect(probed()).toEqual([2, 249, 250])
    watch.evaluate(NOW + SUSPECT_WATCH_MS - 1)
    expect(closely()).toEqual([1, 2, 249, 250])
    watch.evaluate(NOW + SUSPECT_WATCH_MS)
    expect(closely()).toEqual([1, 250])
  })

  it('asks nobody, and watches nobody closely, where a probe was lost and answered later', () => {
    const { watch, peers, probed, closely } = watching()
    peers[2]?.recover(NOW - LOSSY_MS + 1)
    watch.suspect(channelOf(peers[1]), NOW)
    watch.evaluate(NOW)
    expect(probed()).toEqual([])
    expect(closely()).toEqual([])
  })
})

interface Peer {
  readonly channel: Channel
  readonly state: { idleProbeMs: number; isProbed: boolean }
  hear(at: number): void
  recover(at: number): void
}

/** A node at position 0 with near peers at some positions of 256, all silent for ten seconds. */
function watching() {
  const table = new ConnectionTable(Address.zero)
  const peers: Record<number, Peer> = {}
  for (const position of [1, 2, 3, 249, 250]) {
    const peer = peerAt(position)
    peers[position] = peer
    const connection = new Connection(peer.channel, 0)
    connection.setRole(Role.near, true)
    table.add(connection)
  }
  const positionsOf = (isMeant: (state: Peer['state']) => boolean) =>
    Object.entries(peers).flatMap(([at, { state }]) => (isMeant(state) ? [Number(at)] : []))
  return {
    watch: new NeighborWatch({ table }),
    peers,
    probed: () => positionsOf(({ isProbed }) => isProbed),
    closely: () => positionsOf(({ idleProbeMs }) => idleProbeMs === NEIGHBOR_PROBE_MS),
  }
}

function peerAt(position: number): Peer {
  const bytes = new Uint8Array(20)
  bytes[0] = position
  const state = { idleProbeMs: IDLE_PROBE_MS, isProbed: false }
  const channel = {
    address: Address.fromBytes(bytes),
    remoteStatus: 0,
    lastHeardAt: NOW - 10_000,
    recoveredAt: Number.NEGATIVE_INFINITY,
    watch: (ms: number) => void (state.idleProbeMs = ms),
    probe: () => void (state.isProbed = true),
  }
  return {
    channel: channel as unknown as Channel,
    state,
    hear: (at) => void (channel.lastHeardAt = at),
    recover: (at) => void (channel.recoveredAt = at),
  }
}

function channelOf(peer: Peer | undefined): Channel {
  return (peer as Peer).channel
}
