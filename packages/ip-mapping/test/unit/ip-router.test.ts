/** The router's rules, packet by packet. */
import { describe, expect, it } from '@jest/globals'
import { SeededRandom } from '@ipop/simulator'
import { formatIpv4 } from '../../src/ip/ipv4-address.ts'
import {
  DEVICE_BATCH_MAX,
  FORWARDING_CHECK_MS,
  FORWARDING_IDLE_MAX_MS,
  ICMP_ERRORS_PER_SECOND_MAX,
  WAITING_MAX_MS,
  WAITING_PACKETS_MAX,
  WAITING_PACKETS_PER_IP_MAX,
} from '../../src/limits.ts'
import type { DropReason } from '../../src/router/counters.ts'
import type { PuntedPacket } from '../../src/services.ts'
import { encodeIpv4 } from '../../src/wire/ipv4.ts'
import { ip, textOf, udp, forbidFragments } from '../fakes/packets.ts'
import { Bench, OWN, THEIRS, peer, self, stranger } from '../fakes/router-bench.ts'

describe('IpRouter outgoing', () => {
  const cases: [name: string, packet: Uint8Array, reason: DropReason][] = [
    ['garbage', new Uint8Array([0x45, 0, 0]), 'malformed'],
    ['an empty packet', new Uint8Array(), 'malformed'],
    ['IPv6 garbage', new Uint8Array(40).fill(0x60), 'malformed'],
    ['a foreign source', udp('10.7.0.11', THEIRS, 'x'), 'foreignSource'],
    ['loopback destinations', udp(OWN, '127.0.0.1', 'x'), 'martian'],
    ['destinations outside', udp(OWN, '10.8.0.1', 'x'), 'outsideNetwork'],
    ['the server address', udp(OWN, '10.7.0.1', 'x'), 'noService'],
    ['groups when they are off', udp(OWN, '224.0.0.251', 'x'), 'multicastDisabled'],
    ['broadcasts when they are off', udp(OWN, '10.7.255.255', 'x'), 'multicastDisabled'],
    ['packets above the MTU', udp(OWN, THEIRS, 'x'.repeat(1_500)), 'tooBig'],
  ]
  it.each(cases)('drops %s', (_name, packet, reason) => {
    const bench = new Bench()
    bench.router.handleOutgoing([packet], 0)
    expect(bench.router.counters.dropped[reason]).toBe(1)
    expect(bench.sent).toEqual([])
  })

  it('drops everything while there is no own address', () => {
    const bench = new Bench()
    bench.router.setOwn(undefined)
    bench.router.handleOutgoing([udp(OWN, THEIRS, 'x')], 0)
    expect(bench.router.counters.dropped.noOwnAddress).toBe(1)
  })

  it('loops packets to the own address back', () => {
    const bench = new Bench()
    bench.router.handleOutgoing([udp(OWN, OWN, 'me')], 0)
    bench.router.flush()
    expect(bench.written.map(textOf)).toEqual(['me'])
  })

  it('sends without the padding a device may add', () => {
    const bench = new Bench()
    bench.learn(THEIRS, peer)
    bench.sessions.add(peer.key)
    const packet = udp(OWN, THEIRS, 'x')
    bench.router.handleOutgoing([new Uint8Array([...packet, 0, 0, 0])], 0)
    expect(bench.sent).toEqual([packet])
  })

  it('tells the host of packets that are too long for the path to a peer', () => {
    const bench = new Bench()
    bench.learn(THEIRS, peer)
    bench.sessions.add(peer.key)
    bench.packetBytesMax = 1_220
    const mayBeCut = udp(OWN, THEIRS, 'x'.repeat(1_300))
    const mayNot = forbidFragments(udp(OWN, THEIRS, 'x'.repeat(1_300)))
    const short = forbidFragments(udp(OWN, THEIRS, 'short'))
    bench.router.handleOutgoing([mayNot, mayBeCut, short], 0)
    bench.router.flush()
    expect(bench.sent).toEqual([mayBeCut, short])
    expect(bench.router.counters.dropped.tooBig).toBe(1)
    const [answer] = bench.written
    // ICMP type 3, code 4, and the MTU (RFC 1191).
    expect([...(answer?.subarray(20, 22) ?? []), answer?.[26], answer?.[27]]).toEqual([
      3, 4, 4, 196,
    ])
  })

  it('waits for the session and sends in order when it comes up', () => {
    const bench = new Bench()
    bench.learn(THEIRS, peer)
    for (const text of ['1', '2', '3']) bench.router.handleOutgoing([udp(OWN, THEIRS, text)], 0)
    expect(bench.wanted).toEqual([peer.key])
    bench.sessions.add(peer.key)
    bench.router.handleChannelUp(peer, 10)
    expect(bench.sent.map(textOf)).toEqual(['1', '2', '3'])
    expect(bench.router.waitingCount).toBe(0)
  })

  it('tries again by itself when the carrier announces nothing', () => {
    const bench = new Bench()
    bench.learn(THEIRS, peer)
    bench.router.handleOutgoing([udp(OWN, THEIRS, '1')], 0)
    bench.sessions.add(peer.key)
    bench.runTo(1_000)
    expect(bench.sent.map(textOf)).toEqual(['1'])
    expect(bench.router.pollTimeout().at).toBe(Number.POSITIVE_INFINITY)
  })

  it('has caps on waiting packets, per address and in total', () => {
    const bench = new Bench()
    for (let count = 0; count <= WAITING_PACKETS_PER_IP_MAX; count += 1) {
      bench.router.handleOutgoing([udp(OWN, THEIRS, 'x')], 0)
    }
    expect(bench.router.waitingCount).toBe(WAITING_PACKETS_PER_IP_MAX)
    for (let host = 0; bench.router.waitingCount < WAITING_PACKETS_MAX; host += 1) {
      const target = formatIpv4(ip('10.7.1.0') + (host % 200))
      bench.router.handleOutgoing([udp(OWN, target, 'x')], 0)
    }
    const before = bench.router.counters.dropped.queueFull
    bench.router.handleOutgoing([udp(OWN, '10.7.1.7', 'x')], 0)
    expect(bench.router.counters.dropped.queueFull).toBe(before + 1)
    bench.runTo(WAITING_MAX_MS)
    expect(bench.router.waitingCount).toBe(0)
  })

  it('limits the rate of ICMP errors', () => {
    const bench = new Bench()
    for (let count = 0; count < 500; count += 1) {
      bench.router.handleOutgoing([udp(OWN, '10.8.0.1', 'x')], 0)
    }
    expect(bench.router.counters.icmpErrors).toBe(ICMP_ERRORS_PER_SECOND_MAX)
  })

  it('survives random bytes with a sound header', () => {
    const random = new SeededRandom(7)
    const bench = new Bench()
    for (let count = 0; count < 2_000; count += 1) {
      const packet = encodeIpv4({
        source: count % 2 === 0 ? ip(OWN) : random.uint32(),
        destination: random.uint32(),
        protocol: [1, 17, random.below(256)][count % 3] ?? 0,
        payload: random.bytes(random.below(60)),
      })
      bench.router.handleOutgoing([packet], count)
      bench.router.handleIncoming(packet, peer, count)
    }
    bench.runTo(100_000)
    expect(bench.router.waitingCount).toBe(0)
  })
})

