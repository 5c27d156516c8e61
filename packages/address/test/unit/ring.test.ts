/** Ring arithmetic against a model on big integers. */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  addDistance,
  Address,
  closest,
  compareByDistance,
  compareLeftwards,
  compareRightwards,
  distance,
  isBetweenLeft,
  isBetweenRight,
  isLeftOf,
  isRightOf,
  leftDistance,
  leftFraction,
  moveLeft,
  moveRight,
  offset,
  rightDistance,
  rightFraction,
} from '../../src/index.ts'

const FULL = 2n ** 160n
const HALF = FULL / 2n
const RUNS = { numRuns: 1000 }

describe('order and distance', () => {
  it('agree with the model', () => {
    fc.assert(
      fc.property(twoNumbers(), ([a, b]) => {
        const [x, y] = [addressOf(a), addressOf(b)]
        expect(x.compare(y)).toBe(a < b ? -1 : a > b ? 1 : 0)
        expect(x.equals(y)).toBe(a === b)
        expect(numberOf(leftDistance(x, y).bytes)).toBe(mod(b - a))
        expect(numberOf(rightDistance(x, y).bytes)).toBe(mod(a - b))
        expect(numberOf(distance(x, y).bytes)).toBe(shorter(a, b))
        expect(distance(x, y).isZero()).toBe(a === b)
        expect(distance(x, y).toFraction()).toBeCloseTo(Number(shorter(a, b)) / Number(FULL), 12)
      }),
      RUNS,
    )
  })

  it('compare lengths as the model does', () => {
    fc.assert(
      fc.property(twoNumbers(), fc.tuple(anyNumber(), anyNumber()), ([a, b], [c, d]) => {
        const first = distance(addressOf(a), addressOf(b))
        const second = distance(addressOf(c), addressOf(d))
        expect(first.compare(second)).toBe(sign(shorter(a, b) - shorter(c, d)))
        expect(first.equals(second)).toBe(shorter(a, b) === shorter(c, d))
      }),
      RUNS,
    )
  })

  it('give shares and orders in both directions without making lengths', () => {
    fc.assert(
      fc.property(anyNumber(), twoNumbers(), (center, [a, b]) => {
        const [from, x, y] = [addressOf(center), addressOf(a), addressOf(b)]
        expect(leftFraction(from, x)).toBe(leftDistance(from, x).toFraction())
        expect(rightFraction(from, x)).toBe(rightDistance(from, x).toFraction())
        expect(compareLeftwards(from)(x, y)).toBe(sign(mod(a - center) - mod(b - center)))
        expect(compareRightwards(from)(x, y)).toBe(sign(mod(center - a) - mod(center - b)))
      }),
      RUNS,
    )
  })

  it('wraps at zero', () => {
    const [last, first] = [addressOf(FULL - 2n), addressOf(2n)]
    expect(numberOf(distance(last, first).bytes)).toBe(4n)
    expect(numberOf(leftDistance(last, first).bytes)).toBe(4n)
    expect(isLeftOf(first, last)).toBe(true)
    expect(isLeftOf(last, first)).toBe(false)
  })
})

describe('isLeftOf', () => {
  it('agrees with the signed distance of the model', () => {
    fc.assert(
      fc.property(twoNumbers(), ([a, b]) => {
        expect(isLeftOf(addressOf(a), addressOf(b))).toBe(signed(b, a) > 0n)
        expect(isRightOf(addressOf(a), addressOf(b))).toBe(signed(b, a) < 0n)
      }),
      RUNS,
    )
  })

  it('calls the greater of two opposite positions the left one', () => {
    const [low, high] = [addressOf(6n), addressOf(6n + HALF)]
    expect(isLeftOf(high, low)).toBe(true)
    expect(isLeftOf(low, high)).toBe(false)
    expect(numberOf(distance(low, high).bytes)).toBe(HALF)
    expect(distance(low, high).toFraction()).toBe(0.5)
    expect(isLeftOf(addressOf(6n + HALF + 1n), low)).toBe(false)
    expect(isLeftOf(addressOf(6n + HALF - 1n), low)).toBe(true)
  })
})

describe('ranges', () => {
  it('agree with a walk in the model', () => {
    fc.assert(
      fc.property(twoNumbers(), anyNumber(), ([x, from], to) => {
        const [ax, afrom, ato] = [addressOf(x), addressOf(from), addressOf(to)]
        const left = from !== to && x !== from && mod(x - from) < mod(to - from)
        const right = from !== to && x !== from && mod(from - x) < mod(from - to)
        expect(isBetweenLeft(ax, afrom, ato)).toBe(left)
        expect(isBetweenRight(ax, afrom, ato)).toBe(right)
      }),
      RUNS,
    )
  })

  it('exclude both ends, and are empty between equal ends', () => {
    const [a, b, c] = [addressOf(2n), addressOf(4n), addressOf(8n)]
    expect(isBetweenLeft(b, a, c)).toBe(true)
    expect(isBetweenLeft(a, a, c)).toBe(false)
    expect(isBetweenLeft(c, a, c)).toBe(false)
    expect(isBetweenLeft(b, c, a)).toBe(false)
    expect(isBetweenRight(b, c, a)).toBe(true)
    expect(isBetweenRight(a, c, a)).toBe(false)
    expect(isBetweenRight(c, c, a)).toBe(false)
    expect(isBetweenLeft(b, a, a)).toBe(false)
    expect(isBetweenRight(b, a, a)).toBe(false)
  })
})

