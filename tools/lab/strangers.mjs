/** A flood of hellos and handshakes from a thousand spoofed sources: what comes back, and what a tunnel meanwhile carries. */
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { askNode, peerOf, ping, TUTORIAL, until } from './tutorial.mjs'

/** How many strangers there are, four in each of 250 networks. */
export const SOURCES = 1_000
/** How many datagrams they send in a second, all together. */
export const PER_SECOND = 20_000

const DATAGRAMS = fileURLToPath(new URL('./strangers-datagrams.mjs', import.meta.url))
const SENDER = fileURLToPath(new URL('./strangers-sender.py', import.meta.url))
const NETWORK = '10.98.0.0/16'
const KINDS_EACH = 700
/** Part of the flood that must have arrived, on a machine that does everything else, too. */
const ARRIVED_SHARE_MIN = 0.9
const THROUGHPUT_SHARE_MIN = 0.9
/** What the garbage collector of JavaScript may still hold of the last slot. */
const MEMORY_GROWTH_BYTES_MAX = 24 << 20

/** Prepares a flood of `host`, `pam` or `bob`, from Carol's machine. `other` takes and drops as much when it is not flooded. */
export async function aimAt(lab, host) {
  const other = host === 'bob' ? 'pam' : 'bob'
  const port = host === 'pam' ? TUTORIAL.port : await portOfBob(lab)
  for (const [machine, rules] of [
    [host, counting()],
    [other, dropping()],
  ]) {
    const { status, stderr } = lab.run(machine, ['nft', '-f', '-'], { input: rules })
    if (status !== 0) throw new Error(`nft: ${stderr}`)
  }
  lab.run(host, ['ip', 'route', 'replace', NETWORK, 'via', addressOf('carol')])
  const file = path.join(lab.home('carol'), `${host}.datagrams`)
  const args = [addressOf(host), String(port), TUTORIAL.namespace, String(KINDS_EACH), file]
  const made = lab.run('carol', [process.execPath, DATAGRAMS, ...args])
  if (made.status !== 0) throw new Error(`no datagrams: ${made.stderr}`)
  return { host, other, port, file }
}

/** Starts sending for `seconds`, to the target or to the machine that drops all; resolves with how many were sent. */
export function flood(lab, { host, other, port, file }, { seconds, isSpared = false }) {
  const name = `flood-${isSpared ? other : host}`
  fs.rmSync(path.join(lab.home('carol'), `${name}.log`), { force: true })
  const numbers = [port, SOURCES, PER_SECOND, seconds].map(String)
  const to = addressOf(isSpared ? other : host)
  const child = lab.spawn('carol', ['python3', SENDER, file, to, ...numbers], { name })
  return child.exited.then(({ code }) => {
    const log = lab.log('carol', name)
    if (code !== 0) throw new Error(`the sender failed: ${log}`)
    return Number(log)
  })
}

/** Returns what came in and went out so far at a target, and the memory of its node in bytes. */
export function observe(lab, { host }) {
  const { stdout } = lab.run(host, ['nft', '-j', 'list', 'counters'])
  const counters = JSON.parse(stdout).nftables.flatMap(({ counter }) => counter ?? [])
  const [asked, answered] = ['asked', 'answered'].map((name) => {
    const { packets, bytes } = counters.find((counter) => counter.name === name)
    return { packets, bytes }
  })
  return { asked, answered, memory: memoryOf(lab, host), refused: refusedBy(lab, host) }
}

/** Returns what contradicts that answers are fewer and shorter than what they answer. */
export function judgeAnswers({ asked, answered }) {
  return ['packets', 'bytes']
    .filter((unit) => answered[unit] > asked[unit])
    .map((unit) => `${answered[unit]} ${unit} answered ${asked[unit]}`)
}

/**
 * Floods a target for `seconds` in slots, each beside one in which the other machine drops as much, and lets Alice send
 * to Bob by TCP through the tunnel in all of them. Returns the figures and what is wrong with them.
 */
