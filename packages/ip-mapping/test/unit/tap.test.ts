/** TAP mode end to end: ARP, DHCP and packets in frames. */
import { describe, expect, it } from '@jest/globals'
import { Malformed, toHex } from '@ipop/codec'
import { FakeWorld, type FakeNode } from '../fakes/fake-network.ts'
import { ip, textOf, udp } from '../fakes/packets.ts'
import { hex, loadVectors } from '../fakes/vectors.ts'
import { ARP_PENDING_MAX } from '../../src/limits.ts'
import { formatIpv4 } from '../../src/ip/ipv4-address.ts'
import { decodeArp, encodeArp } from '../../src/wire/arp.ts'
import { encodeUdp } from '../../src/wire/udp.ts'
import {
  BROADCAST_MAC,
  decodeEthernet,
  encodeEthernet,
  ETHER_TYPE,
} from '../../src/wire/ethernet.ts'

const HOST_MAC = hex('02aabbccddee')

describe('a TAP interface', () => {
  it('answers ARP for other nodes and for the server, with one made-up address', async () => {
    const { world, left, right } = await tapPair()
    left.device.send(arpRequest(left.ip(), right.ip()), arpRequest(left.ip(), '10.7.0.1'))
    await world.time.advance(200)
    const answers = left.device.written.map(readArp)
    expect(answers.map((answer) => answer.ip).sort()).toEqual(['10.7.0.1', right.ip() ?? ''].sort())
    expect(answers[0]?.mac.startsWith('fe')).toBe(true)
    expect(new Set(answers.map((answer) => answer.mac)).size).toBe(1)
  })

  it('does not answer for itself, for nobody, for strangers, for probes and announcements', async () => {
    const { world, left, right } = await tapPair()
    left.device.send(
      arpRequest(right.ip(), left.ip()),
      arpRequest(left.ip(), '10.7.77.77'),
      arpRequest(left.ip(), '10.8.0.1'),
      arpRequest('0.0.0.0', right.ip()),
      arpRequest('255.255.255.255', right.ip()),
      arpRequest(right.ip(), right.ip()),
      arpRequest(left.ip(), '10.7.255.255'),
      hex('00'),
      frame(0x0806, hex('0001')),
      frame(0x86dd, new Uint8Array(40).fill(0x60)),
    )
    await world.time.advance(1_000)
    expect(left.device.written).toEqual([])
  })

  it('has a cap on ARP requests that wait', async () => {
    const { world, left } = await tapPair()
    for (let host = 0; host < ARP_PENDING_MAX + 20; host += 1) {
      left.device.send(arpRequest(left.ip(), formatIpv4(ip('10.7.8.0') + host)))
    }
    await world.time.advance(3_000)
    expect(left.device.written).toEqual([])
  })

  it('carries packets in frames', async () => {
    const { world, left, right } = await tapPair()
    right.device.send(arpRequest(right.ip(), '10.7.0.1'))
    await world.time.advance(10)
    left.device.send(frame(ETHER_TYPE.ipv4, udp(left.ip(), right.ip(), 'hello')))
    await world.time.advance(1_000)
    const frames = right.device.written.map(read).filter((f) => f.etherType === ETHER_TYPE.ipv4)
    expect(frames.map((f) => textOf(f.payload))).toEqual(['hello'])
    expect(toHex(frames[0]?.destination ?? new Uint8Array())).toBe(toHex(HOST_MAC))
  })

  it('configures the host by DHCP, also when it asked before there was an address', async () => {
    const world = new FakeWorld()
    const node = world.founder({ isTap: true })
    node.mapper.start()
    node.device.send(dhcp([53, 1, 1]))
    await world.time.until(() => node.ip() !== undefined, 5_000)
    await world.time.advance(10)
    expect(dhcpReplies(node)).toEqual([[2, node.ip()]])
    node.device.send(dhcp([53, 1, 3, 50, 4, ...octets(node.ip())]))
    await world.time.advance(10)
    expect(dhcpReplies(node)).toEqual([
      [2, node.ip()],
      [5, node.ip()],
    ])
    const first = node.ip()
    node.device.send(dhcp([53, 1, 4, 50, 4, ...octets(first)]))
    await world.time.until(() => node.ip() !== undefined && node.ip() !== first, 5_000)
    expect(node.events).toContain(`lost ${first} declined`)
    node.device.send(dhcp([53, 1, 3, 50, 4, ...octets(first)]))
    await world.time.advance(10)
    expect(dhcpReplies(node).at(-1)).toEqual([6, '0.0.0.0'])
  })

  it('answers names at the server address', async () => {
    const { world, left } = await tapPair()
    const { exchanges } = loadVectors('dns') as { exchanges: { query: string; response: string }[] }
    const question = hex(exchanges[0]?.query ?? '')
    left.device.send(
      frame(
        ETHER_TYPE.ipv4,
        encodeUdp({
          source: ip(left.ip()),
          sourcePort: 5_353,
          destination: ip('10.7.0.1'),
          destinationPort: 53,
          data: question,
        }),
      ),
    )
    await world.time.advance(10)
    const [answer] = left.device.written.map((bytes) => read(bytes).payload)
    expect(toHex(answer?.subarray(28) ?? new Uint8Array())).toBe(exchanges[0]?.response)
    expect(left.mapper.status().counters.served).toBe(1)
  })
})

async function tapPair(): Promise<{ world: FakeWorld; left: FakeNode; right: FakeNode }> {
  const world = new FakeWorld()
  return { world, ...(await world.pair({ isTap: true })) }
}

function frame(etherType: number, payload: Uint8Array): Uint8Array {
  return encodeEthernet({ destination: BROADCAST_MAC, source: HOST_MAC, etherType, payload })
}

function arpRequest(sender: string | undefined, target: string | undefined): Uint8Array {
  const message = {
    operation: 1,
    senderMac: HOST_MAC,
    senderIp: ip(sender),
    targetMac: new Uint8Array(6),
    targetIp: ip(target),
  }
  return frame(ETHER_TYPE.arp, encodeArp(message))
}

function read(bytes: Uint8Array) {
  const decoded = decodeEthernet(bytes)
  if (decoded instanceof Malformed) throw new Error(decoded.reason)
  return decoded
}

function readArp(bytes: Uint8Array): { ip: string; mac: string } {
  const { payload, destination } = read(bytes)
  const message = decodeArp(payload)
  if (message instanceof Malformed) throw new Error(message.reason)
  expect([message.operation, toHex(destination)]).toEqual([2, toHex(HOST_MAC)])
  return { ip: formatIpv4(message.senderIp), mac: toHex(message.senderMac) }
}

function dhcp(options: number[]): Uint8Array {
  const data = new Uint8Array(300)
  data.set([1, 1, 6])
  data.set(HOST_MAC, 28)
  data.set([0x63, 0x82, 0x53, 0x63, ...options, 255], 236)
  return frame(
    ETHER_TYPE.ipv4,
    encodeUdp({ source: 0, sourcePort: 68, destination: 0xffffffff, destinationPort: 67, data }),
  )
}

/** Message type and given address of every DHCP reply so far. */
function dhcpReplies(node: FakeNode): [number | undefined, string][] {
  return node.device.written
    .map((bytes) => read(bytes).payload)
    .filter((packet) => packet[23] === 68)
    .map((packet) => [packet[28 + 242], packet.subarray(28 + 16, 28 + 20).join('.')])
}

function octets(text: string | undefined): number[] {
  return (text ?? '').split('.').map(Number)
}
