/** The palettes of the fault scenarios: data, and all that these scenarios are. */
import { CALM_PALETTE } from '@ipop/simulator'
import type { FaultPalette } from '@ipop/simulator'

const ALL_NATS = {
  open: [0, 0.3],
  restricted: [0, 0.3],
  easy: [0, 0.4],
  hard: [0, 0.3],
} as const

/** Everything at once. */
export const MIXED_PALETTE: FaultPalette = {
  latencies: ['constant', 'king', 'heavy tail'],
  jitterMs: [0, 100],
  lossProbability: [0, 0.3],
  duplicateProbability: [0, 0.1],
  reorderProbability: [0, 0.2],
  brokenProbability: [0, 0.05],
  nats: ALL_NATS,
  clockSkewMaxMs: 240_000,
  eventsPerNodeMinute: {
    crash: 0.2,
    leave: 0.2,
    join: 0.3,
    restart: 0.5,
    'restart without state': 0.2,
    pause: 0.4,
    'slow link': 0.3,
    'clock jump': 0.3,
    'nat reboot': 0.5,
    move: 0.3,
    clone: 0.1,
    'disk error': 0.2,
    'drop packets': 0.1,
    'misroute packets': 0.1,
    'false neighbors': 0.1,
    'withhold records': 0.1,
    'forge sources': 0.1,
    partition: 0.15,
    'cut pair': 0.5,
    'one-way pair': 0.4,
    'loss burst': 0.15,
    'mass kill': 0.05,
    'bootstrap loss': 0.05,
  },
  lastsMs: [500, 25_000],
  parts: [2, 5],
  presence: 0.4,
}

/** A scenario that is a palette. */
export interface PaletteScenario {
  readonly name: string
  readonly summary: string
  readonly palette: FaultPalette
}

/** The palettes by name. */
export const PALETTES: readonly PaletteScenario[] = [
  {
    name: 'mixed',
    summary: 'every kind of fault, drawn by the seed, for --duration seconds',
    palette: MIXED_PALETTE,
  },
  {
    name: 'calm',
    summary: 'no faults at all, and every checker watches',
    palette: CALM_PALETTE,
  },
  {
    name: 'gentle',
    summary: 'a few lost packets and nothing else: no session may end',
    palette: { ...CALM_PALETTE, lossProbability: [0.01, 0.05] },
  },
  {
    name: 'cut-pairs',
    summary: 'single pairs cannot talk for a while: no node may be given up',
    palette: {
      ...CALM_PALETTE,
      lastsMs: [20_000, 40_000],
      eventsPerNodeMinute: { 'cut pair': 0.5 },
    },
  },
  {
    name: 'growth',
    summary: 'the ring doubles within --duration seconds',
    palette: { ...CALM_PALETTE, eventsPerNodeMinute: { join: 1 } },
  },
  {
    name: 'mass-kill',
    summary: 'up to half of the nodes crash at one instant, now and then',
    palette: { ...CALM_PALETTE, eventsPerNodeMinute: { 'mass kill': 0.2, join: 1 } },
  },
  {
    name: 'split-merge',
    summary: 'partitions into 2 to 5 parts, of up to a minute each',
    palette: {
      ...CALM_PALETTE,
      parts: [2, 5],
      lastsMs: [10_000, 60_000],
      eventsPerNodeMinute: { partition: 0.4 },
    },
  },
  {
    name: 'split-growth',
    summary:
      'nodes join while the network is split, and lease addresses that others have on the other side',
    palette: {
      ...CALM_PALETTE,
      parts: [2, 2],
      lastsMs: [20_000, 40_000],
      eventsPerNodeMinute: { partition: 0.4, join: 0.7 },
    },
  },
  {
    name: 'split-roll-out',
    summary:
      'nodes are restarted while the network is split, and remember nobody of the other side',
    palette: {
      ...CALM_PALETTE,
      parts: [2, 2],
      lastsMs: [10_000, 40_000],
      eventsPerNodeMinute: { partition: 0.4, restart: 3 },
    },
  },
  {
    name: 'broken-pairs',
    summary: 'up to 30 % of pairs cannot talk, others for a while or one way',
    palette: {
      ...CALM_PALETTE,
      brokenProbability: [0.02, 0.17],
      eventsPerNodeMinute: { 'cut pair': 2, 'one-way pair': 2 },
    },
  },
  {
    name: 'nat-mix',
    summary: 'most nodes stand behind NATs of four kinds, which reboot',
    palette: {
      ...CALM_PALETTE,
      nats: ALL_NATS,
      eventsPerNodeMinute: { 'nat reboot': 2, move: 0.5 },
    },
  },
  {
    name: 'byzantine',
    summary: 'one node in five lies, each in its way',
    palette: {
      ...CALM_PALETTE,
      eventsPerNodeMinute: {
        'drop packets': 0.5,
        'misroute packets': 0.5,
        'false neighbors': 0.5,
        'withhold records': 0.5,
        'forge sources': 0.5,
      },
    },
  },
  {
    name: 'roll-out',
    summary: 'every node is restarted about once, some with their state lost',
    palette: {
      ...CALM_PALETTE,
      lastsMs: [500, 5_000],
      eventsPerNodeMinute: { restart: 1.5, 'restart without state': 0.1 },
    },
  },
  {
    name: 'bootstrap-loss',
    summary: 'the bootstrap that all have in common goes while others come and go',
    palette: {
      ...CALM_PALETTE,
      eventsPerNodeMinute: { 'bootstrap loss': 0.3, join: 0.5, restart: 0.5 },
    },
  },
]