export async function compare(lab, target, { seconds, slotSeconds }) {
  const before = observe(lab, target)
  const rates = { spared: [], flooded: [] }
  const memory = []
  for (let passed = 0; passed < seconds; passed += slotSeconds) {
    rates.spared.push(await throughputDuring(lab, target, { slotSeconds, isSpared: true }))
    rates.flooded.push(await throughputDuring(lab, target, { slotSeconds, isSpared: false }))
    memory.push(observe(lab, target).memory)
  }
  const after = observe(lab, target)
  const share = median(rates.flooded) / median(rates.spared)
  const asked = difference(after.asked, before.asked)
  const answered = difference(after.answered, before.answered)
  const refused = after.refused - before.refused
  const figures = { asked, answered, refused, rates, share, memory: [before.memory, ...memory] }
  return { ...figures, problems: judge(lab, { ...figures, seconds }) }
}

function judge(lab, { asked, answered, share, memory, seconds }) {
  const found = judgeAnswers({ asked, answered })
  const check = (isGood, problem) => isGood || found.push(problem)
  const wanted = PER_SECOND * seconds * ARRIVED_SHARE_MIN
  check(asked.packets >= wanted, `only ${asked.packets} datagrams came in`)
  check(answered.packets > 0, 'nobody was answered at all')
  check(share >= THROUGHPUT_SHARE_MIN, `the tunnel kept ${percent(share)} of its throughput`)
  // What the first slot makes the node keep, it may keep.
  const growth = memory.at(-1) - memory[1]
  check(
    growth <= MEMORY_GROWTH_BYTES_MAX,
    `the memory grew by ${growth} bytes after the first slot`,
  )
  check(ping(lab, 'alice', TUTORIAL.virtual.bob).lossPercent === 0, 'a ping was lost after it')
  return found
}

async function throughputDuring(lab, target, { slotSeconds, isSpared }) {
  const sent = flood(lab, target, { seconds: slotSeconds + 2, isSpared })
  // The first second is the burst that the buckets grant, and not what a flood is like.
  const name = `iperf-${performance.now().toFixed()}`
  const to = TUTORIAL.virtual.bob
  const args = ['iperf3', '-c', to, '-J', '-O', '1', '-t', String(slotSeconds)]
  await lab.spawn('alice', args, { name }).exited
  await sent
  const { end } = JSON.parse(lab.log('alice', name))
  return end.sum_received.bits_per_second
}

/** Starts what receives the transfers, and waits for the direct tunnel. */
export async function startReceiver(lab) {
  const to = TUTORIAL.virtual.bob
  await until('a ping', () => ping(lab, 'alice', to, { count: 1 }).received === 1)
  await portOfBob(lab)
  lab.spawn('bob', ['iperf3', '-s'])
  await until('iperf3', () => lab.run('bob', ['ss', '-ltn']).stdout.includes(':5201'))
}

async function portOfBob(lab) {
  const remote = await until('a direct path', () => {
    const peer = peerOf(lab, 'alice', 'bob')
    return peer?.edgeKinds[0] === 'udp' && peer.remote
  })
  return Number(remote.split(':').at(-1))
}

function counting() {
  return `table ip strangers {
    counter asked {}
    counter answered {}
    chain in { type filter hook input priority 0; ip saddr ${NETWORK} counter name asked; }
    chain out { type filter hook output priority 0; ip daddr ${NETWORK} counter name answered; }
  }`
}

function dropping() {
  return `table ip strangers {
    chain in { type filter hook prerouting priority -300; ip saddr ${NETWORK} drop; }
  }`
}

function addressOf(host) {
  return TUTORIAL.hosts[host].split('/')[0]
}

/** Returns the resident memory of a machine's node: the process with most of it, since scripts start it. */
function memoryOf(lab, host) {
  const { stdout } = lab.run(host, ['ip', 'netns', 'pids', lab.namespace(host)])
  const sizes = stdout.split('\n').flatMap((pid) => {
    const file = `/proc/${pid}/status`
    if (pid === '' || !fs.existsSync(file)) return []
    return Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(file, 'utf8'))?.[1] ?? 0) * 1_024
  })
  return Math.max(...sizes)
}

/** Returns how many datagrams the data plane of Bob's node kept to itself; Pam's nodes are many. */
function refusedBy(lab, host) {
  if (host !== 'bob') return 0
  return askNode(lab, host, 'status').nodes[0].dataPlane.counters?.flooded ?? 0
}

function difference(after, before) {
  return Object.fromEntries(Object.keys(before).map((name) => [name, after[name] - before[name]]))
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

function percent(share) {
  return `${(100 * share).toFixed(1)} %`
}
