/** Measurements of one peer of the VPN lab while it runs; every peer goes through the same code. */
import fs from 'node:fs'
import path from 'node:path'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { app } from '../../tools/lab/tutorial.mjs'
import { median } from './report.mjs'
import { noiseOf, residentMb, Watch } from './watch.mjs'
import { OURS } from './vpn-lab.mjs'

/** A measurement during which others took more cores than this is repeated. */
export const NOISE_MAX = 0.15

/** Sends as fast as its window lets it. */
const UNPACED = 'cubic'
const REPEATS_MAX = 2
const LOOP = fileURLToPath(new URL('./udp-loop.py', import.meta.url))
const PYTHON = ['/usr/bin/python3', '-SEI']
const LOOP_PORT = 7_007
const IPERF_PORT = 5_201
const GRACE_SECONDS = 12
const PAUSE_MS = 300
const IDLE_PINGS = { count: 200, intervalSeconds: 0.005 }

/** The parts of a visit in their order, each `(lab, info, seconds)` to its numbers. */
export const PARTS = {
  ping: idlePing,
  loop: closedLoop,
  tcp: (lab, info, seconds) => tcp(lab, info, { seconds }),
  reverse: (lab, info, seconds) => tcp(lab, info, { seconds, options: ['-R'] }),
  bidir: (lab, info, seconds) => bothWays(lab, info, seconds),
  streams: (lab, info, seconds) => tcp(lab, info, { seconds, options: ['-P', '4'] }),
  paced: (lab, info, seconds) => tcp(lab, info, { seconds, congestion: 'bbr' }),
  udp: smallPackets,
  memory: memory,
  card: cardLike,
}

/** The same where Pam relays; TCP first, which shows by the time it takes that the relayed path is there. */
export const RELAY_PARTS = {
  relay: relayed,
  'relay-ping': idlePing,
  'relay-loop': closedLoop,
}

/** Takes a measurement such as those of PARTS until nobody disturbs it; resolves with the quietest attempt. */
export async function undisturbed(measurement, lab, info, seconds) {
  const attempts = []
  do {
    if (attempts.length > 0) await pause(PAUSE_MS)
    attempts.push(await measurement(lab, info, seconds))
  } while (noiseOf(attempts.at(-1)) > NOISE_MAX && attempts.length <= REPEATS_MAX)
  const quietest = attempts.reduce((best, each) => (noiseOf(each) < noiseOf(best) ? each : best))
  return { ...quietest, tries: attempts.length }
}

/** Measures TCP over Pam, and what shows that it went that way. */
async function relayed(lab, info, seconds) {
  const before = lab.packetsOfPam()
  const result = await tcp(lab, info, { seconds })
  return {
    ...result,
    packetsOfPam: lab.packetsOfPam() - before,
    ...(info.name === OURS ? { path: pathOf(lab) } : {}),
  }
}

/** Resolves after a while. */
export function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Returns the kinds of path that Alice's node has to Bob's, the one in use first. */
function pathOf(lab) {
  const home = lab.homeOf(OURS)
  const log = fs.readFileSync(path.join(home, 'alice.log'), 'utf8')
  const socket = /control socket: (.*)/.exec(log)?.[1] ?? ''
  const [node, ...args] = app('crawler', 'ipop')
  const { stdout } = spawnSync(node, [...args, '--json', '--socket', socket, 'peers'], {
    encoding: 'utf8',
  })
  const config = fs.readFileSync(path.join(home, 'bob', 'node.config'), 'utf8')
  const bob = /<NodeAddress>(.*)<\/NodeAddress>/.exec(config)?.[1]
  return JSON.parse(stdout || '[]').find(({ address }) => address === bob)?.edgeKinds ?? []
}

async function idlePing(lab, info) {
  const watch = new Watch(info.pids)
  const { count, intervalSeconds } = IDLE_PINGS
  const options = ['-n', '-c', String(count), '-i', String(intervalSeconds), '-W', '2']
  const child = lab.spawn('alice', ['ping', ...options, info.vip.bob])
  watch.expect(child.pid)
  const output = await textOf(child, count * intervalSeconds + GRACE_SECONDS)
  const times = [...output.matchAll(/time=([\d.]+) ms/g)].map((found) => 1000 * Number(found[1]))
  const sorted = times.toSorted((a, b) => a - b)
  const p99 = sorted[Math.floor(0.99 * sorted.length)]
  return { median: median(times), p99, answered: times.length, noise: watch.stop().noise }
}

async function closedLoop(lab, info, seconds) {
  const watch = new Watch(info.pids)
  const server = lab.spawn('bob', [...PYTHON, LOOP, 'serve', info.vip.bob, String(LOOP_PORT)])
  try {
    await new Promise((resolve) => server.stdout.once('data', resolve))
    const args = ['ask', info.vip.bob, String(LOOP_PORT), String(Math.min(3, seconds))]
    const client = lab.spawn('alice', [...PYTHON, LOOP, ...args])
    for (const { pid } of [server, client]) watch.expect(pid)
    const numbers = JSON.parse(await textOf(client, seconds + GRACE_SECONDS))
    return { ...numbers, noise: watch.stop().noise }
  } finally {
    server.kill('SIGKILL')
  }
}