describe('positions at a distance', () => {
  it('agree with the model', () => {
    const denominators = fc.integer({ min: 1, max: 2 ** 32 })
    fc.assert(
      fc.property(anyNumber(), fc.maxSafeInteger(), denominators, (a, numerator, denominator) => {
        const way = mod((mod2(BigInt(numerator), BigInt(denominator)) * FULL) / BigInt(denominator))
        expect(numberOf(offset(addressOf(a), numerator, denominator).bytes)).toBe(mod(a + way))
      }),
      RUNS,
    )
  })

  it('come back to the start after all eight replicas', () => {
    const start = addressOf(1234n)
    const positions = Array.from({ length: 9 }, (_, i) => offset(start, i, 8))
    expect(positions[8]?.equals(start)).toBe(true)
    expect(new Set(positions.map((position) => position.key)).size).toBe(8)
    expect(positions.every((position) => position.addressClass() === 0)).toBe(true)
    expect(offset(start, -1, 8).equals(offset(start, 7, 8))).toBe(true)
  })

  it('take a fraction to the left, or to the right when negative', () => {
    fc.assert(
      fc.property(anyNumber(), fc.double({ min: 0, max: 1, noNaN: true }), (a, fraction) => {
        const way = BigInt(Math.floor(fraction * 2 ** 100 * 2 ** 60))
        expect(numberOf(addDistance(addressOf(a), fraction).bytes)).toBe(mod(a + way))
        expect(numberOf(addDistance(addressOf(a), -fraction).bytes)).toBe(mod(a - way))
      }),
      RUNS,
    )
  })

  it('move by a length', () => {
    fc.assert(
      fc.property(twoNumbers(), ([a, b]) => {
        const [x, y] = [addressOf(a), addressOf(b)]
        expect(moveLeft(x, leftDistance(x, y)).equals(y)).toBe(true)
        expect(moveRight(x, rightDistance(x, y)).equals(y)).toBe(true)
      }),
    )
  })

  it('refuse what is no share of the ring', () => {
    expect(() => offset(Address.zero, 1, 0)).toThrow(RangeError)
    expect(() => offset(Address.zero, 0.5, 2)).toThrow(RangeError)
    expect(() => offset(Address.zero, 1, 2 ** 33)).toThrow(RangeError)
    expect(() => addDistance(Address.zero, 1.5)).toThrow(RangeError)
    expect(() => addDistance(Address.zero, NaN)).toThrow(RangeError)
  })
})

describe('closest', () => {
  it('agrees with sorting in the model', () => {
    fc.assert(
      fc.property(anyNumber(), fc.array(anyNumber(), { maxLength: 8 }), (target, numbers) => {
        const sorted = [...numbers].sort((a, b) =>
          sign(shorter(target, a) - shorter(target, b) || a - b),
        )
        const candidates = numbers.map(addressOf)
        const found = closest(addressOf(target), candidates)
        expect(found === undefined ? undefined : numberOf(found.bytes)).toBe(sorted[0])
        candidates.sort(compareByDistance(addressOf(target)))
        expect(candidates.map((candidate) => numberOf(candidate.bytes))).toEqual(sorted)
      }),
    )
  })

  it('prefers the lower address of two equally near ones', () => {
    const [low, high] = [addressOf(FULL - 2n), addressOf(2n)]
    expect(closest(Address.zero, [low, high])).toBe(high)
    expect(closest(Address.zero, [high, low])).toBe(high)
    expect(
      closest(addressOf(100n), [addressOf(98n), addressOf(102n)])?.equals(addressOf(98n)),
    ).toBe(true)
    expect(closest(Address.zero, [])).toBeUndefined()
  })
})

/** Numbers that gather where arithmetic goes wrong: near 0, near half, at word borders. */
function anyNumber(): fc.Arbitrary<bigint> {
  const edges = [0n, HALF, FULL, 2n ** 32n, 2n ** 64n, 2n ** 96n, 2n ** 128n]
  const nearEdge = fc
    .tuple(fc.constantFrom(...edges), fc.bigInt({ min: -4n, max: 4n }))
    .map(([edge, delta]) => mod(edge + delta))
  return fc.oneof(nearEdge, fc.bigInt({ min: 0n, max: FULL - 1n }))
}

/** Pairs, many of them equal, adjacent, or exactly or nearly opposite. */
function twoNumbers(): fc.Arbitrary<[bigint, bigint]> {
  const close = fc.constantFrom(0n, 1n, -1n, 2n, HALF, HALF + 1n, HALF - 1n)
  const related = fc
    .tuple(anyNumber(), close)
    .map(([a, delta]): [bigint, bigint] => [a, mod(a + delta)])
  return fc.oneof(related, fc.tuple(anyNumber(), anyNumber()))
}

function mod(value: bigint): bigint {
  return mod2(value, FULL)
}

function mod2(value: bigint, modulus: bigint): bigint {
  return ((value % modulus) + modulus) % modulus
}

function shorter(a: bigint, b: bigint): bigint {
  const left = mod(b - a)
  return left <= HALF ? left : FULL - left
}

/** The way from `from` to `to` wrapped so that its magnitude is at most half. */
function signed(from: bigint, to: bigint): bigint {
  const plain = to - from
  if (plain > HALF) return plain - FULL
  return plain < -HALF ? plain + FULL : plain
}

function sign(value: bigint): -1 | 0 | 1 {
  return value < 0n ? -1 : value > 0n ? 1 : 0
}

function addressOf(value: bigint): Address {
  return Address.fromBytes(Buffer.from(value.toString(16).padStart(40, '0'), 'hex'))
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt('0x' + Buffer.from(bytes).toString('hex'))
}
