/**
 * The data plane beside other VPNs, in interleaved rounds of one run: `-- throughput [--rounds N] [--peers a,b]
 * [--figures tcp,udp,...] [--seconds N] [--json FILE] [--minutes N] [--resume]`.
 *
 * The file is written after every visit. `--minutes` begins no visit later than that, and `--resume` goes on with what
 * the file has, so that a long run can be had in pieces.
 */
import fs from 'node:fs'
import os from 'node:os'
import { Lab } from '../tools/lab/namespaces.mjs'
import { benchOptions } from './lib/options.mjs'
import { MEMORY_NOTE, memoryPerPeer, memoryRows } from './lib/peer-memory.mjs'
import { missingPrograms, OURS, VpnLab } from './lib/vpn-lab.mjs'
import { NOISE_MAX, PARTS, pause, RELAY_PARTS, undisturbed } from './lib/vpn-measure.mjs'
import { printRows, rowsOf } from './lib/vpn-table.mjs'
import { noiseOf } from './lib/watch.mjs'

/** Path-MTU discovery and the like are over by then. */
const SETTLE_MS = 2_500

/** Peers that Pam relays for where Alice and Bob cannot talk. */
const RELAYED = [OURS, 'nebula', 'n2n']
const MEMORY = 'peer-memory'
const KINDS = [...Object.keys(PARTS), 'relay', MEMORY]

const values = benchOptions({
  ...{ rounds: 5, seconds: 5, minutes: 24 * 60 },
  ...{ peers: undefined, figures: undefined, resume: false },
})
const { rounds, seconds } = values
const deadline = performance.now() + 60_000 * values.minutes
const figures = wantedFigures(values.figures)
const reason = Lab.unavailable()
if (reason) throw new Error(`this benchmark needs namespaces: ${reason}`)
const missing = missingPrograms([
  ...['python3', 'iperf3', 'nft', 'ethtool', 'openssl', 'ping', 'flock'],
])
if (missing.length > 0)
  throw new Error(`this benchmark needs programs that are missing: ${missing.join(', ')}`)
const lab = new VpnLab()
const others = values.peers === undefined ? lab.installed() : lab.wanted(values.peers)
// Everything is told relative to the bare link, so it is always measured.
const peers = [...new Set(['raw', ...others, OURS])]
const visits = values.resume ? earlierVisits(values.json) : []
const isWhole = await visitAll()
finish()

function earlierVisits(file) {
  if (file === undefined) throw new Error('--resume needs --json FILE')
  return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')).visits : []
}

function wantedFigures(text) {
  const names = text?.split(',') ?? KINDS
  const unknown = names.find((name) => !KINDS.includes(name))
  if (unknown === undefined) return new Set(names)
  throw new Error(`--figures: '${unknown}' is none of ${KINDS.join(', ')}`)
}

/** Visits every peer once a round. Returns whether there was time for all. */
async function visitAll() {
  await lab.up()
  try {
    for (let round = 0; round < rounds; round++) {
      for (const peer of [...peers, ...(figures.has(MEMORY) ? [MEMORY] : [])]) {
        if (visits.some((visit) => visit.round === round && visit.peer === peer)) continue
        if (performance.now() > deadline) return false
        const release = await lab.lock()
        const visit = { round, peer, ...(await visitOne(peer)) }
        release()
        visits.push(visit)
        tell(visit)
        save()
      }
    }
    return true
  } finally {
    lab.down()
  }
}

/** Measures one peer. What fails is told, and the rest goes on. */
async function visitOne(peer) {
  const parts = {}
  const errors = []
  const attempt = async (name, action) => {
    try {
      parts[name] = await action()
    } catch (error) {
      errors.push(`${name}: ${error.message}`)
    }
  }
  if (peer === MEMORY) {
    await attempt(MEMORY, memoryPerPeer)
    return { parts, errors }
  }
  const direct = Object.keys(PARTS).filter((part) => figures.has(part))
  let info
  if (direct.length > 0) {
    await attempt('join', () =>
      running(peer, async (found) => {
        info = found
        for (const part of direct)
          await attempt(part, () => undisturbed(PARTS[part], lab, info, seconds))
        return { seconds: info.joinSeconds }
      }),
    )
  }
  if (figures.has('relay') && RELAYED.includes(peer)) {
    await attempt('join apart', () =>
      runningApart(peer, async (found) => {
        for (const [part, measurement] of Object.entries(RELAY_PARTS))
          await attempt(part, () => undisturbed(measurement, lab, found, seconds))
        return { seconds: found.joinSeconds }
      }),
    )
  }
  return { version: info?.version, cipher: info?.cipher, parts, errors }
}

async function running(peer, action, options) {
  try {
    const info = await lab.start(peer, options)
    await pause(SETTLE_MS)
    return await action(info)
  } finally {
    lab.stop(peer)
  }
}

async function runningApart(peer, action) {
  lab.setApart(true)
  try {
    // Pam's sixteen nodes have no data plane: a member of the network relays faster.
    return await running(peer, action, { env: { IPOP_PAM: 'member' } })
  } finally {
    lab.setApart(false)
  }
}

function tell({ round, peer, parts, errors }) {
  const noise = Math.max(...Object.values(parts).map((part) => noiseOf(part)), 0)
  const rates = Object.entries(parts).flatMap(([name, { gbps }]) =>
    gbps === undefined ? [] : [`${name} ${gbps.toFixed(2)}`],
  )
  console.error(
    `[${round + 1}/${rounds}] ${peer}: ${[...rates, `noise ${noise.toFixed(2)}`, ...errors].join(', ')}`,
  )
}

function save() {
  if (!values.json) return
  const host = { cpu: os.cpus()[0]?.model, cores: os.cpus().length, kernel: os.release() }
  const rows = [...rowsOf(visits, peers), ...memoryRows(visits, MEMORY)]
  const params = { rounds, seconds, noiseMax: NOISE_MAX }
  const result = { name: 'throughput', at: new Date().toISOString(), host, params, rows, visits }
  fs.writeFileSync(values.json, `${JSON.stringify(result, null, 1)}\n`)
}

function finish() {
  console.log(
    `\nthroughput (${os.cpus().length} cores, ${seconds} s a measurement, TCP with cubic; noise in cores)`,
  )
  printRows([...rowsOf(visits, peers), ...memoryRows(visits, MEMORY)])
  if (figures.has(MEMORY)) console.log(`\n${MEMORY_NOTE}`)
  for (const { round, peer, parts, errors } of visits) {
    const { relay } = parts
    if (relay)
      console.log(
        `round ${round + 1}, ${peer} relayed: ${relay.packetsOfPam} packets passed Pam` +
          `${relay.path ? `; paths to Bob: ${relay.path.join(', ')}` : ''}`,
      )
    for (const error of errors) console.log(`round ${round + 1}, ${peer}: ${error}`)
  }
  if (!isWhole) console.log('The time was over before the last round: go on with --resume.')
}
