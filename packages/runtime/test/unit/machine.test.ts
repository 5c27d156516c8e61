/** Clock, timers, randomness, log, names and interfaces of the machine. */
import { afterEach, describe, expect, it, jest } from '@jest/globals'
import {
  createConsoleLog,
  createNodeClock,
  createNodeInterfaces,
  createNodeNames,
  createNodeRandom,
  createNodeRuntime,
  createNodeTimers,
} from '../../src/node/index.ts'
import { silentLog } from '../../src/index.ts'

afterEach(() => void jest.useRealTimers())

describe('timers', () => {
  it('fire once, not before their instant, with the time they fired at', async () => {
    const clock = createNodeClock()
    const timers = createNodeTimers(clock)
    const when = clock.now() + 20.5
    const fired = await new Promise<number>((resolve) => timers.at(when, 'test', resolve))
    expect(fired).toBeGreaterThanOrEqual(when)
  })

  it('do not fire once cancelled, and cancel twice without harm', async () => {
    const clock = createNodeClock()
    let fired = 0
    const timer = createNodeTimers(clock).at(clock.now() + 5, 'test', () => fired++)
    timer.cancel()
    timer.cancel()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(fired).toBe(0)
  })

  it('fire at once for an instant in the past', async () => {
    const clock = createNodeClock()
    const fired = await new Promise((resolve) =>
      createNodeTimers(clock).at(-1_000, 'test', resolve),
    )
    expect(fired).toBeGreaterThan(-1_000)
  })

  it('wait longer than Node can count in one go', () => {
    jest.useFakeTimers()
    let now = 0
    const clock = { now: () => now, wallTimeMs: () => 0 }
    const fired: number[] = []
    const wait = 2 ** 31 * 2 + 500
    createNodeTimers(clock).at(wait, 'test', (at) => fired.push(at))
    for (const step of [2 ** 31 - 1, 2 ** 31 - 1, 501]) {
      now += step
      jest.advanceTimersByTime(step)
    }
    expect(fired).toEqual([])
    now += 1
    jest.advanceTimersByTime(1)
    expect(fired).toEqual([wait])
  })
})

describe('randomness', () => {
  it('stays in range and covers it', () => {
    const random = createNodeRandom()
    const seen = new Set<number>()
    for (let i = 0; i < 3_000; i++) {
      seen.add(random.below(7))
      const share = random.float()
      expect(share >= 0 && share < 1).toBe(true)
    }
    expect([...seen].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(random.below(1)).toBe(0)
    expect(() => random.below(0)).toThrow(RangeError)
  })

  it('returns as many bytes as asked for, different each time', () => {
    const random = createNodeRandom()
    expect(random.bytes(33)).toHaveLength(33)
    expect(random.bytes(16)).not.toEqual(random.bytes(16))
    expect(Buffer.isBuffer(random.bytes(1))).toBe(false)
    expect(random.fork('any')).toBe(random)
  })
})

describe('the console log', () => {
  it('writes one line per event with its fields', () => {
    const { log, lines } = recorder()
    log
      .child({ node: 'a' })
      .write('info', 'connection linked', { rttMs: 12, peer: { toString: () => 'P' } })
    expect(lines[0]).toMatch(/^\S+Z INFO {2}connection linked node=a rttMs=12 peer=P\n$/)
  })

  it('keeps what is below its level to itself', () => {
    const { log, lines } = recorder()
    log.write('debug', 'hidden')
    expect(lines).toEqual([])
    expect([log.isEnabled('debug'), log.isEnabled('warn')]).toEqual([false, true])
  })

  it('lets no value forge a line', () => {
    const { log, lines } = recorder()
    log.write('warn', 'bad\nname', { value: 'x\n2026 INFO fine a=b', esc: '\u001b[2J' })
    expect(lines[0]?.split('\n')).toHaveLength(2)
    expect(lines[0]).not.toContain('\u001b')
  })

  it.each([
    ['bytes', new Uint8Array([1, 255]), '01ff'],
    ['a bigint', 5n, '5'],
    ['null', null, 'null'],
    ['an error with a code', Object.assign(new Error('no'), { code: 'EX' }), '"no (EX)"'],
    ['an array', [1, 2], '[1,2]'],
    ['an object with a bigint', { a: 1n }, '{"a":"1"}'],
    ['an object without prototype', Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
  ])('shows %s', (_what, value, text) => {
    const { log, lines } = recorder()
    log.write('info', 'e', { value })
    expect(lines[0]).toContain(` value=${text}\n`)
  })

  it('survives circular objects and cuts long values', () => {
    const { log, lines } = recorder()
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    log.write('info', 'e', { circle, long: 'x'.repeat(10_000) })
    expect(lines[0]).toContain('circle=[unprintable]')
    expect(lines[0]?.length).toBeLessThan(3_000)
  })

  it('writes JSON lines when asked', () => {
    const { log, lines } = recorder(true)
    log.write('error', 'failed', { why: 'x\ny', bytes: new Uint8Array([1]) })
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'error',
      event: 'failed',
      why: 'x\ny',
      bytes: '01',
    })
  })

  function recorder(json = false) {
    const lines: string[] = []
    return { log: createConsoleLog('info', { write: (line) => lines.push(line) }, json), lines }
  }
})

describe('the machine', () => {
  it('resolves literals to themselves, localhost to loopback, nonsense to nothing', async () => {
    const names = createNodeNames()
    expect(await names.resolve('192.0.2.1')).toEqual(['192.0.2.1'])
    expect(await names.resolve('2001:db8::1')).toEqual(['2001:db8::1'])
    const local = await names.resolve('localhost')
    expect(local.some((host) => host === '127.0.0.1' || host === '::1')).toBe(true)
    expect(await names.resolve('')).toEqual([])
    expect(await names.resolve('no name\0')).toEqual([])
  })

  it('lists the loopback interface', () => {
    const loopback = createNodeInterfaces()
      .list()
      .find((entry) => entry.host === '127.0.0.1')
    expect(loopback).toMatchObject({ family: 4, prefixLength: 8, isInternal: true })
  })

  it('has a wall clock and a monotonic clock that starts at zero', () => {
    const { clock } = createNodeRuntime({ log: silentLog })
    const first = clock.now()
    expect(first).toBeGreaterThanOrEqual(0)
    expect(clock.now()).toBeGreaterThanOrEqual(first)
    expect(Math.abs(clock.wallTimeMs() - Date.now())).toBeLessThan(60_000)
  })
})
