/** Rows of the throughput table: medians of quiet samples beside goals, the best other peer and the bare link. */
import { median, printTable, short } from './report.mjs'
import { NOISE_MAX } from './vpn-measure.mjs'
import { OURS } from './vpn-lab.mjs'
import { noiseOf } from './watch.mjs'

const RAW = 'raw'

/**
 * The figures. `of` takes a visit's part; with `added` it is what a peer adds to the bare link in the same round; with
 * `share` it is a percentage of the named part in the same round, with `over` what comes on top of it.
 */
export const FIGURES = [
  { part: 'tcp', name: 'TCP, one stream', unit: 'Gbit/s', of: gbps, must: 5, goal: 8 },
  { part: 'reverse', name: 'TCP, other direction', unit: 'Gbit/s', of: gbps, must: 5, goal: 8 },
  { part: 'bidir', name: 'TCP, both directions, sum', unit: 'Gbit/s', of: gbps },
  { part: 'streams', name: 'TCP, 4 streams', unit: 'Gbit/s', of: gbps },
  { part: 'paced', name: 'TCP, one stream, BBR', unit: 'Gbit/s', of: gbps },
  { part: 'card', name: 'TCP, NIC-like link', unit: 'Gbit/s', of: gbps, must: 2.5, goal: 4 },
  {
    ...{ part: 'tcp', name: 'CPU of both daemons', unit: 's/GB', of: ({ cpuPerGb }) => cpuPerGb },
    ...{ must: 2, goal: 1.4, isCost: true },
  },
  {
    ...{ part: 'udp', name: '64-byte UDP delivered', unit: '1,000/s', of: ({ kpps }) => kpps },
    ...{ must: 200, goal: 350 },
  },
  {
    ...{
      part: 'loop',
      name: 'round trip added, busy UDP loop',
      unit: 'us',
      of: (loop) => loop.median,
    },
    ...{ must: 100, goal: 60, isCost: true, added: true },
  },
  {
    ...{ part: 'loop', name: 'the same, p99', unit: 'us', of: ({ p99 }) => p99 },
    ...{ isCost: true, added: true },
  },
  {
    ...{ part: 'ping', name: 'round trip added, idle ping', unit: 'us', of: (ping) => ping.median },
    ...{ isCost: true, added: true },
  },
  {
    ...{ part: 'memory', name: 'memory of a daemon (RSS)', unit: 'MB' },
    ...{ of: ({ alice, bob }) => (alice + bob) / 2, isCost: true },
  },
  { part: 'relay', name: 'TCP, relayed by Pam', unit: 'Gbit/s', of: gbps },
  {
    ...{ part: 'relay', name: 'relayed, of direct', unit: '%', of: gbps, share: 'tcp' },
    ...{ must: 50, goal: 70 },
  },
  ...relayedRoundTrip('busy UDP loop', { part: 'relay-loop', over: 'loop' }),
  ...relayedRoundTrip('idle ping', { part: 'relay-ping', over: 'ping' }),
]

/** Returns the rows: one for each figure and peer that was measured. `peers` gives their order. */
export function rowsOf(visits, peers) {
  return FIGURES.flatMap((figure) => {
    const rows = peers.flatMap((peer) => rowOf(figure, peer, visits) ?? [])
    const best = bestOf(
      rows.filter(({ peer }) => peer !== RAW && peer !== OURS),
      figure,
    )
    return rows.map((row) => ({
      ...row,
      ...(row.peer === OURS ? { must: figure.must, goal: figure.goal } : {}),
      ...(row.peer === OURS && best ? { best: best.peer, toBest: row.median / best.median } : {}),
    }))
  })
}

/** Prints rows. */
export function printRows(rows) {
  const header = ['figure', 'peer', 'unit', 'median', 'range', 'n', 'noise', 'must', 'goal']
  const cells = rows.map((row) => [
    ...[row.figure, row.peer === OURS ? 'ipop' : row.peer, row.unit, short(row.median)],
    ...[`${short(row.min)}-${short(row.max)}`, `${row.n}${row.isQuiet ? '' : ' loud'}`],
    ...[row.noise === undefined ? '-' : row.noise.toFixed(2), short(row.must), short(row.goal)],
    row.toBest === undefined ? '-' : `${short(row.toBest)} of ${row.best}`,
    row.toRaw === undefined ? '-' : short(row.toRaw),
  ])
  printTable([...header, 'to the best other', 'to the raw link'], cells)
}

function rowOf(figure, peer, visits) {
  const found = visits.filter((visit) => visit.peer === peer && visit.parts[figure.part])
  const all = found.flatMap((visit) => sampleOf(figure, visit, visits) ?? [])
  const quiet = all.filter(({ noise }) => noise <= NOISE_MAX)
  const samples = quiet.length > 0 ? quiet : all
  if (samples.length === 0) return undefined
  const values = samples.map(({ value }) => value)
  return {
    // What the bare link takes is the base of what others add.
    figure: peer === RAW ? figure.name.replace(' added', '') : figure.name,
    peer,
    unit: figure.unit,
    median: median(values),
    min: Math.min(...values),
    max: Math.max(...values),
    n: values.length,
    isQuiet: quiet.length > 0,
    noise: median(samples.map(({ noise }) => noise)),
    toRaw: median(samples.map(({ toRaw }) => toRaw)),
  }
}

/** Returns one value, and its ratio to the bare link's of the same round; undefined where it cannot be had. */
function sampleOf(figure, visit, visits) {
  const raw = visits.find(({ peer, round }) => peer === RAW && round === visit.round)
  const own = figure.of(visit.parts[figure.part])
  const base = raw?.parts[figure.part] && figure.of(raw.parts[figure.part])
  const noise = noiseOf(visit.parts[figure.part])
  if (own === undefined || own === null) return undefined
  if (figure.share) {
    const whole = visit.parts[figure.share]
    return whole && { value: (100 * own) / figure.of(whole), noise }
  }
  if (figure.added) {
    if (visit.peer === RAW) return { value: own, noise }
    return base === undefined ? undefined : { value: own - base, noise }
  }
  if (figure.over) {
    const direct = visit.parts[figure.over]
    return direct && { value: own - figure.of(direct), noise }
  }
  // The bare link has no daemons.
  if (visit.peer === RAW && figure.isCost) return undefined
  const isComparable = visit.peer !== RAW && base > 0 && !figure.isCost
  return { value: own, noise, toRaw: isComparable ? own / base : undefined }
}

function bestOf(rows, { isCost }) {
  const sorted = rows.toSorted((a, b) => (isCost ? a.median - b.median : b.median - a.median))
  return sorted[0]
}

/** Returns the round trip through the relay, what of it comes on top of the direct one, and both for the slowest in a hundred. */
function relayedRoundTrip(name, { part, over }) {
  const [half, slowest] = [({ median: value }) => value, ({ p99 }) => p99]
  const row = { part, unit: 'us', isCost: true }
  return [
    { ...row, name: `round trip relayed, ${name}`, of: half },
    { ...row, name: `added by the relay, ${name}`, of: half, over },
    { ...row, name: `round trip relayed, ${name}, p99`, of: slowest },
    { ...row, name: `added by the relay, ${name}, p99`, of: slowest, over },
  ]
}

function gbps(part) {
  return part.gbps
}
