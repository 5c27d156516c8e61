/** The lab of VPNs: its machines, its peers and its lock, driven through its own scripts. */
import { spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { ROOT } from '../../tools/run/steps.mjs'

/** Our adapter; every other peer belongs to the lab. */
export const OURS = 'peer-ipop'

/** The lock that every measurement on a machine holds. */
const LOCK = '/tmp/bench.lock'
const PREFIX = process.env.LAB_PREFIX ?? 'tp-'
const RUN = process.env.LAB_RUN ?? `/tmp/lab-run${PREFIX}`
const FIRST_PING_SECONDS = 20
const COMMAND_MS = 60_000

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

/** The lab; `up` makes its machines. */
export class VpnLab {
  #folder = labFolder()
  #isUp = false

  /** Returns the peers whose programs are installed, the bare link first, without ours. */
  installed() {
    return Object.keys(PROGRAMS).filter((peer) => this.#has(peer) && canRun(peer))
  }

  /** Returns the peers in `text`; throws at one that cannot be measured here. */
  wanted(text) {
    const names = text.split(',').filter((name) => name !== '' && name !== OURS)
    const unknown = names.find((name) => !this.#has(name))
    if (unknown !== undefined) throw new Error(`--peers: the lab has no peer '${unknown}'`)
    const absent = names.find((name) => !canRun(name))
    if (absent === undefined) return names
    throw new Error(`--peers: '${absent}' needs the program ${PROGRAMS[absent]}, which is missing`)
  }

  /** Makes the machines; takes them down when the process ends. */
  async up() {
    // Refuses to run twice on the same machines, as the lab itself does.
    await holdLock(`${RUN}.lock`, { wait: false })
    process.once('exit', () => this.down())
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
      process.once(signal, () => process.exit(130))
    this.#isUp = true
    this.#script(path.join(this.#folder, 'lab.sh'), 'up')
  }

  /** Takes them down. */
  down() {
    if (!this.#isUp) return
    this.#isUp = false
    spawnSync(path.join(this.#folder, 'lab.sh'), ['down'], {
      env: this.#env(),
      timeout: COMMAND_MS,
    })
  }

  /** Resolves with a function that gives the lock of all measurements back. */
  lock() {
    return holdLock(LOCK, { wait: true })
  }

  /** Starts a peer; resolves with what its script says of it, and the seconds to the first answered ping. */
  async start(name, { env = {} } = {}) {
    const script = this.#scriptOf(name)
    this.#script(script, 'prepare', env)
    const { vip } = this.#infoOf(name)
    const pinger = this.spawn('alice', [
      ...['/usr/bin/python3', '-SEI', path.join(this.#folder, 'firstping.py')],
      ...[vip.bob, '0.005', String(FIRST_PING_SECONDS)],
    ])
    const lines = createInterface({ input: pinger.stdout })[Symbol.asyncIterator]()
    try {
      await lines.next()
      this.#script(script, 'launch', env)
      const { value } = await lines.next()
      const info = this.#infoOf(name)
      if (!/^\d+$/.test(value ?? '')) throw new Error('no ping was answered')
      return { ...info, joinSeconds: (Number(value) - info.t0_ns) / 1e9 }
    } finally {
      pinger.kill('SIGKILL')
    }
  }

  /** Ends a peer. */
  stop(name) {
    spawnSync(this.#scriptOf(name), ['stop'], { env: this.#env(), timeout: COMMAND_MS })
  }

  /** Returns where a peer keeps its files. */
  homeOf(name) {
    return path.join(RUN, `peer-${name}`)
  }

  /** Starts a command on a machine. */
  spawn(who, command) {
    return spawn('ip', ['netns', 'exec', `${PREFIX}${who}`, ...command], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  }

  /** Runs a command on a machine to its end; returns its output. */
  run(who, command, { input, timeoutMs = COMMAND_MS } = {}) {
    const args = ['netns', 'exec', `${PREFIX}${who}`, ...command]
    return must('ip', args, { ...(input === undefined ? {} : { input }), timeout: timeoutMs })
  }

  /** Lets no packet pass between Alice and Bob other than over Pam, or lets them again. */
  setApart(isApart) {
    const addresses = Object.fromEntries(['alice', 'bob'].map((who) => [who, this.#addressOf(who)]))
    for (const [who, other] of [
      ['alice', addresses.bob],
      ['bob', addresses.alice],
    ]) {
      const rule = `type filter hook input priority -300; iifname "eth0" ip saddr ${other} drop`
      const table = `table ip apart {\n chain in {\n ${rule}\n }\n}`
      this.run(who, ['nft', '-f', '-'], { input: isApart ? table : 'delete table ip apart' })
    }
  }

  /** Makes the links like network cards: no packet is longer than the MTU on the wire, and the kernel merges what arrives. */
  setCardLike(isCardLike) {
    const [segmentation, merging] = isCardLike ? ['off', 'on'] : ['on', 'off']
    for (const who of ['alice', 'bob']) {
      const features = ['tso', segmentation, 'tx-udp-segmentation', segmentation, 'gro', merging]
      this.run(who, ['ethtool', '-K', 'eth0', ...features])
    }
  }

  /** Gives TCP between Alice and Bob over a peer a congestion control; returns a function that takes it back. */
  setCongestion({ vip, dev }, name) {
    const routes = [
      ['alice', vip.bob],
      ['bob', vip.alice],
    ].map(([who, address]) => [
      who,
      [`${address}/${address.includes(':') ? 128 : 32}`, 'dev', dev[who]],
    ])
    for (const [who, route] of routes)
      this.run(who, ['ip', 'route', 'replace', ...route, 'congctl', name])
    return () => {
      for (const [who, route] of routes) this.run(who, ['ip', 'route', 'del', ...route])
    }
  }

  /** Returns the packets that Pam's link carried so far, both ways. */
  packetsOfPam() {
    const [{ stats64 }] = JSON.parse(this.run('pam', ['ip', '-j', '-s', 'link', 'show', 'eth0']))
    return stats64.rx.packets + stats64.tx.packets
  }

  #addressOf(who) {
    const [{ addr_info: found }] = JSON.parse(
      this.run(who, ['ip', '-j', '-4', 'addr', 'show', 'eth0']),
    )
    return found[0].local
  }

  #infoOf(name) {
    return JSON.parse(fs.readFileSync(path.join(this.homeOf(name), 'info.json'), 'utf8'))
  }

  #has(peer) {
    return fs.existsSync(path.join(this.#folder, 'peers', `${peer}.sh`))
  }

  #scriptOf(name) {
    if (name === OURS) return path.join(ROOT, 'bench', `${OURS}.sh`)
    return path.join(this.#folder, 'peers', `${name}.sh`)
  }

  #script(script, verb, env = {}) {
    must(script, [verb], { env: { ...this.#env(), ...env }, timeout: COMMAND_MS })
  }

  #env() {
    return { ...process.env, LAB_DIR: this.#folder, LAB_PREFIX: PREFIX, LAB_RUN: RUN }
  }
}

/** Returns the programs of `names` that are missing here. */
export function missingPrograms(names) {
  return names.filter((name) => !isInstalled(name))
}

function labFolder() {
  const folder = path.resolve(process.env.LAB_DIR ?? path.join(ROOT, '../shared/lab'))
  if (fs.existsSync(path.join(folder, 'lab.sh'))) return folder
  throw new Error(
    `the VPN lab is not at ${folder} (no lab.sh there): set LAB_DIR to the folder that has it`,
  )
}

function canRun(peer) {
  return PROGRAMS[peer] === undefined || isInstalled(PROGRAMS[peer])
}

/** Daemons live in sbin, which a user's path may lack. */
function isInstalled(program) {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin']
  return folders.some((folder) => fs.existsSync(path.join(folder, program)))
}

function must(program, args, options) {
  // Not a pipe for errors: a daemon that a script starts would inherit it and keep it open.
  const stdio = [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'inherit']
  const result = spawnSync(program, args, { encoding: 'utf8', stdio, ...options })
  if (result.status === 0) return result.stdout
  throw new Error(`${program} ${args.join(' ')}: ${result.error?.message ?? result.status}`)
}

/** Holds a lock as flock(1) takes it; it falls with this process. */
async function holdLock(file, { wait }) {
  const args = [...(wait ? [] : ['-n']), file, 'sh', '-c', 'echo held; exec cat']
  const child = spawn('flock', args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const isHeld = await new Promise((resolve) => {
    child.stdout.once('data', () => resolve(true))
    child.once('exit', () => resolve(false))
  })
  if (!isHeld) throw new Error(`${file} is held by another run; set LAB_PREFIX for a second lab`)
  return () => child.stdin.end()
}
