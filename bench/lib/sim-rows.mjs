/** The table of what simulated rings do: each row is a command, some seeds, and figures with their goals. */

/** One node in this many milliseconds makes a median session of 1.4 minutes: 84 s / ln 2 / nodes. */
const churnInterval = (nodes) => (84 / Math.LN2 / nodes).toFixed(4)

const seconds = (milliseconds) => (milliseconds === undefined ? undefined : milliseconds / 1000)
const metric = (name) => (report) => report.metrics[name]
const metricSeconds = (name) => (report) => seconds(report.metrics[name])

const FORMED = (goal) => [
  { figure: 'last node knows its place', unit: 's', of: metricSeconds('everyoneKnowsMs'), goal },
  {
    ...{ figure: 'the same, p99', unit: 's', of: metricSeconds('everyoneKnowsMs') },
    ...{ at: 0.99, goal: 15 },
  },
]

const HOPS = [
  { figure: 'mean hops', unit: '', of: metric('hopsMean') },
  { figure: 'mean hops by log2 N', unit: '', of: metric('hopsByLog2'), goal: 0.6 },
]

const hops = (nodes, seeds) => ({
  name: `hops-${nodes}`,
  args: `routes --nodes ${nodes} --values 500 --settle 60`,
  ...{ seeds, full: { seeds }, tiny: 'routes --nodes 6 --values 5 --settle 10' },
  figures: HOPS,
})

/** Calls over delays as on the Internet, so many seconds after all nodes started. */
const stretch = (name, settleSeconds) => ({
  name,
  args: `routes --nodes 128 --king --latency 40 --values 1000 --settle ${settleSeconds}`,
  ...{ seeds: 1, full: { seeds: 5 }, tiny: 'routes --nodes 6 --king --values 5 --settle 10' },
  figures: [
    { figure: 'stretch, median', unit: '', of: metric('stretchMedian') },
    { figure: 'stretch, p90', unit: '', of: metric('stretchP90') },
  ],
})

/** The rows; `{seed}` and `{parts}` in a command follow from the seed. `full` overrides what is asked for by default. */
export const ROWS = [
  {
    name: 'formation-16',
    args: 'formation --nodes 16',
    ...{ isReal: true, seeds: 10, full: { seeds: 100 }, tiny: 'formation --nodes 4' },
    figures: FORMED(4),
  },
  {
    name: 'formation-64',
    args: 'formation --nodes 64',
    ...{ seeds: 5, full: { seeds: 100 }, tiny: 'formation --nodes 5' },
    figures: FORMED(6),
  },
  {
    name: 'formation-256',
    args: 'formation --nodes 256',
    ...{ seeds: 2, full: { seeds: 100 }, tiny: 'formation --nodes 6' },
    figures: FORMED(10),
  },
  {
    name: 'formation-1000',
    args: 'formation --nodes 1000',
    ...{ seeds: 1, full: {}, tiny: 'formation --nodes 7' },
    figures: [
      { figure: 'last node knows', unit: 's', of: metricSeconds('everyoneKnowsMs'), goal: 15 },
      { figure: 'wall time', unit: 's', of: (report) => seconds(report.wallMs), goal: 42 },
      { figure: 'peak memory', unit: 'MB', of: (report) => report.peakMemoryMb, goal: 470 },
    ],
  },
  {
    name: 'join',
    args: 'late-join --nodes 150 --values 30 --settle 20',
    ...{ seeds: 1, full: { args: 'late-join --nodes 600 --values 100 --settle 20' } },
    tiny: 'late-join --nodes 4 --values 2 --settle 2',
    figures: [
      { figure: 'one node joins, p50', unit: 's', of: metricSeconds('joinMedianMs'), goal: 1.5 },
      { figure: 'p99', unit: 's', of: metricSeconds('joinP99Ms'), at: 1, goal: 3 },
    ],
  },
  {
    name: 'half-killed',
    args: 'mass-failure --nodes 100 --fraction 0.5 --settle 30',
    seeds: 3,
    full: { args: 'mass-failure --nodes 500 --fraction 0.5 --settle 30', seeds: 20 },
    tiny: 'mass-failure --nodes 6 --settle 10',
    figures: [
      {
        figure: 'whole again, p99',
        unit: 's',
        of: metricSeconds('repairedMs'),
        at: 0.99,
        goal: 10,
      },
    ],
  },
  {
    name: 'merge',
    args: 'partition-merge --nodes 40 --parts {parts} --duration 60 --settle 30',
    seeds: 4,
    full: { args: 'partition-merge --nodes 100 --parts {parts} --duration 60', seeds: 20 },
    tiny: 'partition-merge --nodes 5 --parts {parts} --duration 20 --settle 10',
    figures: [
      {
        figure: '2-5 rings merged, worst',
        unit: 's',
        of: metricSeconds('mergedMs'),
        at: 1,
        goal: 60,
      },
    ],
  },
  {
    name: 'broken-pairs',
    args: 'routes --nodes 150 --broken 0.1633 --values 500 --settle 60',
    seeds: 1,
    full: { args: 'routes --nodes 500 --broken 0.1633 --values 2000 --settle 60', seeds: 5 },
    tiny: 'routes --nodes 6 --broken 0.1633 --values 5 --settle 20',
    figures: [
      { figure: 'pairs routable after 60 s', unit: '%', of: metric('routablePercent'), least: 100 },
    ],
  },
  {
    name: 'churn',
    args: `sessions --nodes 150 --interval ${churnInterval(150)} --duration 60 --values 600 --settle 30`,
    seeds: 1,
    full: {
      args: `sessions --nodes 1000 --interval ${churnInterval(1000)} --duration 120 --values 2000 --settle 30`,
    },
    tiny: 'sessions --nodes 6 --interval 5 --duration 10 --values 10 --settle 5',
    figures: [
      { figure: 'lookups right', unit: '%', of: metric('lookupsRightPercent'), least: 99.9 },
      { figure: 'traffic', unit: 'bytes/s/node', of: metric('bytesPerNodeSecond'), goal: 900 },
    ],
  },
  {
    name: 'liars',
    args: 'liars --nodes 60 --fraction 0.2 --values 300 --settle 30',
    seeds: 1,
    full: { args: 'liars --nodes 250 --fraction 0.2 --values 1000 --settle 30', seeds: 3 },
    tiny: 'liars --nodes 6 --fraction 0.2 --values 5 --settle 5',
    figures: [
      { figure: 'lookups right', unit: '%', of: metric('lookupsRightPercent'), least: 99 },
      { figure: 'reads right', unit: '%', of: metric('readsRightPercent'), least: 99 },
      { figure: 'forged records accepted', unit: '', of: metric('forgedRecords'), at: 1, goal: 0 },
      { figure: 'leases stolen', unit: '', of: metric('leasesLost'), at: 1, goal: 0 },
    ],
  },
  hops(64, 2),
  hops(256, 1),
  { ...hops(1024, 1), isFullOnly: true },
  { ...hops(4096, 1), isFullOnly: true },
  stretch('stretch', 60),
  { ...stretch('stretch-settled', 2400), isFullOnly: true },
  {
    name: 'leases',
    args: 'leases --nodes 30 --duration 30 --settle 20',
    ...{ seeds: 3, full: { seeds: 20 }, tiny: 'leases --nodes 4 --duration 20 --settle 10' },
    figures: [
      {
        figure: 'double owners in a part',
        unit: '',
        of: metric('doublesWithinAPart'),
        at: 1,
        goal: 0,
      },
      {
        ...{ figure: 'unique after a merge, worst', unit: 's', at: 1, goal: 10 },
        of: metricSeconds('uniqueAfterMergeMs'),
      },
    ],
  },
]

