/** Attacks on a live tunnel with datagrams that were captured from it: what the receiver makes of them, and of its own. */
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { askNode, copyBetween, peerOf, ping, TUTORIAL, until } from './tutorial.mjs'

/** Ways to spoil a datagram. */
export const KINDS = ['replayed', 'flipped', 'truncated']

const FLOOD = fileURLToPath(new URL('./flood.mjs', import.meta.url))
const PER_SECOND = 50_000
const COPY_BYTES = 50_000_000
const CAPTURED = 2_000
/** Sendings in which as many datagrams must have arrived as are wanted: buffers overflow under load. */
const SENDINGS_MAX = 6
const ALICE = TUTORIAL.hosts.alice.split('/')[0]
const BOB = TUTORIAL.hosts.bob.split('/')[0]

/** Waits for a direct tunnel from Alice to Bob. Returns its endpoints. */
export async function openTunnel(lab) {
  const address = TUTORIAL.virtual.bob
  await until('a ping', () => ping(lab, 'alice', address, { count: 1 }).received === 1)
  const remote = await until('a direct path', () => directRemote(lab, 'alice', 'bob'))
  const back = await until('a direct path back', () => directRemote(lab, 'bob', 'alice'))
  // What segmentation by the kernel hides: datagrams as a network would carry them.
  lab.run('alice', ['ethtool', '-K', 'eth0', 'tx-udp-segmentation', 'off'])
  return { port: Number(remote.split(':').at(-1)), back }
}

/** Lets `count` datagrams of a kind arrive at Bob while Alice pings him. Returns what was counted, and what is wrong with it. */
export async function attack(lab, tunnel, kind, count) {
  const file = await capture(lab, tunnel)
  const before = observe(lab, tunnel)
  const pings = lab.spawn('alice', ['ping', '-n', '-i', '0.02', TUTORIAL.virtual.bob], {
    name: `ping-${kind}`,
  })
  const sums = { sent: 0, intact: 0, empty: 0 }
  for (let sending = 0; sending < SENDINGS_MAX; sending++) {
    const arrived = sums.sent - (observe(lab, tunnel).lost - before.lost)
    if (arrived >= count) break
    const sent = await flood(lab, tunnel, { file, kind, count: count - arrived })
    for (const name of Object.keys(sums)) sums[name] += sent[name]
  }
  await lab.stop(pings, 'SIGINT')
  const [, asked, answered] =
    /(\d+) packets transmitted, (\d+) received/.exec(lab.log('alice', `ping-${kind}`)) ?? []
  const delta = difference(observe(lab, tunnel), before)
  const result = { kind, ...sums, ...delta, asked: Number(asked), answered: Number(answered) }
  return { ...result, problems: [...judge(result, count), ...healthProblems(lab, tunnel)] }
}

/** Copies with a checksum while all kinds of datagrams arrive. Returns what is wrong with it. */
export async function copyUnderAttack(lab, tunnel, count) {
  const file = await capture(lab, tunnel)
  const seconds = (KINDS.length * count) / PER_SECOND
  const address = TUTORIAL.virtual.bob
  const copy = copyBetween(lab, 'alice', 'bob', {
    address,
    bytes: COPY_BYTES,
    seconds,
    port: 9_001,
  })
  for (const kind of KINDS) await flood(lab, tunnel, { file, kind, count })
  const { sent, received } = await copy
  const isEqual = /^[0-9a-f]{64}$/.test(sent) && sent === received
  return [...(isEqual ? [] : ['the checksums differ']), ...healthProblems(lab, tunnel)]
}

/** Records what goes from Alice to Bob while she pings him and copies something. Returns the file. */
async function capture(lab, { port }) {
  const file = path.join(lab.home('bob'), 'tunnel.pcap')
  fs.rmSync(file, { force: true })
  const filter = `udp and src host ${ALICE} and dst port ${port}`
  const command = ['tcpdump', '-i', 'eth0', '-Q', 'in', '-U', '-s', '0', '-w', file]
  const child = lab.spawn('bob', [...command, '-c', String(CAPTURED), ...filter.split(' ')], {
    name: 'tcpdump',
  })
  await until('tcpdump', () => fs.existsSync(file))
  ping(lab, 'alice', TUTORIAL.virtual.bob, { count: 50, intervalSeconds: 0.01 })
  const address = TUTORIAL.virtual.bob
  await copyBetween(lab, 'alice', 'bob', { address, bytes: COPY_BYTES / 10, port: 9_002 })
  await lab.stop(child, 'SIGINT')
  return file
}

