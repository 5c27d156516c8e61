/** The DHCP server, message by message. */
import { describe, expect, it } from '@jest/globals'
import { ByteReader, Malformed, toHex } from '@ipop/codec'
import { silentLog } from '@ipop/runtime'
import { DhcpServer, type DhcpReply, type HeldAddress } from '../../src/dhcp/dhcp-server.ts'
import { formatIpv4, readIpv4 } from '../../src/ip/ipv4-address.ts'
import { Ipv4Network } from '../../src/ip/ipv4-network.ts'
import { DHCP_CLIENT_SILENT_MS, DHCP_LEASE_SECONDS_MAX, DHCP_PENDING_MS } from '../../src/limits.ts'
import { DHCP_OPTION, DHCP_TYPE } from '../../src/wire/dhcp.ts'
import { ip } from '../fakes/packets.ts'

const MAC = '02aabbccddee'

describe('DhcpServer', () => {
  it('offers and acknowledges the address the node holds, with all that belongs to it', () => {
    const bench = new Bench()
    const offer = bench.send({ type: DHCP_TYPE.discover })
    expect(offer).toMatchObject({ type: DHCP_TYPE.offer, yourIp: '10.7.0.10', to: '10.7.0.10' })
    expect(offer?.options).toEqual({
      [DHCP_OPTION.messageType]: '02',
      [DHCP_OPTION.serverId]: '0a070001',
      [DHCP_OPTION.leaseTime]: '000000f0',
      [DHCP_OPTION.subnetMask]: 'ffff0000',
      [DHCP_OPTION.nameServer]: '0a070001',
      [DHCP_OPTION.domainName]: '69706f70',
      [DHCP_OPTION.interfaceMtu]: '058c',
    })
    const ack = bench.send({
      type: DHCP_TYPE.request,
      requestedIp: '10.7.0.10',
      serverId: '10.7.0.1',
      isBroadcastWanted: true,
    })
    expect(ack).toMatchObject({ type: DHCP_TYPE.ack, yourIp: '10.7.0.10', to: '255.255.255.255' })
  })

  it('never promises more time than the lease has', () => {
    const bench = new Bench()
    bench.heldAddress = { ip: ip('10.7.0.10'), expiresAt: 100_000 }
    bench.now = 40_000
    expect(bench.send({ type: DHCP_TYPE.discover })?.options[DHCP_OPTION.leaseTime]).toBe(
      '0000003c',
    )
    expect(DHCP_LEASE_SECONDS_MAX).toBe(0xf0)
  })

  it('renews the address in use, unicast', () => {
    const ack = new Bench().send({ type: DHCP_TYPE.request, clientIp: '10.7.0.10' })
    expect(ack).toMatchObject({ type: DHCP_TYPE.ack, yourIp: '10.7.0.10', to: '10.7.0.10' })
  })

  it('refuses any other address by broadcast', () => {
    const bench = new Bench()
    const refusals = [
      bench.send({ type: DHCP_TYPE.request, requestedIp: '10.7.0.11' }),
      bench.send({ type: DHCP_TYPE.request, clientIp: '10.7.0.11' }),
      bench.send({ type: DHCP_TYPE.request, requestedIp: '192.168.1.7', serverId: '10.7.0.1' }),
    ]
    for (const refusal of refusals) {
      expect(refusal).toMatchObject({
        type: DHCP_TYPE.nak,
        yourIp: '0.0.0.0',
        to: '255.255.255.255',
      })
      expect(Object.keys(refusal?.options ?? {})).toHaveLength(2)
    }
  })

  it('is silent when another server was chosen, for relay agents, and for a second client', () => {
    const bench = new Bench()
    const chosen = { type: DHCP_TYPE.request, requestedIp: '10.7.0.10', serverId: '192.168.1.1' }
    expect(bench.send(chosen)).toBeUndefined()
    expect(bench.send({ type: DHCP_TYPE.discover, relayIp: '10.0.0.1' })).toBeUndefined()
    expect(bench.send({ type: DHCP_TYPE.discover, mac: '02ffffffffff' })).toBeUndefined()
    bench.now = DHCP_CLIENT_SILENT_MS
    expect(bench.send({ type: DHCP_TYPE.discover, mac: '02ffffffffff' })).toBeDefined()
  })

  it('answers later when there is no address yet, and asks for the wanted one', () => {
    const bench = new Bench()
    bench.heldAddress = undefined
    expect(bench.send({ type: DHCP_TYPE.discover, requestedIp: '10.7.0.77' })).toBeUndefined()
    expect(bench.preferred).toEqual(['10.7.0.77'])
    bench.heldAddress = { ip: ip('10.7.0.77'), expiresAt: 3_600_000 }
    bench.now = 3_000
    expect(bench.read(bench.server.handleAddress(bench.now))).toMatchObject({ yourIp: '10.7.0.77' })
    expect(bench.server.handleAddress(bench.now)).toBeUndefined()
    bench.heldAddress = undefined
    bench.send({ type: DHCP_TYPE.discover })
    bench.now += DHCP_PENDING_MS + 1
    bench.heldAddress = { ip: ip('10.7.0.77'), expiresAt: 3_600_000 }
    expect(bench.server.handleAddress(bench.now)).toBeUndefined()
  })

  it('gives a declined address up, but only the one it holds', () => {
    const bench = new Bench()
    bench.send({ type: DHCP_TYPE.decline, requestedIp: '10.7.0.11' })
    expect(bench.declined).toBe(0)
    bench.send({ type: DHCP_TYPE.decline, requestedIp: '10.7.0.10' })
    expect(bench.declined).toBe(1)
  })

  it('tells parameters to a host that has an address, and lets another one in after a release', () => {
    const bench = new Bench()
    const answer = bench.send({ type: DHCP_TYPE.inform, clientIp: '10.7.0.10' })
    expect(answer).toMatchObject({ type: DHCP_TYPE.ack, yourIp: '0.0.0.0', to: '10.7.0.10' })
    expect(answer?.options[DHCP_OPTION.leaseTime]).toBeUndefined()
    expect(bench.send({ type: DHCP_TYPE.release, clientIp: '10.7.0.10' })).toBeUndefined()
    expect(bench.send({ type: DHCP_TYPE.discover, mac: '02ffffffffff' })).toBeDefined()
  })
})

