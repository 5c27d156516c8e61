/** Whom a node dials around its place, and how closely it watches whom it has there. */
import { Address } from '@ipop/address'
import { describe, expect, it } from '@jest/globals'
import type { Channel } from '@ipop/transport'
import { IDLE_PROBE_MS, TransportAddress } from '@ipop/transport'
import { Connection } from '../../src/connections/connection.ts'
import { ConnectionTable } from '../../src/connections/connection-table.ts'
import { Role } from '../../src/connections/roles.ts'
import {
  LOSSY_MS,
  NEAR_PER_SIDE,
  NEIGHBOR_PROBE_MS,
  SUSPECT_AGAIN_MS,
  SUSPECT_HEARD_MS,
} from '../../src/limits.ts'
import { KnownPeers } from '../../src/topology/known-peers.ts'
import { NearNeighbors } from '../../src/topology/near-neighbors.ts'
import { NeighborWatch } from '../../src/topology/neighbor-watch.ts'

const self = at(1_000)

describe('the near policy', () => {
  it('dials beyond candidates that keep silent, and those all the same', () => {
    const places = Array.from({ length: 2 * NEAR_PER_SIDE }, (_, i) => 1_001 + i)
    const { near, slow } = candidates(...places, 999, 998, 997, 996, 995)
    const nearest = places.slice(0, NEAR_PER_SIDE)
    for (const place of nearest) slow.add(at(place).key)
    expect(dialled(near)).toEqual([996, 997, 998, 999, ...places])
  })

  it('dials only its neighbours before it has its place, and beyond those that keep silent', () => {
    const { near, slow, connect } = candidates(998, 999, 1_001, 1_002)
    expect(dialled(near, false)).toEqual([999, 1_001])
    slow.add(at(1_001).key)
    expect(dialled(near, false)).toEqual([999, 1_001, 1_002])
    connect(999)
    expect(dialled(near, false)).toEqual([1_001, 1_002])
    expect(dialled(near)).toEqual([998, 1_001, 1_002])
  })

  it('knows which near connections those that are being dialled will replace, and how far those lie', () => {
    const places = Array.from({ length: NEAR_PER_SIDE }, (_, i) => i + 1)
    const { near, connect, slow } = candidates(...places.map((place) => 1_000 + place))
    for (const place of [...places.map((step) => 1_000 - step), 2_000]) connect(place)
    near.evaluate(true)
    const lasting = () => near.lasting().map(({ address }) => address.words[4])
    expect(lasting()).not.toContain(2_000)
    const { span } = near
    for (const place of places) slow.add(at(1_000 + place).key)
    near.evaluate(true)
    expect(lasting()).toContain(2_000)
    expect(near.span).toBe(Infinity)
    expect(span).toBeLessThan(1e-6)
  })

  it('knows which of the neighbours does not name this node as its own', () => {
    const { near, connect } = candidates()
    connect(990)
    connect(1_010)
    near.noteClaim(at(1_010), { right: self })
    expect(near.disagreeing()).toEqual([at(990)])
    expect(near.isMutual()).toBe(false)
    near.noteClaim(at(990), { left: self })
    expect([near.disagreeing(), near.isMutual()]).toEqual([[], true])
  })
})

describe('the watch over neighbours', () => {
  it('asks the immediate neighbours more often than the others', () => {
    const { watch, channels } = watched()
    watch.evaluate(0)
    expect(channels.map((channel) => channel.idleProbeMs)).toEqual([
      ...[IDLE_PROBE_MS, NEIGHBOR_PROBE_MS, NEIGHBOR_PROBE_MS, IDLE_PROBE_MS],
    ])
  })

  it('asks nobody more often where a probe was lost lately', () => {
    const { watch, channels } = watched()
    channels[0]!.recoveredAt = 0
    watch.evaluate(1)
    expect(channels.every((channel) => channel.idleProbeMs === IDLE_PROBE_MS)).toBe(true)
    watch.evaluate(LOSSY_MS)
    expect(channels[1]!.idleProbeMs).toBe(NEIGHBOR_PROBE_MS)
  })

  it('asks the other near peers at once when one is silent, unless they were heard or asked just now', () => {
    const { watch, channels } = watched()
    const now = 10_000
    channels[3]!.lastHeardAt = now - SUSPECT_HEARD_MS
    watch.suspect(channels[1] as unknown as Channel, now)
    watch.suspect(channels[2] as unknown as Channel, now + 1)
    expect(channels.map((channel) => channel.probes)).toEqual([1, 0, 1, 0])
    watch.suspect(channels[2] as unknown as Channel, now + SUSPECT_AGAIN_MS)
    expect(channels.map((channel) => channel.probes)).toEqual([2, 1, 1, 1])
  })

  it('asks nobody because of one silence where a probe was lost lately', () => {
    const { watch, channels } = watched()
    channels[0]!.recoveredAt = 9_000
    watch.suspect(channels[1] as unknown as Channel, 10_000)
    expect(channels.every((channel) => channel.probes === 0)).toBe(true)
  })
})

/** A channel as the watch sees it. */
class WatchedChannel {
  readonly address: Address
  recoveredAt = Number.NEGATIVE_INFINITY
  lastHeardAt = 0
  idleProbeMs = 0
  probes = 0
  remoteStatus = 0

  constructor(address: Address) {
    this.address = address
  }

  watch(idleProbeMs: number): void {
    this.idleProbeMs = idleProbeMs
  }

  probe(): void {
    this.probes++
  }
}

function watched() {
  const table = new ConnectionTable(self)
  const channels = [998, 999, 1_001, 1_002].map((place) => new WatchedChannel(at(place)))
  for (const channel of channels) {
    const connection = new Connection(channel as unknown as Channel, 0)
    connection.setRole(Role.near, true)
    table.add(connection)
  }
  return { watch: new NeighborWatch({ table }), channels }
}

function candidates(...places: number[]) {
  const known = new KnownPeers(self)
  const slow = new Set<string>()
  for (const place of places) known.learn(hint(place), 0)
  const linker = { isSlow: (address: Address) => slow.has(address.key) }
  const table = new ConnectionTable(self)
  const connect = (place: number) => {
    const connection = new Connection({ address: at(place) } as unknown as Channel, 0)
    connection.setRole(Role.near, true)
    table.add(connection)
  }
  return { near: new NearNeighbors({ table, known, linker }), slow, connect }
}

function dialled(near: NearNeighbors, isInRing = true): number[] {
  const { dial } = near.evaluate(isInRing)
  return dial.map(({ address }) => address.words[4] ?? 0).sort((a, b) => a - b)
}

function hint(place: number) {
  const endpoints = [TransportAddress.udp({ host: '10.0.0.1', port: place })]
  return { address: at(place), sessionKey: new Uint8Array(32), endpoints }
}

function at(place: number): Address {
  return Address.fromWords(Uint32Array.of(0, 0, 0, 0, place))
}
