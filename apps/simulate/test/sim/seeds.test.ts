/** Seeds that once failed; each stands for a mistake that was made and corrected. */
import { describe, expect, it } from '@jest/globals'
import { main } from '../../src/main.ts'
import { simulateNull } from '../helpers/null-simulator.ts'

describe('a seed that once failed', () => {
  it.each([
    // A liar's strangers were dialled for minutes after its end, three times each, at 6 kB a second and node.
    ['mixed', 168, ['--nodes', '6', '--duration', '40']],
    // The bootstrap said goodbye and came back, knowing nobody; the others looked for it after a minute only.
    ['mixed', 6, ['--nodes', '4', '--duration', '5']],
  ])('%s %i', async (scenario, seed, argv) => {
    let out = ''
    const code = await main(['--scenario', scenario, '--seed', String(seed), ...argv, '--json'], {
      print: (text) => (out += text),
      complain: () => undefined,
    })
    expect(JSON.parse(out).problems).toEqual([])
    expect(code).toBe(0)
  })

  it.each([
    // Three of four nodes restarted before the fourth missed them: it claimed its lease anew half a minute later.
    ['mixed', 123, ['--nodes', '4', '--duration', '5']],
    // A node lost both peers to its twin and answered lookups for the whole ring until they came back.
    ['mixed', 134, ['--nodes', '4', '--duration', '5']],
    // A node moved; two others were probed for it only through each other, gave it up, and barred it for half a minute.
    ['mixed', 1076, ['--nodes', '4', '--duration', '5']],
    // A node that stood still for three seconds and a half was given up by one whose other neighbour was silent.
    ['mixed', 296, ['--nodes', '4', '--duration', '5']],
    // Two that cannot talk lost each other, barred each other anew with each attempt, and forgot what a common neighbour said.
    ['mixed', 356, ['--nodes', '4', '--duration', '5']],
    // Two that a common neighbour reaches stayed apart for half a minute after a NAT had forgotten them.
    ['mixed', 592, ['--nodes', '4', '--duration', '5']],
    ['mixed', 678, ['--nodes', '4', '--duration', '5']],
    // A newcomer's neighbour left before the look; the node behind it had never been asked.
    ['mixed', 1049, ['--nodes', '4', '--duration', '5']],
    // The only replicas of a value lay on a first machine that had just booted and that nobody had found yet.
    ['mixed', 10495, ['--nodes', '4', '--duration', '5']],
    // A node whom all had lost was asked for by everybody, and dialled by nobody.
    ['mixed', 3, ['--nodes', '14', '--duration', '20']],
    ['mixed', 23, ['--nodes', '4', '--duration', '5']],
    // A proxy carried for nine seconds whom a node had called its neighbours, and a newcomer believed it.
    ['mixed', 1235, ['--nodes', '4', '--duration', '5']],
    // A newcomer whose two handshakes were lost did not greet its bootstraps again for four seconds.
    ['mixed', 1808, ['--nodes', '4', '--duration', '5']],
    // Two that had lost each other took nobody's word for it but their own that the other one was gone, and ended each dial.
    ['mixed', 144, ['--nodes', '6', '--duration', '8']],
    ['mixed', 424, ['--nodes', '6', '--duration', '8']],
    ['mixed', 533, ['--nodes', '6', '--duration', '8']],
    // The only bootstrap of a newcomer was four seconds away, there and back, and no hello waited as long.
    ['mixed', 1697, ['--nodes', '6', '--duration', '8']],
    // Neighbours read back every key that they had handed over, one after the other: 20 s where answers take a second.
    ['mixed', 1879, ['--nodes', '8', '--duration', '40']],
    // A machine came back whose bootstraps had all gone; those who had lost it tried one of all whom they had lost a minute.
    ['mixed', 152, ['--nodes', '14', '--duration', '20']],
    // A node that was cut off acknowledged a value by its own five answers, and restarted before others found it.
    ['mixed', 586, ['--nodes', '8', '--duration', '40']],
    // A put that one of eight positions did not answer, as every second packet was lost, was left at that for minutes.
    ['mixed', 1252, ['--nodes', '8', '--duration', '40']],
    // Replicas were lost with a node that a newcomer was to take them from.
    ['mixed', 452, ['--nodes', '6', '--duration', '8']],
    // A newcomer was told of nobody, as the first machine was just booting.
    ['mixed', 10702, ['--nodes', '4', '--duration', '5']],
    // A node gave its address up to an older claim during the last check.
    ['mixed', 11411, ['--nodes', '4', '--duration', '5']],
    // A packet that a liar had misrouted arrived after its machine had started anew.
    ['mixed', 14732, ['--nodes', '4', '--duration', '5']],
    // Three tries to hand over to peers that had gone were all: those who had come meanwhile got nothing.
    ['mixed', 14452, ['--nodes', '4', '--duration', '5']],
    // The end of a leave switched the machine off that had been booted anew in the same instant.
    ['mixed', 17366, ['--nodes', '4', '--duration', '5']],
    // A twin ended with what had been stored at its address meanwhile; no neighbours changed for anybody else.
    ['mixed', 16920, ['--nodes', '4', '--duration', '5']],
    ['mixed', 17157, ['--nodes', '4', '--duration', '5']],
    // A neighbour lost a newcomer's earlier life and was back before the look.
    ['mixed', 8926, ['--nodes', '4', '--duration', '5']],
    // A node was switched off in the middle of its hand-over, and what it took away was not counted as lost.
    ['mixed', 1756, ['--nodes', '4', '--duration', '5']],
    // Two nodes behind NATs had no way to each other: all who were near them reached them by relays only.
    ['mixed', 8, ['--nodes', '14', '--duration', '5']],
    // A neighbour that came right after a node had joined was taken for one that should have named it.
    ['mixed', 314, ['--nodes', '4', '--duration', '5']],
    ['mixed', 31, ['--nodes', '6', '--duration', '8']],
    // A node was restarted while nobody ran, and its configuration with it named nobody.
    ['mixed', 252, ['--nodes', '4', '--duration', '5']],
    // Two had closed their needless connection and took no hint about each other for 30 s, when they were neighbours.
    ['mass-failure', 1, ['--nodes', '100', '--fraction', '0.5', '--settle', '30', '--limit', '15']],
  ])('%s %i, null cipher suite', async (scenario, seed, argv) => {
    const run = await simulateNull(
      '--scenario',
      scenario,
      '--seed',
      String(seed),
      ...argv,
      '--json',
    )
    expect(JSON.parse(run.out).problems).toEqual([])
    expect(run.code).toBe(0)
  })
})
