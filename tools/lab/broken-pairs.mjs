/** Many machines of which some pairs cannot talk: `npm run lab:broken [-- --nodes N --share S --seed N --kills N]`. */
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Lab } from './namespaces.mjs'
import { readOptions } from './options.mjs'
import { shuffled } from './shuffled.mjs'
import { app, askNode, crawl, until } from './tutorial.mjs'

const NAMESPACE = 'broken'
const PORT = 40_100
const DEVICE = 'tapipop'
/** Half of the broken pairs lose everything that passes between them, the others only UDP. */
const KINDS = ['all', 'udp']
const START_GAP_MS = 250
const HEAL_LIMIT_MS = 120_000
const COMPARISONS_MAX = 5
const COMPARISON_PAUSE_MS = 3_000

/** Machines m1, m2, ... on one bridge; `broken` lists the pairs as `{ a, b, kind }`. */
export class BrokenMesh {
  #lab
  #names
  #nodes = {}

  /** `share` of the pairs, drawn with `seed`, cannot talk; a pair with `m1`, whom everybody joins by, always can. */
  constructor(lab, { nodes, share, seed }) {
    this.#lab = lab
    this.#names = Array.from({ length: nodes }, (_, index) => `m${index + 1}`)
    const all = this.#names.flatMap((a, at) => this.#names.slice(at + 1).map((b) => ({ a, b })))
    const rest = shuffled(
      all.filter(({ a }) => a !== 'm1'),
      seed,
    )
    this.pairs = all
    this.broken = rest
      .slice(0, Math.round(all.length * share))
      .map((pair, index) => ({ ...pair, kind: KINDS[index % KINDS.length] }))
  }

