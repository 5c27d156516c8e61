/** Network namespaces on one bridge, and the processes in them: made for one run, gone after it, also when it fails. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const STOP_GRACE_MS = 4_000
const END_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** A lab of hosts, each a namespace with `eth0` on a common bridge. */
export class Lab {
  #prefix
  #record
  #children = []
  #isDown = false
  #onExit = () => this.down()
  #onSignal = () => process.exit(130)

  /** `prefix` comes before every namespace name, so that two labs can stand side by side. */
  constructor({ prefix = process.env.IPOP_LAB_PREFIX ?? '' } = {}) {
    this.#prefix = prefix
    this.#record = path.join(os.tmpdir(), `ipop-lab${prefix ? `-${prefix}` : ''}.json`)
    this.directory = fs.mkdtempSync(path.join(os.tmpdir(), 'ipop-lab-'))
  }

  /** Returns why no lab can be made here, or undefined. */
  static unavailable() {
    if (process.platform !== 'linux') return 'network namespaces need Linux'
    if (process.getuid?.() !== 0) return 'network namespaces need root'
    if (spawnSync('ip', ['-V']).error) return 'the `ip` command is missing (package iproute2)'
    if (!fs.existsSync('/dev/net/tun')) return '/dev/net/tun is missing (kernel module tun)'
    return undefined
  }

  /**
   * Makes the hosts: `{ alice: '10.99.0.2/24', ... }`, and those of `unplugged` without a network. Refuses names that
   * exist and are not from an earlier run of ours.
   */
  up(hosts, { mtu = 1500, unplugged = [] } = {}) {
    this.#removeLeftovers()
    const names = ['bridge', ...Object.keys(hosts), ...unplugged].map((name) =>
      this.namespace(name),
    )
    const existing = new Set(
      ip('netns', 'list')
        .split('\n')
        .map((line) => line.split(' ')[0]),
    )
    const taken = names.find((name) => existing.has(name))
    if (taken)
      throw new Error(`namespace ${taken} exists already; set IPOP_LAB_PREFIX to use other names`)
    fs.writeFileSync(this.#record, JSON.stringify({ pid: process.pid, names }))
    process.once('exit', this.#onExit)
    for (const signal of END_SIGNALS) process.once(signal, this.#onSignal)
    const bridge = this.namespace('bridge')
    for (const name of names) ip('netns', 'add', name)
    for (const name of names) ip('-n', name, 'link', 'set', 'lo', 'up')
    ip('-n', bridge, 'link', 'add', 'br0', 'type', 'bridge', 'forward_delay', '0', 'stp_state', '0')
    ip('-n', bridge, 'link', 'set', 'br0', 'up')
    for (const [host, cidr] of Object.entries(hosts)) this.plug(host, cidr, { mtu })
  }

  /** Connects a host of this lab to the public network: `eth0` with an address, `'fd00::9/64'`. */
  plug(host, cidr, { mtu = 1500 } = {}) {
    const bridge = this.namespace('bridge')
    const name = this.namespace(host)
    const port = `p-${host}`
    ip('-n', bridge, 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
    ip('-n', bridge, 'link', 'set', port, 'master', 'br0', 'mtu', String(mtu), 'up')
    // Nobody else has the address: IPv6 need not wait a second to find that out.
    const flags = cidr.includes(':') ? ['nodad'] : []
    ip('-n', name, 'addr', 'add', cidr, 'dev', 'eth0', ...flags)
    ip('-n', name, 'link', 'set', 'eth0', 'mtu', String(mtu), 'up')
  }

  /** Returns the namespace of a host. */
  namespace(host) {
    return `${this.#prefix}${host}`
  }

  /** Returns a directory for a host's files. */
  home(host) {
    const home = path.join(this.directory, host)
    fs.mkdirSync(home, { recursive: true })
    return home
  }

  /** Starts a process in a host; its output goes to HOME/NAME.log. */
  spawn(host, command, { cwd = this.home(host), env = {}, name = path.basename(command[0]) } = {}) {
    const log = fs.openSync(path.join(this.home(host), `${name}.log`), 'a')
    const child = spawn('ip', ['netns', 'exec', this.namespace(host), ...command], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', log, log],
      detached: true,
    })
    fs.closeSync(log)
    child.exited = new Promise((resolve) =>
      child.once('exit', (code, signal) => resolve({ code, signal })),
    )
    this.#children.push(child)
    return child
  }

  /** Runs a command in a host to its end; returns `{ status, stdout, stderr }`. */
  run(host, command, { cwd = this.home(host), timeoutMs = 60_000, input } = {}) {
    const result = spawnSync('ip', ['netns', 'exec', this.namespace(host), ...command], {
      cwd,
      encoding: 'utf8',
      timeout: timeoutMs,
      maxBuffer: 64 << 20,
      ...(input === undefined ? {} : { input }),
    })
    return { status: result.status ?? 1, stdout: result.stdout ?? '', stderr: result.stderr ?? '' }
  }

  /** Returns what a process of a host has printed so far. */
  log(host, name) {
    const file = path.join(this.home(host), `${name}.log`)
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : ''
  }

  /** Ends a process started here and everything it started. Resolves when it is gone. */
  async stop(child, signal = 'SIGTERM') {
    signalGroup(child, signal)
    const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), STOP_GRACE_MS)
    const result = await child.exited
    clearTimeout(timer)
    return result
  }

  /** Takes everything down; safe to call twice and from an exit handler. */
  down() {
    if (this.#isDown) return
    this.#isDown = true
    // One run may make many labs.
    process.off('exit', this.#onExit)
    for (const signal of END_SIGNALS) process.off(signal, this.#onSignal)
    for (const child of this.#children) signalGroup(child, 'SIGTERM')
    waitUntilGone(this.#children, STOP_GRACE_MS)
    for (const child of this.#children) signalGroup(child, 'SIGKILL')
    waitUntilGone(this.#children, 1_000)
    removeNamespaces(this.#record)
    if (!process.env.IPOP_LAB_KEEP) fs.rmSync(this.directory, { recursive: true, force: true })
  }

  /** An earlier run that was killed could not clean up: its namespaces are ours to remove, unless it still runs. */
  #removeLeftovers() {
    if (!fs.existsSync(this.#record)) return
    const { pid } = JSON.parse(fs.readFileSync(this.#record, 'utf8'))
    if (pid !== process.pid && fs.existsSync(`/proc/${pid}`))
      throw new Error(
        `another run (pid ${pid}) uses these namespaces; set IPOP_LAB_PREFIX to use other names`,
      )
    removeNamespaces(this.#record)
  }
}

function ip(...args) {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

function removeNamespaces(record) {
  if (!fs.existsSync(record)) return
  for (const name of JSON.parse(fs.readFileSync(record, 'utf8')).names)
    spawnSync('ip', ['netns', 'del', name])
  fs.rmSync(record, { force: true })
}

function signalGroup(child, signal) {
  if (child.exitCode !== null || child.signalCode !== null) return
  try {
    process.kill(-child.pid, signal)
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}

function waitUntilGone(children, limitMs) {
  const deadline = Date.now() + limitMs
  while (Date.now() < deadline && children.some((child) => isAlive(child.pid))) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
  }
}

/** A process whose exit was not collected yet shows as a zombie: it is gone for our purpose. */
function isAlive(pid) {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z'
  } catch {
    return false
  }
}
