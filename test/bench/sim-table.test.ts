/** The table of simulated rings: every row runs, and what is made of its reports. */
import { describe, expect, it } from '@jest/globals'
import { main } from '../../apps/simulate/src/main.ts'
import {
  argumentsOf,
  chooseRows,
  commandOf,
  figuresOf,
  ROWS,
  type SimReport,
  type SimRow,
} from '../../bench/lib/sim-rows.mjs'

const ROW: SimRow = {
  name: 'row',
  args: 'partition-merge --parts {parts}',
  ...{ seeds: 2, full: { seeds: 9, args: 'partition-merge --nodes 99' }, tiny: '' },
  figures: [
    { figure: 'p99', unit: 's', of: ({ metrics }) => metrics['took'] as number, at: 0.99, goal: 3 },
    { figure: 'share', unit: '%', of: ({ metrics }) => metrics['share'] as number, least: 99 },
    { figure: 'shown', unit: '', of: ({ metrics }) => metrics['share'] as number },
  ],
}

describe('a row of the table', () => {
  it('compares the wanted quantile of all seeds with its goal', () => {
    const reports = [report({ took: 9, share: 98 }), report({ took: 1, share: 100 })]
    expect(figuresOf(ROW, reports)).toMatchObject([
      { figure: 'p99', value: 9, goal: '<= 3', verdict: 'missed', seeds: 2 },
      { figure: 'share', value: 100, goal: '>= 99', verdict: 'met' },
      { figure: 'shown', value: 100, verdict: '' },
    ])
  })

  it('fails with a seed that fails, and misses its goal without a value', () => {
    const failed = figuresOf(ROW, [report({ took: 1, share: 99 }), report({ took: 1 }, false)])
    expect(failed[0]).toMatchObject({ verdict: '1 seeds failed', failed: 1 })
    expect(figuresOf(ROW, [report({})])[0]).toMatchObject({ value: undefined, verdict: 'missed' })
  })

  it('has a command for each seed, which decides the number of parts', () => {
    const parts = [1, 2, 3, 4].map((seed) => argumentsOf(ROW.args, seed)[3])
    expect(new Set(parts)).toEqual(new Set(['2', '3', '4', '5']))
    expect(commandOf(ROW, 2)).toBe(
      'npm run simulate -- --null-crypto --scenario partition-merge --parts 4 --seed 2',
    )
  })

  it('is chosen by name, with the seeds and the size asked for', () => {
    expect(chooseRows({ names: ['churn'], isFull: true })[0]?.args).toContain('--nodes 1000')
    expect(chooseRows({ names: ['hops-4096', 'join'], seeds: 7 })).toMatchObject([
      { name: 'join', seeds: 7 },
      { name: 'hops-4096', seeds: 7 },
    ])
    expect(chooseRows().some(({ isFullOnly }) => isFullOnly)).toBe(false)
    expect(() => chooseRows({ names: ['nonsense'] })).toThrow('no row nonsense')
  })

  it.each(ROWS.map((row) => [row.name, row] as const))('%s runs', async (_name, row) => {
    let out = ''
    const output = { print: (text: string) => void (out += text), complain: () => undefined }
    await main(argumentsOf(row.tiny, 1), output)
    const result = JSON.parse(out) as SimReport & { problems: string[] }
    expect(result.problems).toEqual([])
    for (const figure of figuresOf(row, [result])) expect(figure.value).toEqual(expect.any(Number))
  })
})

function report(metrics: Record<string, unknown>, ok = true): SimReport {
  return { ok, metrics, wallMs: 1, peakMemoryMb: 1 }
}