/** Returns the rows that are asked for: all of the usual form, or those named, in the full form where wanted. */
export function chooseRows({ names, isFull = false, seeds } = {}) {
  const unknown = (names ?? []).filter((name) => !ROWS.some((row) => row.name === name))
  if (unknown.length > 0)
    throw new Error(`no row ${unknown}; there are ${ROWS.map(({ name }) => name).join(', ')}`)
  const isChosen = ({ name, isFullOnly = false }) =>
    names === undefined ? isFull || !isFullOnly : names.includes(name)
  return ROWS.filter(isChosen).map((row) => {
    const form = isFull ? { ...row, ...row.full } : row
    return { ...form, seeds: seeds ?? form.seeds }
  })
}

/** Returns the arguments of a command with one seed. */
export function argumentsOf(args, seed) {
  const text = args.replaceAll('{parts}', String(2 + (seed % 4)))
  return ['--scenario', ...text.split(' '), '--seed', String(seed), '--json']
}

/** Returns what a user types to see one seed of a row. */
export function commandOf({ args, isReal = false }, seed = 1) {
  const words = argumentsOf(args, seed).filter((word) => word !== '--json')
  return `npm run simulate -- ${isReal ? '' : '--null-crypto '}${words.join(' ')}`
}

/** Returns the figures of a row over the reports of its seeds; a report with problems makes its row fail. */
export function figuresOf(row, reports) {
  const failed = reports.filter(({ ok }) => !ok).length
  return row.figures.map(({ figure, unit, of, at = 0.5, goal, least }) => {
    const samples = reports.flatMap((report) => of(report) ?? []).sort((a, b) => a - b)
    const value = samples[Math.min(samples.length - 1, Math.floor(at * samples.length))]
    const isMet = least === undefined ? value <= goal : value >= least
    const hasGoal = goal !== undefined || least !== undefined
    return {
      ...{ row: row.name, figure, unit, value, samples, seeds: reports.length, failed },
      ...(goal !== undefined && { goal: `<= ${goal}` }),
      ...(least !== undefined && { goal: `>= ${least}` }),
      verdict: failed > 0 ? `${failed} seeds failed` : hasGoal ? (isMet ? 'met' : 'missed') : '',
    }
  })
}
