/** The search for the largest datagram of a path, probe by probe. */
import { describe, expect, it } from '@jest/globals'
import { SeededRandom } from '@ipop/simulator'
import { PathMtu } from '../../src/channel/path-mtu.ts'
import { PATH_MTUS } from '../../src/limits.ts'

const TRY_MS = 200

describe('the search for the MTU of a path', () => {
  it.each(PATH_MTUS)('finds %i with a handful of probes', (mtu) => {
    for (const isIpv6 of [false, true]) {
      const path = new Path({ mtu, isIpv6 })
      path.search.start(0)
      path.run(60_000)
      expect(path.search.datagramBytesMax).toBe(mtu - (isIpv6 ? 48 : 28))
      expect(path.probes.length).toBeLessThanOrEqual(10)
    }
  })

  it('relies on the smallest size as soon as the usual one is lost twice', () => {
    const path = new Path({ mtu: 1_280 })
    path.search.start(0)
    expect(path.search.datagramBytesMax).toBe(1_472)
    path.run(2 * TRY_MS + 1)
    expect(path.search.datagramBytesMax).toBe(1_252)
  })

  it('needs no time for what the first link refuses', () => {
    const path = new Path({ mtu: 1_500, linkMtu: 1_500 })
    path.search.start(0)
    path.run(100)
    expect(path.probes).toEqual([1_500, 8_896, 3_900])
    expect(path.search.datagramBytesMax).toBe(1_472)
    expect(path.search.pollTimeout()).toBeGreaterThan(60_000)
  })

  it('concludes nothing from a path that is silent', () => {
    const path = new Path({ mtu: 1_500, linkMtu: 1_500 })
    path.isSilent = true
    path.search.start(0)
    path.run(10_000)
    expect(path.search.datagramBytesMax).toBe(1_472)
    path.mtu = 1_400
    path.isSilent = false
    path.run(20_000)
    expect(path.search.datagramBytesMax).toBe(1_372)
  })

  it('finds a path that became wider after ten minutes', () => {
    const path = new Path({ mtu: 1_400 })
    path.search.start(0)
    path.run(60_000)
    const before = path.probes.length
    path.mtu = 9_000
    path.run(590_000)
    expect(path.probes.length).toBe(before)
    path.run(620_000)
    expect(path.search.datagramBytesMax).toBe(8_972)
  })

  it('asks once when it is doubted without reason, and finds the new size with reason', () => {
    const path = new Path({ mtu: 1_500 })
    path.search.start(0)
    path.run(60_000)
    const before = path.probes.length
    path.search.doubt(60_000)
    path.search.doubt(60_000)
    path.run(61_000)
    expect(path.probes.slice(before)).toEqual([1_500])
    path.mtu = 1_460
    path.search.doubt(64_000)
    path.run(64_500)
    expect(path.search.datagramBytesMax).toBe(1_472)
    path.search.doubt(66_000)
    path.run(70_000)
    expect(path.search.datagramBytesMax).toBe(1_432)
  })

  it('stays silent once stopped', () => {
    const path = new Path({ mtu: 1_280 })
    path.search.start(0)
    path.search.stop()
    path.run(2_000_000)
    expect(path.probes).toEqual([])
  })

  it('takes the answer to an earlier try, and none to another ping', () => {
    const path = new Path({ mtu: 1_500 })
    path.search.start(0)
    const probe = path.search.handleTimeout(0, 0)
    path.search.sent(TRY_MS, 0)
    expect(path.search.pong((probe?.id ?? 0) ^ 1, 10)).toBe(false)
    path.search.handleTimeout(TRY_MS, TRY_MS)
    path.search.sent(2 * TRY_MS, TRY_MS)
    expect(path.search.pong(probe?.id ?? 0, TRY_MS + 1)).toBe(true)
    expect(path.search.pong(probe?.id ?? 0, TRY_MS + 2)).toBe(false)
  })
})

/** A path that answers what fits it after 10 ms. */
class Path {
  mtu: number
  isSilent = false
  readonly search: PathMtu
  /** MTUs asked for. */
  readonly probes: number[] = []
  readonly #linkMtu: number
  readonly #headerBytes: number
  #now = 0

  constructor(options: { mtu: number; linkMtu?: number; isIpv6?: boolean }) {
    const { mtu, linkMtu = Infinity, isIpv6 = false } = options
    this.mtu = mtu
    this.#linkMtu = linkMtu
    this.#headerBytes = isIpv6 ? 48 : 28
    this.search = new PathMtu({ random: new SeededRandom(1) }, { isIpv6 })
  }

  run(until: number): void {
    for (let at = this.search.pollTimeout(); at < until; at = this.search.pollTimeout()) {
      this.#now = Math.max(this.#now, at)
      const probe = this.search.handleTimeout(this.#now, this.isSilent ? -1 : this.#now)
      if (probe === undefined) continue
      const mtu = probe.datagramBytes + this.#headerBytes
      this.probes.push(mtu)
      if (mtu > this.#linkMtu) this.search.refused(this.#now)
      else this.search.sent(this.#now + TRY_MS, this.#now)
      if (mtu <= this.mtu && !this.isSilent) this.search.pong(probe.id, this.#now + 10)
    }
    this.#now = until
  }
}
