/** BLAKE2s and XChaCha20-Poly1305 against published values. */
import { describe, expect, it } from '@jest/globals'
import { blake2s } from '@noble/hashes/blake2.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { fromHex, toHex } from '@ipop/codec'
import { hashBlake2s, hashPair, hkdfBlake2s, macBlake2s } from '../../src/primitives/blake2s.ts'
import { hchacha20, openX, sealX } from '../../src/primitives/xchacha20.ts'
import { seededRandom } from '../kit.ts'

const KEY = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'

describe('BLAKE2s', () => {
  it('hashes as RFC 7693 appendix B says', () => {
    expect(toHex(hashBlake2s(new TextEncoder().encode('abc')))).toBe(
      '508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982',
    )
  })

  it.each([
    ['', '48a8997da407876b3d79c0d92325ad3b89cbb754d86ab71aee047ad345fd2c49'],
    ['00', '40d15fee7c328830166ac3f918650f807e7e01e177258cdc0a39b11f598066f1'],
  ])('matches the keyed reference value of "%s"', (input, expected) => {
    expect(toHex(macBlake2s(fromHex(KEY), fromHex(input), 32))).toBe(expected)
  })

  it('agrees with a second implementation at every length around a block', () => {
    const random = seededRandom('blake2s')
    for (let length = 0; length <= 200; length++) {
      const data = random.bytes(length)
      expect(toHex(hashBlake2s(data))).toBe(toHex(blake2s(data)))
      expect(toHex(hashPair(data.subarray(0, 7), data.subarray(7)))).toBe(toHex(blake2s(data)))
      const key = random.bytes(32)
      expect(toHex(macBlake2s(key, data, 16))).toBe(toHex(blake2s(data, { key, dkLen: 16 })))
    }
  })

  it('derives keys as HKDF without info does', () => {
    const [first, second, third] = hkdfBlake2s(fromHex(KEY), fromHex('0102'), 3)
    const expected = hkdf(blake2s, fromHex('0102'), fromHex(KEY), new Uint8Array(), 96)
    expect(toHex(Buffer.concat([first ?? [], second ?? [], third ?? []].map(Buffer.from)))).toBe(
      toHex(expected),
    )
  })
})

describe('XChaCha20-Poly1305', () => {
  it('derives the subkey of draft-irtf-cfrg-xchacha section 2.2.1', () => {
    expect(toHex(hchacha20(fromHex(KEY), fromHex('000000090000004a0000000031415927')))).toBe(
      '82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc',
    )
  })

  it('seals as draft-irtf-cfrg-xchacha appendix A.3.1 says', () => {
    const key = fromHex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f')
    const nonce = fromHex('404142434445464748494a4b4c4d4e4f5051525354555657')
    const aad = fromHex('50515253c0c1c2c3c4c5c6c7')
    const text =
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."
    const sealed = sealX(key, nonce, aad, new TextEncoder().encode(text))
    expect(toHex(sealed.subarray(-16))).toBe('c0875924c1c7987947deafd8780acf49')
    expect(new TextDecoder().decode(openX(key, nonce, aad, sealed))).toBe(text)
    sealed[3] = (sealed[3] ?? 0) ^ 4
    expect(openX(key, nonce, aad, sealed)).toBeUndefined()
  })
})
