/** Ethernet, ARP, DHCP and DNS: vectors and random bytes. */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { Malformed, toHex } from '@ipop/codec'
import { Ipv4Network } from '../../src/ip/ipv4-network.ts'
import { NameServer } from '../../src/dns/name-server.ts'
import { decodeArp, encodeArp } from '../../src/wire/arp.ts'
import { decodeDhcpRequest, encodeDhcpReply } from '../../src/wire/dhcp.ts'
import { decodeDnsQuery, decodeName, encodeDnsName } from '../../src/wire/dns.ts'
import { decodeEthernet, encodeEthernet, groupMac } from '../../src/wire/ethernet.ts'
import { ip } from '../fakes/packets.ts'
import { hex, loadVectors } from '../fakes/vectors.ts'

type Json = Record<string, string | number | boolean | null>
interface Case {
  readonly name: string
  readonly hex: string
  readonly fields: Json
}
type Cases<Key extends string> = Readonly<Record<Key | 'malformed', readonly Case[]>>

const arp = loadVectors('arp') as Cases<'messages'>
const ethernet = loadVectors('ethernet') as Cases<'frames'> & {
  readonly groups: readonly { readonly ip: string; readonly mac: string | null }[]
}
const dhcp = loadVectors('dhcp') as Cases<'requests' | 'replies'>
const dns = loadVectors('dns') as {
  readonly exchanges: readonly {
    readonly name: string
    readonly mode: 'StaticDns' | 'DhtDns'
    readonly query: string
    readonly response: string
  }[]
  readonly names: readonly { hex: string; offset: number; text: string; end: number }[]
  readonly malformedNames: readonly { name: string; hex: string }[]
}

describe('Ethernet', () => {
  it.each(ethernet.frames)('$name', ({ hex: text, fields }) => {
    const frame = decodeEthernet(hex(text))
    if (frame instanceof Malformed) throw new Error(frame.reason)
    expect(plain(frame)).toEqual(fields)
    expect(toHex(encodeEthernet(frame))).toBe(text)
  })

  it.each(ethernet.groups)('maps $ip to $mac', ({ ip: text, mac }) => {
    const mapped = groupMac(ip(text), ip('10.7.255.255'))
    expect(mapped === undefined ? null : toHex(mapped)).toBe(mac)
  })
})

describe('ARP', () => {
  it.each(arp.messages)('$name', ({ hex: text, fields }) => {
    const message = decodeArp(hex(`${text}0000`))
    if (message instanceof Malformed) throw new Error(message.reason)
    expect(plain(message)).toEqual(numbered(fields, ['senderIp', 'targetIp']))
    expect(toHex(encodeArp(message))).toBe(text)
  })

  it.each(arp.malformed)('refuses: $name', ({ hex: text }) => {
    expect(decodeArp(hex(text))).toBeInstanceOf(Malformed)
  })
})

describe('DHCP', () => {
  it.each(dhcp.requests)('reads: $name', ({ hex: text, fields }) => {
    const message = decodeDhcpRequest(hex(text))
    if (message instanceof Malformed) throw new Error(message.reason)
    const addresses = ['clientIp', 'relayIp', 'requestedIp', 'serverId']
    expect(plain(message)).toEqual(numbered(fields, addresses))
  })

  it.each(dhcp.replies)('writes: $name', ({ hex: text, fields }) => {
    const addresses = ['clientIp', 'yourIp', 'serverId', 'subnetMask', 'nameServer']
    const reply = { ...numbered(fields, addresses), clientMac: hex(String(fields['clientMac'])) }
    expect(toHex(encodeDhcpReply(reply as Parameters<typeof encodeDhcpReply>[0]))).toBe(text)
  })

  it.each(dhcp.malformed)('refuses: $name', ({ hex: text }) => {
    expect(decodeDhcpRequest(hex(text))).toBeInstanceOf(Malformed)
  })
})

describe('DNS', () => {
  it.each(dns.exchanges)('$name', ({ mode, query, response }) => {
    const server = new NameServer<string>({ namespace: 'lab', mode, isForwarding: false })
    server.handleMessage(hex(query), 'client', network(), 0)
    const output = server.pollOutput()
    expect(output?.kind === 'reply' && toHex(output.message)).toBe(response)
    expect(server.pollOutput()).toBeUndefined()
  })

  it.each(dns.names)('reads the name $text', ({ hex: text, offset, ...expected }) => {
    expect(decodeName(hex(text), offset)).toEqual({ text: expected.text, end: expected.end })
  })

  it.each(dns.malformedNames)('refuses a name: $name', ({ hex: text }) => {
    expect(decodeName(hex(text), 0)).toBeInstanceOf(Malformed)
  })

  it('writes names that it reads back', () => {
    const label = fc.stringMatching(/^[a-z0-9-]{1,20}$/)
    fc.assert(
      fc.property(fc.array(label, { minLength: 1, maxLength: 6 }), (labels) => {
        const bytes = encodeDnsName(labels.join('.'))
        expect(decodeName(bytes, 0)).toEqual({ text: labels.join('.'), end: bytes.length })
      }),
    )
  })
})

describe('parsers of local services', () => {
  it('accept any bytes', () => {
    let calls = 0
    const server = new NameServer<string>({ namespace: 'lab', mode: 'DhtDns', isForwarding: true })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 330 }), (bytes) => {
        decodeEthernet(bytes)
        decodeArp(bytes)
        decodeDhcpRequest(bytes)
        decodeDnsQuery(bytes)
        decodeName(bytes, bytes.length >> 1)
        server.handleMessage(bytes, 'client', network(), 0)
        calls += 1
      }),
      { numRuns: 3_000 },
    )
    expect(calls).toBe(3_000)
  })

  it('accept sound messages with any byte changed and any end', () => {
    const seeds = [
      ...dhcp.requests.map(({ hex: text }) => text),
      ...dns.exchanges.map((e) => e.query),
    ]
    const server = new NameServer<string>({ namespace: 'lab', mode: 'DhtDns', isForwarding: true })
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds),
        fc.nat(400),
        fc.integer({ min: 0, max: 255 }),
        fc.nat(400),
        (text, position, value, length) => {
          const bytes = hex(text)
          bytes[position % bytes.length] = value
          const cut = bytes.subarray(0, length)
          decodeDhcpRequest(cut)
          decodeDnsQuery(cut)
          server.handleMessage(cut, 'client', network(), 0)
        },
      ),
      { numRuns: 3_000 },
    )
    // Whatever was asked, nobody waits for more than the cap allows.
    expect([...drain(server)].length).toBeGreaterThan(0)
  })
})

function* drain(server: NameServer<string>): Generator<unknown> {
  for (let next = server.pollOutput(); next; next = server.pollOutput()) yield next
}

function network(): Ipv4Network {
  const parsed = Ipv4Network.parse('10.7.0.0', '255.255.0.0')
  if (parsed instanceof Malformed) throw new Error(parsed.reason)
  return parsed
}

/** Byte fields as hexadecimal text, and without absent fields. */
function plain(value: object): Json {
  const entries = Object.entries(value as Record<string, Json[string] | Uint8Array | undefined>)
  return Object.fromEntries(
    entries.flatMap(([key, field]) => {
      if (field === undefined) return []
      return [[key, field instanceof Uint8Array ? toHex(field) : field]]
    }),
  )
}

/** The named texts as addresses; nulls left out. */
function numbered(fields: Json, addresses: readonly string[]): Json {
  const entries = Object.entries(fields).filter(([, value]) => value !== null)
  return Object.fromEntries(
    entries.map(([key, value]) => [key, addresses.includes(key) ? ip(String(value)) : value]),
  )
}
