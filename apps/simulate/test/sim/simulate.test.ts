/** The tool runs scenarios, repeats them from their seed, and answers with the right exit code. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { main } from '../../src/main.ts'
import { SCENARIOS } from '../../src/scenarios/catalog.ts'

describe('simulate', () => {
  it('forms a ring of eight and reports in JSON', async () => {
    const { code, out } = await run('--scenario', 'join', '--nodes', '8', '--json')
    const report = JSON.parse(out)
    expect(report.problems).toEqual([])
    expect(code).toBe(0)
    expect(report).toMatchObject({ scenario: 'join', nodes: 8, seed: '1', ok: true })
    expect(report.traceHash).toMatch(/^[0-9a-f]{64}$/)
    expect(report.metrics.ringFormedMs).toBeLessThan(25 * 100)
  })

  it('prints for people by default and repeats a run exactly', async () => {
    const { code, out, err } = await run(
      '--nodes',
      '4',
      '--jitter',
      '20',
      '--loss',
      '0.1',
      '--verify',
    )
    expect(out).toContain('trace hash')
    expect(out.trimEnd().endsWith('fine')).toBe(true)
    expect(err).toContain('ring formed')
    expect(code).toBe(0)
  })

  it('gives another trace for another seed', async () => {
    const hashes = new Set<string>()
    for (const seed of ['1', '2']) {
      const { out } = await run('--nodes', '3', '--seed', seed, '--json')
      hashes.add(JSON.parse(out).traceHash)
    }
    expect(hashes.size).toBe(2)
  })

  it.each([
    ['mass-failure', ['--nodes', '6']],
    ['partition-merge', ['--nodes', '5', '--duration', '30']],
    ['leases', ['--nodes', '4', '--duration', '20']],
    ['dht', ['--nodes', '4', '--values', '3', '--duration', '20']],
  ])('plays %s without a problem', async (scenario, argv) => {
    const { code, out } = await run('--scenario', scenario, ...argv, '--json')
    expect(JSON.parse(out).problems).toEqual([])
    expect(code).toBe(0)
  })

  it('runs several seeds of mixed faults, and the same seed again alone', async () => {
    const argv = ['--scenario', 'mixed', '--nodes', '3', '--duration', '4']
    const many = await run(...argv, '--seeds', '1..2')
    expect(many.out).toContain('2 seeds of mixed, 0 failed')
    expect(many.code).toBe(0)
    const once = await run(...argv, '--seed', '2', '--json')
    const again = await run(...argv, '--seed', '2', '--json')
    expect(JSON.parse(again.out).traceHash).toBe(JSON.parse(once.out).traceHash)
  }, 240_000)

  it('names every failed seed with the line that replays it', async () => {
    const { code, out } = await run(
      '--seeds',
      '3..4',
      '--nodes',
      '4',
      '--loss',
      '1',
      '--limit',
      '5',
    )
    expect(code).toBe(1)
    expect(out).toContain('FAILED: npm run simulate -- --nodes 4 --loss 1 --limit 5 --seed 3\n')
    expect(out).toContain('2 seeds of join, 2 failed')
  })

  it('writes what happened as text, and as a picture, and the run stays the same', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'simulate-'))
    const argv = ['--scenario', 'roll-out', '--nodes', '3', '--duration', '8', '--seed', '4']
    const plain = await run(...argv, '--json')
    const hashes = []
    for (const name of ['story.txt', 'ring.html']) {
      const { out } = await run(...argv, '--json', '--trace', join(folder, name))
      hashes.push(JSON.parse(out).traceHash)
    }
    const story = readFileSync(join(folder, 'story.txt'), 'utf8')
    const page = readFileSync(join(folder, 'ring.html'), 'utf8')
    rmSync(folder, { recursive: true })
    expect(hashes).toEqual(Array(2).fill(JSON.parse(plain.out).traceHash))
    expect(story).toMatch(/^ +0\.\d{3} s host-0 +info /m)
    expect(story).toContain('all faults have ceased')
    expect(page).toContain('<svg id="ring"')
    expect(page).toContain('"name":"host-2"')
  })

  it('fails with 1 and says why when the ring cannot form', async () => {
    const { code, out } = await run('--nodes', '4', '--loss', '1', '--limit', '20', '--json')
    expect(code).toBe(1)
    expect(JSON.parse(out).problems[0]).toContain('no ring after 20 s')
  })

  it.each([
    ['an unknown option', ['--nonsense']],
    ['an unknown scenario', ['--scenario', 'nonsense']],
    ['no nodes', ['--nodes', '0']],
    ['half a node', ['--nodes', '1.5']],
    ['a probability above one', ['--loss', '1.1']],
    ['an unknown NAT', ['--nat', 'soft=0.1']],
    ['a missing value', ['--seed']],
    ['a stray argument', ['join']],
    ['a range that ends before it begins', ['--seeds', '5..4']],
  ])('answers %s with exit code 2', async (_name, argv) => {
    const { code, out, err } = await run(...argv)
    expect(code).toBe(2)
    expect(out).toBe('')
    expect(err).toContain('error:')
  })

  it('lists every scenario in its help', async () => {
    const { code, out } = await run('--help')
    expect(code).toBe(0)
    for (const { name } of SCENARIOS) expect(out).toContain(name)
  })
})

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = ''
  let err = ''
  const code = await main(argv, {
    print: (text) => (out += text),
    complain: (text) => (err += text),
  })
  return { code, out, err }
}