async function tcp(lab, info, { seconds, options = [], congestion = UNPACED }) {
  const args = ['-t', String(seconds), ...options]
  const { client, server, cpu, noise } = await iperfTcp(lab, info, args, congestion)
  const { bytes, bits_per_second: rate } = server.sum_received.bytes
    ? server.sum_received
    : client.sum_received
  const retransmits = client.sum_sent.retransmits
  return { gbps: rate / 1e9, bytes, retransmits, ...perGigabyte(cpu, bytes), noise }
}

async function bothWays(lab, info, seconds) {
  const { client, cpu, noise } = await iperfTcp(lab, info, ['-t', String(seconds), '--bidir'])
  const ways = [client.sum_received, client.sum_received_bidir_reverse]
  const bytes = ways[0].bytes + ways[1].bytes
  const [forth, back] = ways.map((way) => way.bits_per_second / 1e9)
  return { gbps: forth + back, forth, back, bytes, ...perGigabyte(cpu, bytes), noise }
}

async function smallPackets(lab, info, seconds) {
  const options = ['-t', String(Math.min(4, seconds)), '-u', '-l', '64', '-b', '0']
  const { client, server, cpu, noise } = await iperf(lab, info, options)
  const received = server.sum_received.bytes / 64
  const { packets, seconds: lasted } = client.sum_sent
  return {
    kpps: received / server.sum_received.seconds / 1000,
    sentKpps: packets / lasted / 1000,
    loss: 1 - received / Math.max(1, packets),
    cpuMicrosecondsPerPacket: ((cpu.alice + cpu.bob) / received) * 1e6,
    noise,
  }
}

async function memory(lab, { pids }) {
  return { alice: residentMb(pids.alice), bob: residentMb(pids.bob) }
}

async function cardLike(lab, info, seconds) {
  lab.setCardLike(true)
  try {
    await pause(PAUSE_MS)
    return await tcp(lab, info, { seconds })
  } finally {
    lab.setCardLike(false)
  }
}

/**
 * Runs TCP from Alice to Bob; resolves with both reports.
 *
 * Both ends have `congestion` from their first segment on, by their route. `iperf3 -C` sets it on a connection that is there
 * already: where the machine's own is BBR, which asks for pacing, the connection stays paced by a timer for every send.
 */
async function iperfTcp(lab, info, options, congestion = UNPACED) {
  const takeBack = lab.setCongestion(info, congestion)
  try {
    const reports = await iperf(lab, info, options)
    const { sender_tcp_congestion: used } = reports.client
    if (used !== congestion) throw new Error(`TCP ran with ${used}, not with ${congestion}`)
    return reports
  } finally {
    takeBack()
  }
}

/** Runs iperf3 from Alice to Bob; resolves with both reports. */
async function iperf(lab, info, options) {
  const watch = new Watch(info.pids)
  const server = lab.spawn('bob', ['iperf3', '-s', '-1', '-J'])
  const children = [server]
  try {
    const reported = textOf(server, 60)
    await untilListening(server.pid)
    const args = ['-c', info.vip.bob, '-J', ...options]
    const client = lab.spawn('alice', ['iperf3', ...args])
    children.push(client)
    for (const { pid } of children) watch.expect(pid)
    const seconds = Number(options[options.indexOf('-t') + 1])
    const sent = JSON.parse(await textOf(client, seconds + GRACE_SECONDS))
    if (sent.error) throw new Error(`iperf3: ${sent.error}`)
    return { client: sent.end, server: JSON.parse(await reported).end, ...watch.stop() }
  } finally {
    for (const child of children) child.kill('SIGKILL')
  }
}

async function untilListening(pid) {
  const port = `:${IPERF_PORT.toString(16).toUpperCase().padStart(4, '0')}`
  for (let looks = 0; looks < 300; looks++) {
    const tables = ['tcp', 'tcp6'].map((name) => `/proc/${pid}/net/${name}`)
    const rows = tables.flatMap((file) => linesOf(file)).map((line) => line.trim().split(/\s+/))
    if (rows.some((row) => row[1]?.endsWith(port) && row[3] === '0A')) return
    await pause(10)
  }
  throw new Error('iperf3 does not listen')
}

function linesOf(file) {
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n') : []
}

/** Resolves with what a process prints; ends it after `seconds`. */
async function textOf(child, seconds) {
  const timer = setTimeout(() => child.kill('SIGKILL'), seconds * 1000)
  let text = ''
  child.stdout.on('data', (bytes) => (text += bytes))
  await new Promise((resolve) => child.once('close', resolve))
  clearTimeout(timer)
  if (text === '') throw new Error(`${child.spawnargs[4]} printed nothing`)
  return text
}

function perGigabyte({ alice, bob }, bytes) {
  return { cpuPerGb: bytes > 0 ? (alice + bob) / (bytes / 1e9) : undefined }
}
