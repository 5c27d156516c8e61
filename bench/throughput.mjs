/** Throughput beside other VPNs, in interleaved rounds of one run: `-- throughput [--rounds N] [--peers a,b] [--json FILE]`. */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { Lab } from '../tools/lab/namespaces.mjs'
import { ROOT } from '../tools/run/steps.mjs'
import { numberOption } from './lib/options.mjs'
import { Report } from './lib/report.mjs'

/** The program of each peer of the lab; `raw` is the bare link. */
const PROGRAMS = {
  raw: undefined,
  gvpe: 'gvpe',
  n2n: 'edge',
  nebula: 'nebula',
  openvpn: 'openvpn',
  tinc: 'tincd',
  'wireguard-go': 'wireguard-go',
  yggdrasil: 'yggdrasil',
}
const OURS = 'peer-ipop'
const FIGURES = [
  { name: 'TCP, one stream', unit: 'Gbit/s', part: 'tcp', of: (tcp) => tcp.gbps },
  { name: 'CPU of both daemons', unit: 's/GB', part: 'tcp', of: (tcp) => tcp.daemon_cpu_s_per_gb },
  {
    name: '64-byte packets delivered',
    unit: '1,000/s',
    part: 'udp',
    of: (udp) => udp.delivered_pps / 1000,
  },
  { name: 'idle ping, median', unit: 'us', part: 'ping_us', of: (ping) => ping.median },
]

const { values } = parseArgs({
  args: process.argv.slice(3),
  options: { rounds: { type: 'string' }, peers: { type: 'string' }, json: { type: 'string' } },
})
const rounds = numberOption('rounds', 3)
const reason = Lab.unavailable()
if (reason) throw new Error(`this benchmark needs namespaces: ${reason}`)
const missing = ['python3', 'iperf3', 'nft', 'ethtool', 'openssl'].filter((each) => !has(each))
if (missing.length > 0)
  throw new Error(`this benchmark needs programs that are missing: ${missing.join(', ')}`)
const directory = labDirectory()
const peers = values.peers ? wanted(values.peers) : installed()
show(measure())

/** Returns the folder of the lab: a bench.py and the scripts of its peers. */
function labDirectory() {
  const folder = path.resolve(process.env.LAB_DIR ?? path.join(ROOT, '../shared/lab'))
  if (fs.existsSync(path.join(folder, 'bench.py'))) return folder
  throw new Error(
    `the VPN lab is not at ${folder} (no bench.py there): set LAB_DIR to the folder that has it`,
  )
}

function installed() {
  return Object.keys(PROGRAMS).filter((peer) => isThere(peer) && canRun(peer))
}

function wanted(text) {
  const names = text.split(',').filter((name) => name !== '' && name !== OURS)
  const unknown = names.find((name) => !isThere(name))
  if (unknown !== undefined) throw new Error(`--peers: the lab has no peer '${unknown}'`)
  const absent = names.find((name) => !canRun(name))
  if (absent !== undefined)
    throw new Error(`--peers: '${absent}' needs the program ${PROGRAMS[absent]}, which is missing`)
  return names
}

function isThere(peer) {
  return fs.existsSync(path.join(directory, 'peers', `${peer}.sh`))
}

function canRun(peer) {
  return PROGRAMS[peer] === undefined || has(PROGRAMS[peer])
}

/** Daemons live in sbin, which a user's path may lack. */
function has(program) {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin']
  return folders.some((folder) => fs.existsSync(path.join(folder, program)))
}

/** Runs the lab's benchmark and returns what it wrote. Every round visits every peer once. */
function measure() {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'ipop-throughput-'))
  const out = path.join(scratch, 'bench')
  const ours = path.join(ROOT, 'bench', `${OURS}.sh`)
  const args = [path.join(directory, 'bench.py'), ...peers, ours, '--rounds', String(rounds)]
  const env = { ...process.env, LAB_DIR: directory, LAB_PREFIX: process.env.LAB_PREFIX ?? 'tp-' }
  try {
    // Its own table is wider than a screen; progress and errors come by stderr.
    const stdio = ['ignore', 'ignore', 'inherit']
    const { status, signal } = spawnSync('python3', [...args, '--out', out], { env, stdio })
    if (status !== 0) throw new Error(`the lab's benchmark ended with ${signal ?? status}`)
    return JSON.parse(fs.readFileSync(`${out}.json`, 'utf8'))
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true })
  }
}

function show(result) {
  const report = new Report('throughput')
  const noisy = []
  for (const { name, unit, part, of } of FIGURES) {
    for (const [peer, { runs }] of Object.entries(result.peers)) {
      if (peer === 'raw' && name.startsWith('CPU')) continue
      const found = runs.filter((run) => run[part] !== undefined)
      const quiet = found.filter((run) => noiseOf(run[part]) <= result.params.max_noise)
      const label = peer.endsWith(`${OURS}.sh`) ? 'ipop' : peer
      if (quiet.length === 0) noisy.push(`${name}, ${label}`)
      // As the lab does: the quiet samples where there are any.
      for (const run of quiet.length > 0 ? quiet : found)
        report.add(`${name}: ${label}`, unit, of(run[part]) ?? undefined)
      if (found.length === 0) report.add(`${name}: ${label}`, unit, undefined)
    }
  }
  report.finish()
  for (const [peer, { runs }] of Object.entries(result.peers))
    for (const run of runs) for (const error of run.errors ?? []) console.log(`${peer}: ${error}`)
  if (noisy.length > 0)
    console.log(
      `No quiet sample (other programs took more than ${result.params.max_noise} cores): ${noisy.join('; ')}`,
    )
}

function noiseOf({ noise }) {
  return Object.values(noise ?? {}).reduce((sum, cores) => sum + cores, 0)
}
