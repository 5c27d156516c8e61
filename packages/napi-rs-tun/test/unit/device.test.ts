/** What is decided before native code is asked. */
import { describe, expect, it } from '@jest/globals'
import { parseCidr } from '../../src/device/cidr.ts'
import { DeviceError, deviceErrorFrom } from '../../src/errors.ts'
import { isSupported, openDevice } from '../../src/index.ts'
import { Packer, unpack } from '../../src/native/packing.ts'

describe('openDevice', () => {
  it.each(['', 'sixteen-letters-', 'a/b', 'a b', 'tun%d', '..', '.', 'tün0', 'a:b'])(
    'refuses the name "%s"',
    (name) => {
      const open = () => openDevice({ name, kind: 'tun' })
      expect(open).toThrow(expect.objectContaining({ code: 'TUN_NAME_INVALID' }))
    },
  )
})

describe('parseCidr', () => {
  it('takes addresses of both families', () => {
    expect(parseCidr('10.0.0.1/24')).toEqual({ address: '10.0.0.1', prefixLength: 24 })
    expect(parseCidr('fd00::1/128')).toEqual({ address: 'fd00::1', prefixLength: 128 })
  })

  it.each(['10.0.0.1', '10.0.0.1/33', 'fd00::1/129', '/8', 'x/8', '10.0.0.1/ 8'])(
    'refuses %s',
    (text) => {
      expect(() => parseCidr(text)).toThrow(DeviceError)
    },
  )
})

describe('packed batches', () => {
  it('give back what was packed', () => {
    const packer = new Packer(1000)
    const packets = [Uint8Array.of(1, 2, 3), new Uint8Array(300).fill(7), Uint8Array.of(9)]
    for (const packet of packets) packer.add(packet)
    expect(unpack(packer.take())).toEqual(packets)
    expect(packer.take()).toHaveLength(0)
  })

  it('refuse what does not fit', () => {
    expect(new Packer(10).hasRoomFor(new Uint8Array(8))).toBe(true)
    expect(new Packer(10).hasRoomFor(new Uint8Array(9))).toBe(false)
  })
})

describe('deviceErrorFrom', () => {
  it.each([
    ['EPERM', 'TUN_NOT_PERMITTED', /CAP_NET_ADMIN/],
    ['EACCES', 'TUN_NOT_PERMITTED', /root/],
    ['ENODEV', 'TUN_UNAVAILABLE', /modprobe tun/],
    ['EBUSY', 'TUN_NAME_IN_USE', /choose another/],
    ['EWHATEVER', 'TUN_SYSTEM', /boom/],
  ])('explains %s', (systemCode, code, advice) => {
    const error = deviceErrorFrom({ code: systemCode, message: 'boom' }, 'tun0')
    expect(error).toMatchObject({ code, systemCode })
    expect(error.message).toMatch(advice)
    expect(error.message).toMatch(/^tun0: boom/)
  })
})

describe('isSupported', () => {
  it('gives a reason exactly when the answer is no', () => {
    const { ok, reason } = isSupported()
    expect(reason === '').toBe(ok)
  })
})