interface Message {
  readonly type: number
  readonly mac?: string
  readonly clientIp?: string
  readonly relayIp?: string
  readonly requestedIp?: string
  readonly serverId?: string
  readonly isBroadcastWanted?: boolean
}

class Bench {
  now = 0
  heldAddress: HeldAddress | undefined = { ip: ip('10.7.0.10'), expiresAt: 3_600_000 }
  readonly preferred: string[] = []
  declined = 0
  readonly server = new DhcpServer({
    log: silentLog,
    network: () => {
      const network = Ipv4Network.parse('10.7.0.0', '255.255.0.0')
      return network instanceof Malformed ? undefined : network
    },
    held: () => this.heldAddress,
    prefer: (wanted) => this.preferred.push(formatIpv4(wanted)),
    decline: () => (this.declined += 1),
    mtu: () => 1_420,
  })

  send(message: Message) {
    return this.read(this.server.handleMessage(dhcpMessage(message), this.now))
  }

  read(reply: DhcpReply | undefined) {
    if (reply === undefined) return undefined
    const { message } = reply
    const options: Record<number, string> = {}
    const reader = new ByteReader(message.subarray(240))
    for (let code = reader.u8(); code !== 255 && reader.ok; code = reader.u8()) {
      if (code !== 0) options[code] = toHex(reader.bytes(reader.u8()))
    }
    const type = Number.parseInt(options[DHCP_OPTION.messageType] ?? '', 16)
    const to = formatIpv4(reply.destination)
    return { to, type, yourIp: formatIpv4(readIpv4(message, 16)), options }
  }
}

/** Builds a client's message. */
function dhcpMessage(message: Message): Uint8Array {
  const bytes = new Uint8Array(300)
  const view = new DataView(bytes.buffer)
  bytes.set([1, 1, 6])
  view.setUint32(4, 0x12345678)
  if (message.isBroadcastWanted === true) bytes[10] = 0x80
  view.setUint32(12, ip(message.clientIp ?? '0.0.0.0'))
  view.setUint32(24, ip(message.relayIp ?? '0.0.0.0'))
  bytes.set(Buffer.from(message.mac ?? MAC, 'hex'), 28)
  view.setUint32(236, 0x63825363)
  const options = [DHCP_OPTION.messageType, 1, message.type]
  for (const [code, text] of [
    [DHCP_OPTION.requestedIp, message.requestedIp],
    [DHCP_OPTION.serverId, message.serverId],
  ] as const) {
    if (text !== undefined) options.push(code, 4, ...text.split('.').map(Number))
  }
  bytes.set([...options, 255], 240)
  return bytes
}