describe('IpRouter incoming', () => {
  const cases: [name: string, packet: Uint8Array, reason: DropReason][] = [
    ['garbage', new Uint8Array([0x45, 0, 0]), 'malformed'],
    ['IPv6 garbage', new Uint8Array(40).fill(0x60), 'malformed'],
    ['martian sources', udp('127.0.0.1', OWN, 'x'), 'martian'],
    ['group sources', udp('224.0.0.1', OWN, 'x'), 'martian'],
    ['sources outside the network', udp('10.8.0.1', OWN, 'x'), 'spoofed'],
    ['the own address as source', udp(OWN, OWN, 'x'), 'spoofed'],
    ['the server address as source', udp('10.7.0.1', OWN, 'x'), 'spoofed'],
    ['other destinations', udp(THEIRS, '10.7.0.30', 'x'), 'notForUs'],
    ['groups when they are off', udp(THEIRS, '239.1.1.1', 'x'), 'multicastDisabled'],
  ]
  it.each(cases)('drops %s', (_name, packet, reason) => {
    const bench = new Bench()
    bench.learn(THEIRS, peer)
    bench.router.handleIncoming(packet, peer, 0)
    bench.router.flush()
    expect(bench.router.counters.dropped[reason]).toBe(1)
    expect(bench.written).toEqual([])
  })

  it('delivers what the holder of the source address sent', () => {
    const bench = new Bench()
    bench.learn(THEIRS, peer)
    bench.router.handleIncoming(udp(THEIRS, OWN, 'x'), peer, 0)
    bench.router.flush()
    expect(bench.written.map(textOf)).toEqual(['x'])
  })

  it('holds packets from an unknown source, in order, and judges them by the answer', () => {
    const bench = new Bench()
    for (const text of ['1', '2']) bench.router.handleIncoming(udp(THEIRS, OWN, text), peer, 0)
    bench.router.handleIncoming(udp(THEIRS, OWN, 'forged'), stranger, 0)
    bench.answer(peer)
    bench.router.flush()
    expect(bench.written.map(textOf)).toEqual(['1', '2'])
    expect(bench.router.counters.dropped.spoofed).toBe(1)
  })

  it('asks again when a packet contradicts a mapping, and then believes the DHT', () => {
    const bench = new Bench()
    bench.learn(THEIRS, stranger)
    bench.router.handleIncoming(udp(THEIRS, OWN, 'moved'), peer, 10_000)
    bench.answer(peer, 10_000)
    bench.router.flush()
    expect(bench.written.map(textOf)).toEqual(['moved'])
  })

  it('does not let a forger interrupt traffic or cause a storm of lookups', () => {
    const bench = new Bench()
    bench.learn(THEIRS, peer)
    bench.sessions.add(peer.key)
    let lookups = 0
    for (let count = 0; count < 1_000; count += 1) {
      const now = 10_000 + count
      bench.router.handleIncoming(udp(THEIRS, OWN, 'forged'), stranger, now)
      bench.router.handleOutgoing([udp(OWN, THEIRS, 'x')], now)
      if (bench.answer(peer, now)) lookups += 1
    }
    bench.router.flush()
    expect(bench.written).toEqual([])
    expect(bench.sent).toHaveLength(1_000)
    expect(lookups).toBe(1)
    expect(bench.router.counters.dropped.spoofed).toBe(1_000)
  })

  it('tells a peer that an address is not ours, in words only the right peer is believed to say', () => {
    const bench = new Bench()
    bench.sessions.add(peer.key)
    bench.router.handleIncoming(udp(THEIRS, '10.7.0.30', 'x'), peer, 0)
    const [notice] = bench.sent
    const other = new Bench({ own: THEIRS })
    other.learn('10.7.0.30', self)
    other.router.handleIncoming(notice ?? new Uint8Array(), stranger, 10_000)
    expect(other.router.counters.staleMappings).toBe(0)
    other.answer(self, 10_000)
    other.router.handleIncoming(notice ?? new Uint8Array(), self, 10_000)
    expect(other.router.counters.staleMappings).toBe(1)
    expect(other.resolver.peek(ip('10.7.0.30'), 10_000)).toBeUndefined()
  })

  it('writes to the device in batches', () => {
    const bench = new Bench()
    bench.learn(THEIRS, peer)
    for (let count = 0; count < DEVICE_BATCH_MAX + 6; count += 1) {
      bench.router.handleIncoming(udp(THEIRS, OWN, 'x'), peer, 0)
    }
    expect(bench.batches).toEqual([DEVICE_BATCH_MAX])
    expect(bench.scheduled).toHaveLength(1)
    bench.scheduled[0]?.()
    expect(bench.batches).toEqual([DEVICE_BATCH_MAX, 6])
  })

  it('counts what the device refuses', () => {
    const bench = new Bench()
    bench.learn(THEIRS, peer)
    bench.accepts = 1
    for (const text of ['1', '2']) bench.router.handleIncoming(udp(THEIRS, OWN, text), peer, 0)
    bench.router.flush()
    expect(bench.router.counters).toMatchObject({ delivered: 1, dropped: { deviceFull: 1 } })
  })
})

