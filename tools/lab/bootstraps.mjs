/** What a ring does when all its bootstraps are gone for good: `npm run lab:bootstraps [-- --members N]`. */
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import http from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { readOptions } from './options.mjs'
import { app, until } from './tutorial.mjs'

const BOOTSTRAPS = 3
const STOP_LIMIT_MS = 10_000
const HEAL_LIMIT_MS = 60_000

/** The processes of one ring on this machine; those of one number are the bootstraps. */
export class LonelyRing {
  #nodes = []
  #firstPort
  #folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ipop-bootstraps-'))

  /** `firstPort` and the ports after it are used, one for each node. */
  constructor({ firstPort }) {
    this.#firstPort = firstPort
  }

  /** Starts the bootstraps and `count` members, and waits until each has its place. */
  async start(count) {
    for (let number = 0; number < BOOTSTRAPS + count; number++) this.#launch(number)
    for (const node of this.#nodes) await joined(node)
  }

  /** The nodes that are no bootstraps. */
  get members() {
    return this.#nodes.slice(BOOTSTRAPS)
  }

  /** Kills the bootstraps without a goodbye. */
  async killBootstraps() {
    await Promise.all(this.#nodes.slice(0, BOOTSTRAPS).map((node) => end(node, 'SIGKILL')))
  }

  /** Stops a member and starts it again; returns how long it took to be back in the ring, in milliseconds. */
  async restart(node, { signal = 'SIGTERM' } = {}) {
    await end(node, signal)
    const startedAt = Date.now()
    this.#run(node)
    await joined(node)
    await until('its neighbours', async () => (await ask(node, 'peers')).length > 0, HEAL_LIMIT_MS)
    return Date.now() - startedAt
  }

  /** Returns how many of the pairs among `members` answer each other's pings, after the time that healing may take. */
  async pingAll(limitMs = HEAL_LIMIT_MS) {
    const pairs = this.members.flatMap((from) =>
      this.members.filter((to) => to !== from).map((to) => [from, to]),
    )
    const deadline = Date.now() + limitMs
    for (;;) {
      const answers = []
      for (const [from, to] of pairs) answers.push(await pings(from, to))
      const answered = answers.filter(Boolean).length
      if (answered === pairs.length || Date.now() > deadline)
        return { pairs: pairs.length, answered }
    }
  }

  /** Ends everything. */
  async stop() {
    await Promise.all(this.#nodes.map((node) => end(node, 'SIGKILL')))
    fs.rmSync(this.#folder, { recursive: true, force: true })
  }

  #launch(number) {
    const home = path.join(this.#folder, String(number))
    fs.mkdirSync(home)
    const node = { home, socket: path.join(home, 'control.sock'), child: undefined, address: '' }
    this.#nodes.push(node)
    const remotes = Array.from({ length: BOOTSTRAPS }, (_, i) => this.#firstPort + i)
      .filter((port) => port !== this.#firstPort + number)
      .map((port) => `<Transport>brunet.udp://localhost:${port}</Transport>`)
    fs.writeFileSync(
      path.join(home, 'node.config'),
      `<?xml version="1.0"?>
<NodeConfig>
  <BrunetNamespace>lonely</BrunetNamespace>
  <EdgeListeners><EdgeListener type="udp"><port>${this.#firstPort + number}</port></EdgeListener></EdgeListeners>
  <RemoteTAs>${remotes.join('')}</RemoteTAs>
  <ControlSocket><Path>${node.socket}</Path></ControlSocket>
</NodeConfig>
`,
    )
    this.#run(node)
  }

  #run(node) {
    const log = fs.openSync(path.join(node.home, 'node.log'), 'a')
    const [program, ...args] = app('ipop-node')
    node.child = spawn(
      program,
      [...args, '-n', 'node.config', ...(process.env.IPOP_LAB_OPTIONS?.split(' ') ?? [])],
      {
        cwd: node.home,
        stdio: ['ignore', log, log],
      },
    )
    fs.closeSync(log)
    node.exited = new Promise((resolve) => node.child.once('exit', resolve))
  }
}

async function joined(node) {
  await until(
    'a place in the ring',
    async () => {
      const status = await ask(node, 'status').catch(() => undefined)
      node.address = status?.nodes[0].address
      return status?.nodes[0].state === 'connected'
    },
    HEAL_LIMIT_MS,
  )
}

async function pings(from, to) {
  const reply = await ask(from, 'ping', { target: to.address }).catch(() => undefined)
  return reply?.address === to.address
}

async function end(node, signal) {
  if (node.child.exitCode !== null || node.child.signalCode !== null) return
  node.child.kill(signal)
  const timer = setTimeout(() => node.child.kill('SIGKILL'), STOP_LIMIT_MS)
  await node.exited
  clearTimeout(timer)
}

function ask(node, name, body = {}) {
  return new Promise((resolve, reject) => {
    const options = { socketPath: node.socket, path: `/${name}`, method: 'POST', timeout: 8_000 }
    const request = http.request(options, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part) => (text += part))
      response.on('end', () =>
        response.statusCode === 200 ? resolve(JSON.parse(text)) : reject(new Error(text)),
      )
    })
    request.on('timeout', () => request.destroy(new Error('no reply')))
    request.on('error', reject)
    request.end(JSON.stringify(body))
  })
}

/** Returns how to read the seconds since the last reading. */
function stopwatch() {
  let readAt = Date.now()
  return () => {
    const before = readAt
    readAt = Date.now()
    return ((readAt - before) / 1_000).toFixed(1)
  }
}

async function main() {
  const { members } = readOptions({ members: 19 })
  const { ensure } = await import('../run/ensure.mjs')
  ensure({ dist: !process.env.IPOP_LAB_AS_BUILT })
  const ring = new LonelyRing({ firstPort: 42_100 })
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => ring.stop().then(() => process.exit(130)))
  try {
    const seconds = stopwatch()
    await ring.start(members)
    console.log(`everybody in the ring after ${seconds()} s`)
    await ring.killBootstraps()
    const before = await ring.pingAll()
    console.log(
      `without bootstraps: ${before.answered} of ${before.pairs} pairs answer after ${seconds()} s`,
    )
    const backMs = await ring.restart(ring.members[0])
    const after = await ring.pingAll()
    console.log(
      `restarted with its cache: back after ${backMs} ms, ${after.answered} of ${after.pairs} pairs answer`,
    )
    if (before.answered < before.pairs || after.answered < after.pairs) process.exitCode = 1
  } finally {
    await ring.stop()
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await main()
  } catch (error) {
    console.error(`The lab failed: ${error.message}`)
    process.exitCode = 1
  }
}