/** Sends from Carol's machine: an attacker has an address of his own, and a replay must not move the tunnel there. */
async function flood(lab, { port }, { file, kind, count }) {
  const name = `flood-${kind}`
  fs.rmSync(path.join(lab.home('carol'), `${name}.log`), { force: true })
  const args = [file, BOB, String(port), kind, String(count), String(PER_SECOND)]
  const { code } = await lab.spawn('carol', [process.execPath, FLOOD, ...args], { name }).exited
  const log = lab.log('carol', name)
  if (code !== 0) throw new Error(`the sender failed: ${log}`)
  return JSON.parse(log)
}

/** Returns counters of Bob's plane, his kernel and his socket. */
function observe(lab, { port }) {
  const { dataPlane } = askNode(lab, 'bob', 'status').nodes[0]
  if (dataPlane.name !== 'rust') throw new Error(`Bob has no data plane: ${dataPlane.reason}`)
  const { counters } = dataPlane
  return {
    // Whatever names a plane has for its reasons.
    rejected: sum(['rejected', 'replays', 'authFailures', 'expired'].map((name) => counters[name])),
    noticed: counters.noticed,
    flooded: counters.flooded,
    opened: counters.opened,
    echoes: icmpEchoes(lab),
    lost: socketDrops(lab, port),
  }
}

function difference(after, before) {
  return Object.fromEntries(Object.keys(before).map((name) => [name, after[name] - before[name]]))
}

/** Returns what contradicts that every datagram was refused and the tunnel did not notice. */
function judge(result, count) {
  const { sent, intact, empty, rejected, noticed, flooded, lost } = result
  const { opened, echoes, asked, answered } = result
  const found = []
  const check = (isGood, problem) => isGood || found.push(problem)
  check(sent - lost >= count, `only ${sent - lost} of ${count} datagrams arrived`)
  check(rejected <= intact, `${rejected} refused, but only ${intact} could be`)
  check(rejected + lost >= intact, `${intact - rejected - lost} of ${intact} were not refused`)
  // Nobody counts a datagram of no bytes.
  const missing = sent - empty - rejected - noticed - flooded - lost
  check(missing <= 0, `${missing} unaccounted for`)
  check(echoes === asked, `${asked} echo requests were sent, ${echoes} came out of the tunnel`)
  check(opened === asked, `${asked} packets were sent, ${opened} came out of the tunnel`)
  // The last one may have been asked when the pinging was ended.
  check(asked > 0 && answered >= asked - 1, `${asked - answered} of ${asked} pings were lost`)
  return found
}

function healthProblems(lab, { back }) {
  const found = []
  const peer = peerOf(lab, 'bob', 'alice')
  if (peer?.remote !== back) found.push(`Bob sends to ${peer?.remote ?? 'nobody'}, not ${back}`)
  if (ping(lab, 'alice', TUTORIAL.virtual.bob).lossPercent > 0)
    found.push('a ping was lost after it')
  const log = lab.log('bob', 'ipop-node')
  if (/panic|fatal|stopped/i.test(log)) found.push(`Bob's node says: ${log.slice(-500)}`)
  return found
}

function directRemote(lab, host, other) {
  const peer = peerOf(lab, host, other)
  return peer?.edgeKinds[0] === 'udp' ? peer.remote : undefined
}

/** Returns how many datagrams found the buffer of a UDP port full. */
function socketDrops(lab, port) {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const { stdout } = lab.run('bob', ['cat', '/proc/net/udp', '/proc/net/udp6'])
  const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/))
  return sum(rows.filter((row) => row[1]?.endsWith(suffix)).map((row) => Number(row.at(-1))))
}

function icmpEchoes(lab) {
  const { stdout } = lab.run('bob', ['cat', '/proc/net/snmp'])
  const [names = '', values = ''] = stdout.split('\n').filter((line) => line.startsWith('Icmp:'))
  return Number(values.split(' ')[names.split(' ').indexOf('InEchos')])
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + (number ?? 0), 0)
}
