/** How long a packet travels between two places. */
import type { Random } from '@ipop/runtime'
import { SimulationError } from '../errors.ts'
import { HEAVY_TAIL_MAX_MS } from '../limits.ts'

/** Where packets start and end: a host, or the NAT in front of it. */
export interface Place {
  readonly name: string
  /** Order of creation in the world, from 0. */
  readonly index: number
}

/** Returns the one-way delay between two places in milliseconds. */
export type LatencyFunction = (from: Place, to: Place) => number

/** Makes the latency function of a world from the world's generator. */
export type LatencyModel = (random: Random) => LatencyFunction

/** Returns a model in which all places are equally far apart. */
export function constantLatency(latencyMs: number): LatencyModel {
  return () => () => latencyMs
}

/** Returns a model in which every pair has its own delay, uniform between the bounds and equal both ways. */
export function uniformLatency(minMs: number, maxMs: number): LatencyModel {
  return (random) => {
    const salt = random.fork('uniform latency').uint32()
    return (from, to) => minMs + (maxMs - minMs) * pairFraction(salt, from.index, to.index)
  }
}

/** Returns a model of random places on a square whose edges join; the farthest pair is `maxMs` apart. */
export function torusLatency(maxMs: number, minMs = 1): LatencyModel {
  return (random) => {
    const points = new Map<string, readonly [number, number]>()
    const pointOf = (place: Place): readonly [number, number] => {
      const known = points.get(place.name)
      if (known !== undefined) return known
      const chance = random.fork(`torus ${place.name}`)
      const point = [chance.float(), chance.float()] as const
      points.set(place.name, point)
      return point
    }
    return (from, to) => {
      const [fromX, fromY] = pointOf(from)
      const [toX, toY] = pointOf(to)
      const distance = Math.hypot(aroundEdge(fromX - toX), aroundEdge(fromY - toY))
      return minMs + ((maxMs - minMs) * distance) / Math.SQRT1_2
    }
  }
}

/** What an original data set of delays between sites writes for a pair that was not measured. */
const MISSING_PAIR_MS = 500

/** Longest way across the square, and a place's access delay, as parts of the median (fitted by trial). */
const KING_ACROSS = 1.1
const KING_ACCESS = 0.1

/** One pair in a hundred takes ten times the least delay. */
const HEAVY_TAIL_EXPONENT = 0.5

/** Returns a model read from a table of delays; places take its rows in turn, missing pairs count as 500 ms. */
export function matrixLatency(matrixMs: readonly (readonly number[])[]): LatencyModel {
  if (matrixMs.length === 0) throw new SimulationError('SIM_BAD_OPTION', 'an empty latency matrix')
  return () => (from, to) => {
    const latencyMs = matrixMs[from.index % matrixMs.length]?.[to.index % matrixMs.length]
    return latencyMs !== undefined && latencyMs >= 0 ? latencyMs : MISSING_PAIR_MS
  }
}

/**
 * Returns a model shaped like the King measurements of the Internet: places in regions on a square, and an access
 * delay of each place's own, some of them long. The median one-way delay is about `medianMs`.
 */
export function kingLatency(medianMs: number): LatencyModel {
  return (random) => {
    const across = torusLatency(medianMs * KING_ACROSS)(random)
    const salt = random.fork('access').uint32()
    const access = (place: Place): number =>
      KING_ACCESS * medianMs * (1 / (1 - 0.95 * pairFraction(salt, place.index, 0)) - 0.5)
    return (from, to) => across(from, to) + access(from) + access(to)
  }
}

/** Returns a model in which each direction of a pair has its own delay; a few are many times as long as the others. */
export function heavyTailLatency(leastMs: number): LatencyModel {
  return (random) => {
    const salt = random.fork('heavy tail').uint32()
    return (from, to) => {
      const way = from.index < to.index ? salt : ~salt
      const chance = pairFraction(way, from.index, to.index)
      return Math.min(HEAVY_TAIL_MAX_MS, leastMs / (1 - chance) ** HEAVY_TAIL_EXPONENT)
    }
  }
}

function aroundEdge(difference: number): number {
  const size = Math.abs(difference)
  return size > 0.5 ? 1 - size : size
}

/** Returns a number from 0 to 1 that depends on the unordered pair and the salt only. */
export function pairFraction(salt: number, one: number, other: number): number {
  const low = Math.min(one, other)
  const high = Math.max(one, other)
  let word = Math.imul(low + 1, 0x9e3779b1) ^ Math.imul(high + 1, 0x85ebca6b) ^ salt
  word = Math.imul(word ^ (word >>> 16), 0x7feb352d)
  word = Math.imul(word ^ (word >>> 15), 0x846ca68b)
  return ((word ^ (word >>> 16)) >>> 0) / 4_294_967_296
}
