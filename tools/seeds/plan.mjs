/** Which seeds are played when. Short runs have their faults closer together, so that many small ones are worth it. */

/** With every `npm test`. */
export const TEST_SEEDS = [
  { argv: ['--scenario', 'mixed', '--nodes', '4', '--duration', '5'], count: 160 },
  { argv: ['--scenario', 'mixed', '--nodes', '6', '--duration', '8'], count: 40 },
]

/** By night. */
export const NIGHTLY_SEEDS = [
  { argv: ['--scenario', 'mixed', '--nodes', '4', '--duration', '5'], count: 2_000 },
  { argv: ['--scenario', 'mixed', '--nodes', '6', '--duration', '8'], count: 2_000 },
  { argv: ['--scenario', 'mixed', '--nodes', '8', '--duration', '40'], count: 2_000 },
  { argv: ['--scenario', 'split-merge', '--nodes', '6', '--duration', '60'], count: 200 },
  { argv: ['--scenario', 'roll-out', '--nodes', '8', '--duration', '30'], count: 200 },
  { argv: ['--scenario', 'byzantine', '--nodes', '10', '--duration', '30'], count: 200 },
  { argv: ['--scenario', 'nat-mix', '--nodes', '8', '--duration', '40'], count: 200 },
  { argv: ['--scenario', 'broken-pairs', '--nodes', '10', '--duration', '40'], count: 200 },
]