  /** Makes the machines and starts a node on each, one soon after the other. */
  async start() {
    const hosts = this.#names.map((name, index) => [name, `10.96.0.${index + 1}/24`])
    this.#lab.up(Object.fromEntries(hosts))
    for (const name of this.#names) this.#breakPairs(name)
    for (const name of this.#names) {
      this.#nodes[name] = this.#startNode(name)
      await pause(START_GAP_MS)
    }
  }

  /** Waits until every pair answers; returns the pairs that never did, each as `a-b`. */
  async unanswered(limitMs = HEAL_LIMIT_MS) {
    const waiting = new Map(this.#names.map((name) => [name, new Set(this.#after(name))]))
    const deadline = Date.now() + limitMs
    for (;;) {
      await Promise.all(this.#names.map((name) => this.#pingAll(name, waiting.get(name))))
      const left = this.#names.flatMap((a) => [...waiting.get(a)].map((b) => `${a}-${b}`))
      if (left.length === 0 || Date.now() > deadline) return left
    }
  }

  /** Waits for a consistent ring of all; returns the values of that crawl. */
  async consistentCrawl(limitMs = HEAL_LIMIT_MS) {
    const total = String(this.#names.length)
    return await until(
      'a consistent ring of all machines',
      () => {
        const { values } = crawl(this.#lab, 'm1')
        const isWhole = values['Total Nodes'] === total && values.Consistency === '1.0'
        return isWhole ? values : undefined
      },
      limitMs,
      1_000,
    )
  }

  /** Returns the paths in use as `{ a, b, kind }`, from the peers that each node lists. */
  paths() {
    const addresses = new Map(this.#names.map((name) => [this.#addressOf(name), name]))
    return this.#names.flatMap((a) =>
      (askNode(this.#lab, a, 'peers') ?? []).map((peer) => ({
        a,
        b: addresses.get(peer.address),
        kind: peer.edgeKinds[0],
      })),
    )
  }

  /** Returns the peer that relays what `a` sends to `b`, or undefined while nobody does. */
  relayOf(a, b) {
    const address = this.#addressOf(b)
    const peer = askNode(this.#lab, a, 'peers')?.find((each) => each.address === address)
    if (peer?.edgeKinds[0] !== 'relay') return undefined
    return this.#names.find((name) => this.#addressOf(name) === peer.relay)
  }

  /** Kills the node of a machine without a goodbye. */
  kill(name) {
    return this.#lab.stop(this.#nodes[name], 'SIGKILL')
  }

  /** Starts a ping from `a` to `b` with ten requests a second; `stop()` returns the longest gap between replies in ms. */
  pingSteadily(a, b) {
    const name = `steady-${b}`
    const command = ['ping', '-n', '-D', '-i', '0.1', virtualAddress(b)]
    const child = this.#lab.spawn(a, command, { name })
    return {
      stop: async () => {
        const stoppedAt = Date.now() / 1000
        await this.#lab.stop(child, 'SIGINT')
        const text = this.#lab.log(a, name)
        const times = [...text.matchAll(/^\[([\d.]+)\].*time=/gm)].map((match) => Number(match[1]))
        // Silence until the end counts, too.
        const gaps = [...times.slice(1), stoppedAt].map((time, index) => time - times[index])
        return { replies: times.length, longestGapMs: Math.round(1000 * Math.max(0, ...gaps)) }
      },
    }
  }

  #after(name) {
    return this.#names.slice(this.#names.indexOf(name) + 1)
  }

  #addressOf(name) {
    const config = fs.readFileSync(path.join(this.#lab.home(name), 'node.config'), 'utf8')
    return /<NodeAddress>(.*)<\/NodeAddress>/.exec(config)?.[1]
  }

  async #pingAll(from, targets) {
    for (const to of targets) {
      const command = ['ping', '-n', '-c', '1', '-W', '2', virtualAddress(to)]
      const child = this.#lab.spawn(from, command, { name: 'ping' })
      const { code } = await child.exited
      if (code === 0) targets.delete(to)
    }
  }

  #breakPairs(name) {
    const rules = this.broken.flatMap(({ a, b, kind }) => {
      if (name !== a && name !== b) return []
      const other = underlayAddress(name === a ? b : a)
      const what = kind === 'udp' ? ' meta l4proto udp' : ''
      return [`ip saddr ${other}${what} drop`]
    })
    const ruleset = `table ip broken {\n chain input {\n type filter hook input priority 0;\n ${rules.join('\n ')}\n }\n}\n`
    const { status, stderr } = this.#lab.run(name, ['nft', '-f', '-'], { input: ruleset })
    if (status !== 0) throw new Error(`nft in ${name}: ${stderr}`)
  }

  #startNode(name) {
    const home = this.#lab.home(name)
    const write = (file, text) => fs.writeFileSync(path.join(home, file), text)
    const listeners = ['udp', 'tcp']
      .map((type) => `<EdgeListener type="${type}"><port>${PORT}</port></EdgeListener>`)
      .join('')
    const manager =
      name === 'm1'
        ? '<XmlRpcManager><Enabled>true</Enabled><Port>10000</Port></XmlRpcManager>'
        : ''
    write(
      'node.config',
      `<?xml version="1.0"?>\n<NodeConfig><BrunetNamespace>${NAMESPACE}</BrunetNamespace>` +
        `<EdgeListeners>${listeners}</EdgeListeners>` +
        `<RemoteTAs><Transport>brunet.udp://${underlayAddress('m1')}:${PORT}</Transport></RemoteTAs>` +
        `<LanDiscovery><Enabled>false</Enabled></LanDiscovery>${manager}` +
        `<ControlSocket><Path>${path.join(home, 'control.sock')}</Path></ControlSocket></NodeConfig>\n`,
    )
    write(
      'ipop.config',
      `<?xml version="1.0"?>\n<IpopConfig><IpopNamespace>${NAMESPACE}</IpopNamespace>` +
        `<VirtualNetworkDevice>${DEVICE}</VirtualNetworkDevice><AddressData>` +
        `<IPAddress>${virtualAddress(name)}</IPAddress><Netmask>255.255.255.0</Netmask></AddressData>` +
        `<AllowStaticAddresses>true</AllowStaticAddresses></IpopConfig>\n`,
    )
    write(
      'dhcp.config',
      `<?xml version="1.0"?>\n<DHCPConfig><Namespace>${NAMESPACE}</Namespace><IPBase>192.168.96.0</IPBase>` +
        `<Netmask>255.255.255.0</Netmask><LeaseTime>3600</LeaseTime></DHCPConfig>\n`,
    )
    const files = ['-n', 'node.config', '-i', 'ipop.config', '-d', 'dhcp.config']
    return this.#lab.spawn(name, [...app('ipop-node'), ...files], { name: 'ipop-node' })
  }
}

function underlayAddress(name) {
  return `10.96.0.${name.slice(1)}`
}

function virtualAddress(name) {
  return `192.168.96.${Number(name.slice(1)) + 9}`
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function main() {
  const { kills, ...numbers } = readOptions({ nodes: 20, share: 0.3, seed: 1, kills: 3 })
  const reason = Lab.unavailable()
  if (reason) return console.log(`The lab of broken pairs is skipped: ${reason}.`)
  const { ensure } = await import('../run/ensure.mjs')
  ensure({ native: true, dist: !process.env.IPOP_LAB_AS_BUILT })
  const lab = new Lab({ prefix: 'bp-' })
  try {
    const mesh = new BrokenMesh(lab, numbers)
    const startedAt = Date.now()
    await mesh.start()
    const left = await mesh.unanswered()
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(1)
    console.log(
      `${mesh.pairs.length - left.length} of ${mesh.pairs.length} pairs answer after ${seconds} s` +
        `${left.length > 0 ? `; not: ${left.join(' ')}` : ''} (${mesh.broken.length} pairs are broken)`,
    )
    const wrong = await compareSettled(mesh)
    for (const line of wrong) console.log(line)
    await killRelays(mesh, kills)
    if (left.length > 0 || wrong.length > 0) process.exitCode = 1
  } finally {
    lab.down()
  }
}

/** Compares until nothing is wrong: a path may have changed between the crawl and the lists. */
export async function compareSettled(mesh) {
  for (let tries = 1; ; tries++) {
    const wrong = compare(mesh, await mesh.consistentCrawl())
    if (wrong.length === 0 || tries >= COMPARISONS_MAX) return wrong
    await pause(COMPARISON_PAUSE_MS)
  }
}

/** Compares the edges that the crawl counted with those that the nodes list, and with what the pairs can do. */
function compare(mesh, crawled) {
  const paths = mesh.paths()
  const wrong = []
  for (const [kind, name] of Object.entries({
    udp: 'UdpEdges',
    tcp: 'TcpEdges',
    relay: 'RelayEdges',
  })) {
    const listed = paths.filter((each) => each.kind === kind).length
    console.log(`${name}: ${crawled[name]} crawled, ${listed} listed by the nodes`)
    if (Number(crawled[name]) !== listed) wrong.push(`${name} differ`)
  }
  const impossible = { all: ['udp', 'tcp'], udp: ['udp'] }
  for (const { a, b, kind } of mesh.broken) {
    const found = paths.find(
      (each) => each.a === a && each.b === b && impossible[kind].includes(each.kind),
    )
    if (found) wrong.push(`${a}-${b} cannot talk by ${found.kind}, yet they do`)
  }
  return wrong
}

/** Kills the relays of some pairs, one after the other, while a pair pings over it. */
async function killRelays(mesh, kills) {
  const killed = new Set()
  for (const { a, b } of mesh.broken.filter(({ kind }) => kind === 'all')) {
    if (killed.size >= kills) return
    if (killed.has(a) || killed.has(b)) continue
    const relay = mesh.relayOf(a, b)
    if (relay === undefined || relay === 'm1') continue
    killed.add(relay)
    const ping = mesh.pingSteadily(a, b)
    await pause(3_000)
    await mesh.kill(relay)
    await pause(8_000)
    const { replies, longestGapMs } = await ping.stop()
    console.log(
      `kill -9 of ${relay}, which relays ${a}-${b}: longest gap ${longestGapMs} ms (${replies} replies)`,
    )
    if (replies === 0 || longestGapMs >= 3_000) process.exitCode = 1
  }
  if (killed.size === 0) console.log('no pair is relayed by another machine than m1')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await main()
  } catch (error) {
    console.error(`The lab failed: ${error.message}`)
    process.exitCode = 1
  }
}
