/** Transport addresses as text. */
import { equalBytes, Malformed } from '@ipop/codec'
import { describe, expect, it } from '@jest/globals'
import { formatIp, parseIp, TransportAddress } from '@ipop/transport'
import { HOST_NAME_LENGTH_MAX, PATH_LENGTH_MAX } from '../../src/limits.ts'

const accepted = [
  ['brunet.udp://10.0.0.1:4000', 'brunet.udp://10.0.0.1:4000'],
  ['brunet.tcp://10.0.0.1:4000/node-1', 'brunet.tcp://10.0.0.1:4000/node-1'],
  ['brunet.udp://10.0.0.1:04000/', 'brunet.udp://10.0.0.1:4000'],
  ['brunet.udp://[2001:DB8:0:0:0:0:0:1]:1', 'brunet.udp://[2001:db8::1]:1'],
  ['brunet.udp://[::]:1', 'brunet.udp://[::]:1'],
  ['brunet.udp://[1:0:0:2:0:0:0:3]:1', 'brunet.udp://[1:0:0:2::3]:1'],
  ['brunet.udp://[1:0:2:3:4:5:6:7]:1', 'brunet.udp://[1:0:2:3:4:5:6:7]:1'],
  ['brunet.udp://[::ffff:192.0.2.1]:1', 'brunet.udp://192.0.2.1:1'],
  ['brunet.udp://[64:ff9b::192.0.2.33]:1', 'brunet.udp://[64:ff9b::c000:221]:1'],
  ['brunet.udp://Bootstrap.Example:65535', 'brunet.udp://bootstrap.example:65535'],
  ['brunet.udp://a.example.:1', 'brunet.udp://a.example:1'],
  ['brunet.udp://localhost:1/a/b', 'brunet.udp://localhost:1/a/b'],
] as const

const refused = [
  ['', 'expected brunet.udp://host:port'],
  ['http://10.0.0.1:4000', 'expected brunet.udp://host:port'],
  ['brunet.udp:/10.0.0.1:4000', 'expected brunet.udp://host:port'],
  ['brunet.function://localhost:1', 'unknown transport "function", expected udp or tcp'],
  ['brunet.udp://:4000', 'host is missing'],
  ['brunet.udp://10.0.0.1', 'port is missing'],
  ['brunet.udp://10.0.0.1:', 'port is missing'],
  ['brunet.udp://10.0.0.1:0', 'port "0" is not within 1..65535'],
  ['brunet.udp://10.0.0.1:65536', 'port "65536" is not within 1..65535'],
  ['brunet.udp://10.0.0.1:4e3', 'port "4e3" is not within 1..65535'],
  ['brunet.udp://10.0.0.256:4000', '"10.0.0.256" is not an IPv4 address'],
  ['brunet.udp://10.0.1:4000', '"10.0.1" is not an IPv4 address'],
  ['brunet.udp://010.0.0.1:4000', '"010.0.0.1" is not an IPv4 address'],
  ['brunet.udp://[1::2::3]:4000', '"1::2::3" is not an IPv6 address'],
  ['brunet.udp://[10.0.0.1]:4000', '"10.0.0.1" is not an IPv6 address'],
  ['brunet.udp://[fe80::1%eth0]:4000', '"fe80::1%eth0" is not an IPv6 address'],
  ['brunet.udp://2001:db8::1:4000', 'an IPv6 address needs brackets'],
  ['brunet.udp://::1:4000', 'an IPv6 address needs brackets'],
  ['brunet.udp://ex ample:4000', '"ex ample" is not a host name'],
  ['brunet.udp://-a.example:4000', '"-a.example" is not a host name'],
  ['brunet.udp://a..example:4000', '"a..example" is not a host name'],
  ['brunet.udp://10.0.0.1:4000/a b', 'path has characters outside printable ASCII'],
] as const

describe('transport address', () => {
  it.each(accepted)('reads %s', (text, canonical) => {
    for (const form of [text, canonical]) {
      const ta = TransportAddress.parse(form)
      expect(ta instanceof Malformed ? ta.reason : ta.toString()).toBe(canonical)
    }
  })

  it.each(refused)('refuses "%s"', (text, reason) => {
    const result = TransportAddress.parse(text)
    expect(result).toBeInstanceOf(Malformed)
    expect((result as Malformed).reason).toBe(`transport address: ${reason}`)
  })

  it('caps names and paths', () => {
    const label = 'a'.repeat(63)
    const name = `${label}.${label}.${label}.${label}`
    expect(name.length).toBeGreaterThan(HOST_NAME_LENGTH_MAX)
    expect(TransportAddress.parse(`brunet.udp://${name}:1`)).toBeInstanceOf(Malformed)
    expect(
      TransportAddress.parse(`brunet.udp://a:1/${'p'.repeat(PATH_LENGTH_MAX)}`),
    ).toBeInstanceOf(TransportAddress)
    expect(
      TransportAddress.parse(`brunet.udp://a:1/${'p'.repeat(PATH_LENGTH_MAX + 1)}`),
    ).toBeInstanceOf(Malformed)
  })

  it('knows its parts', () => {
    const ta = TransportAddress.parse('brunet.tcp://[::1]:4000/x')
    if (ta instanceof Malformed) throw new Error(ta.reason)
    expect(ta).toMatchObject({ kind: 'tcp', host: '::1', port: 4000, path: 'x' })
    expect(ta.family).toBe(6)
    expect(ta.isLiteral).toBe(true)
    expect(ta.withoutPath().toString()).toBe('brunet.tcp://[::1]:4000')
    expect(ta.equals(TransportAddress.tcp({ host: '0:0::1', port: 4000 }, 'x'))).toBe(true)
    expect(ta.withHost('name.example').isLiteral).toBe(false)
    expect(JSON.stringify({ ta })).toBe('{"ta":"brunet.tcp://[::1]:4000/x"}')
  })

  it('writes every IPv6 address so that it reads back', () => {
    let state = 1
    const wrong: string[] = []
    for (let i = 0; i < 2_000; i++) {
      const bytes = new Uint8Array(16).map(() => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
        return state & 0x40000000 ? 0 : (state >>> 16) & 0xff
      })
      bytes[0] = 0x20
      const text = formatIp(bytes)
      if (!equalBytes(parseIp(text) ?? new Uint8Array(), bytes)) wrong.push(text)
    }
    expect(wrong).toEqual([])
  })
})