describe('IpRouter with groups', () => {
  it('copies multicast and broadcast to the members it can reach, and connects to the others', () => {
    const bench = new Bench({ members: [peer, stranger] })
    bench.sessions.add(peer.key)
    for (const group of ['224.0.0.251', '255.255.255.255', '10.7.255.255']) {
      bench.router.handleOutgoing([udp(OWN, group, group)], 0)
    }
    expect(bench.sent.map(textOf)).toEqual(['224.0.0.251', '255.255.255.255', '10.7.255.255'])
    expect(bench.wanted).toEqual([stranger.key, stranger.key, stranger.key])
  })

  it('delivers them only from the holder of the source address', () => {
    const bench = new Bench({ members: [] })
    bench.learn(THEIRS, peer)
    bench.router.handleIncoming(udp(THEIRS, '224.0.0.251', 'x'), peer, 0)
    bench.router.handleIncoming(udp(THEIRS, '224.0.0.251', 'forged'), stranger, 0)
    bench.router.flush()
    expect(bench.written.map(textOf)).toEqual(['x'])
  })
})

describe('IpRouter with a forwarding table', () => {
  it('installs rows for what it sent and verified, and withdraws them with their mapping', () => {
    const bench = new Bench({ withTable: true })
    bench.learn(THEIRS, peer)
    bench.sessions.add(peer.key)
    bench.router.handleOutgoing([udp(OWN, THEIRS, 'x')], 0)
    bench.router.handleIncoming(udp(THEIRS, OWN, 'x'), peer, 0)
    expect(bench.rows.get(ip(THEIRS))).toMatchObject({
      prefixLength: 32,
      peer,
      allowedSources: [ip(THEIRS)],
    })
    bench.resolver.invalidate(ip(THEIRS))
    bench.pumpEvents(0)
    expect(bench.rows.size).toBe(0)
  })

  it('withdraws the rows of a lost peer, and all when the own address goes', () => {
    for (const lose of [
      (bench: Bench) => bench.router.handlePeerDown(peer),
      (bench: Bench) => bench.router.setOwn(undefined),
    ]) {
      const bench = new Bench({ withTable: true })
      bench.learn(THEIRS, peer)
      bench.router.handleIncoming(udp(THEIRS, OWN, 'x'), peer, 0)
      expect(bench.router.rowCount).toBe(1)
      lose(bench)
      expect(bench.rows.size).toBe(0)
    }
  })

  it('refreshes mappings whose packets it never sees, and withdraws idle rows', () => {
    const bench = new Bench({ withTable: true })
    bench.learn(THEIRS, peer, 100)
    bench.router.handleIncoming(udp(THEIRS, OWN, 'x'), peer, 0)
    for (let now = FORWARDING_CHECK_MS; now < 400_000; now += FORWARDING_CHECK_MS) {
      bench.router.handleTimeout(now)
      bench.answer(peer, now, 100)
      expect(bench.rows.size).toBe(1)
    }
    bench.idleMs = FORWARDING_IDLE_MAX_MS
    bench.runTo(500_000)
    expect(bench.rows.size).toBe(0)
    expect(bench.router.pollTimeout().at).toBe(Number.POSITIVE_INFINITY)
  })

  it('routes punted packets like any other', () => {
    const bench = new Bench({ withTable: true })
    bench.learn(THEIRS, peer)
    bench.sessions.add(peer.key)
    const batch: PuntedPacket[] = [
      { kind: 'outgoing', packet: udp(OWN, THEIRS, 'out') },
      { kind: 'incoming', packet: udp(THEIRS, OWN, 'in'), from: peer },
    ]
    bench.router.handlePunted(batch, 0)
    bench.router.flush()
    expect([bench.sent, bench.written].map((list) => list.map(textOf))).toEqual([['out'], ['in']])
  })
})
