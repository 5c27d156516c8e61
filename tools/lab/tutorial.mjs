/** The tutorial's machines: Pam runs sixteen nodes on one port, Alice, Bob and Carol join with a virtual interface each. */
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** A copy that takes longer is ended: its connection is lost. */
const COPY_LIMIT_SECONDS = 900

/** Names and addresses of the tutorial. */
export const TUTORIAL = {
  namespace: 'demo',
  port: 40_000,
  nodes: 16,
  hosts: { pam: '10.99.0.1/24', alice: '10.99.0.2/24', bob: '10.99.0.3/24', carol: '10.99.0.4/24' },
  pamAddress: '10.99.0.1',
  virtual: { alice: '192.168.10.10', bob: '192.168.10.11' },
  device: 'tapipop',
}

/** Returns the command line of one of our executables, run from its build. */
export function app(name, command = name) {
  return [process.execPath, path.join(ROOT, 'apps', name, 'bin', `${command}.js`)]
}

/** Prepares and starts Pam's `count` nodes with the tutorial's own scripts. Returns the process. */
export function startPam(
  lab,
  { env = {}, count = TUTORIAL.nodes, address = TUTORIAL.pamAddress } = {},
) {
  const { namespace, port } = TUTORIAL
  const home = lab.home('pam')
  if (!fs.existsSync(path.join(home, 'bootstrap.config'))) {
    const script = path.join(ROOT, 'scripts', 'bootstrap_demo_prepare.sh')
    const done = lab.run('pam', ['sh', script, namespace, address, String(port)])
    if (done.status !== 0) throw new Error(`bootstrap_demo_prepare.sh failed: ${done.stderr}`)
  }
  const run = path.join(ROOT, 'scripts', 'run_bootstrap_node.sh')
  const command = ['sh', run, './bootstrap.config', String(count)]
  return lab.spawn('pam', command, { name: 'bootstrap', env })
}

/** Writes a joining machine's configuration files: Pam's own file as node.config, a static address or a lease. */
export function configure(lab, host, address = TUTORIAL.virtual[host]) {
  const home = lab.home(host)
  const bootstrap = fs.readFileSync(path.join(lab.home('pam'), 'bootstrap.config'), 'utf8')
  fs.writeFileSync(
    path.join(home, 'node.config'),
    bootstrap.replace(/\s*<NodeAddress>.*<\/NodeAddress>/, ''),
  )
  const data = address
    ? `  <AddressData>\n    <IPAddress>${address}</IPAddress>\n    <Netmask>255.255.255.0</Netmask>\n  </AddressData>\n`
    : ''
  fs.writeFileSync(
    path.join(home, 'ipop.config'),
    `<?xml version="1.0"?>\n<IpopConfig>\n  <IpopNamespace>${TUTORIAL.namespace}</IpopNamespace>\n` +
      `  <VirtualNetworkDevice>${TUTORIAL.device}</VirtualNetworkDevice>\n${data}` +
      `  <AllowStaticAddresses>true</AllowStaticAddresses>\n</IpopConfig>\n`,
  )
  fs.writeFileSync(
    path.join(home, 'dhcp.config'),
    `<?xml version="1.0"?>\n<DHCPConfig>\n  <Namespace>${TUTORIAL.namespace}</Namespace>\n` +
      `  <IPBase>192.168.10.0</IPBase>\n  <Netmask>255.255.255.0</Netmask>\n  <LeaseTime>3600</LeaseTime>\n</DHCPConfig>\n`,
  )
}

/** Starts `ipop-node` on a configured machine. Returns the process. */
export function startNode(lab, host, { env = {} } = {}) {
  const files = ['-n', 'node.config', '-i', 'ipop.config', '-d', 'dhcp.config']
  return lab.spawn(host, [...app('ipop-node'), ...files], { name: 'ipop-node', env })
}

/** Starts Pam and then `machines`, and waits until each has its virtual address. Returns the processes by host. */
export async function startTutorial(lab, machines = ['alice', 'bob'], { env = {}, envOf } = {}) {
  const pam = startPam(lab, { env })
  await consistentCrawl(lab, 'pam', TUTORIAL.nodes)
  return { pam, ...(await startMachines(lab, machines, { env, envOf })) }
}

/**
 * Starts machines beside a running Pam, and waits until each has its virtual address. Returns the processes by host.
 * `env` holds for all of them, `envOf` for one by its name.
 */
export async function startMachines(lab, machines, { env = {}, envOf = {} } = {}) {
  const processes = {}
  for (const host of machines) {
    configure(lab, host)
    processes[host] = startNode(lab, host, { env: { ...env, ...envOf[host] } })
  }
  for (const host of machines)
    await until(`${host}'s virtual address`, () => virtualAddress(lab, host))
  return processes
}

/** Asks a machine's node over its control socket; returns the parsed answer, or undefined while it gives none. */
export function askNode(lab, host, ...words) {
  const socket = /control socket: (.*)/.exec(lab.log(host, 'ipop-node'))?.[1] ?? ''
  const { stdout } = lab.run(host, [
    ...app('crawler', 'ipop'),
    ...['--json', '--socket', socket],
    ...words,
  ])
  return stdout === '' ? undefined : JSON.parse(stdout)
}

/** Returns what a machine's node says of its session with another machine's. */
export function peerOf(lab, host, other) {
  const config = fs.readFileSync(path.join(lab.home(other), 'node.config'), 'utf8')
  const address = /<NodeAddress>(.*)<\/NodeAddress>/.exec(config)?.[1]
  return askNode(lab, host, 'peers')?.find((peer) => peer.address === address)
}

/**
 * Copies `bytes` from one machine to another by one TCP connection that lasts `seconds` at least; resolves with both
 * checksums and how long it took.
 */
export async function copyBetween(lab, from, to, { address, bytes, seconds = 0, port = 9_000 }) {
  const script = path.join(ROOT, 'test/e2e/copy.mjs')
  const name = `copy-${port}`
  const program = ['timeout', String(COPY_LIMIT_SECONDS), process.execPath, script]
  const sending = ['send', address, ...[port, bytes, seconds].map(String)]
  const receiver = lab.spawn(to, [...program, 'receive', String(port)], { name: `${name}-in` })
  await until('the receiver', () => lab.run(to, ['ss', '-ltn']).stdout.includes(`:${port}`))
  const startedAt = performance.now()
  const sender = lab.spawn(from, [...program, ...sending], { name: `${name}-out` })
  await Promise.all([sender.exited, receiver.exited])
  // The logs go on from one copy to the next.
  const lastLine = (host, end) => lab.log(host, `${name}-${end}`).trim().split('\n').at(-1)
  const tookSeconds = (performance.now() - startedAt) / 1000
  return { sent: lastLine(from, 'out'), received: lastLine(to, 'in'), tookSeconds }
}

/** Returns the virtual address that the machine's interface has, or undefined. */
export function virtualAddress(lab, host) {
  const { stdout } = lab.run(host, ['ip', '-4', '-o', 'addr', 'show', 'dev', TUTORIAL.device])
  return /inet ([\d.]+)\//.exec(stdout)?.[1]
}

/** Returns the virtual IPv6 address that the machine's interface has, or undefined. */
export function virtualIpv6(lab, host) {
  const command = ['ip', '-6', '-o', 'addr', 'show', 'dev', TUTORIAL.device, 'scope', 'global']
  return /inet6 ([\da-f:]+)\/32/.exec(lab.run(host, command).stdout)?.[1]
}

/** Waits until `check` returns something true; throws with `what` after `limitMs`. */
export async function until(what, check, limitMs = 30_000, everyMs = 100) {
  const deadline = Date.now() + limitMs
  for (;;) {
    const value = await check()
    if (value) return value
    if (Date.now() > deadline) throw new Error(`waited ${limitMs / 1000} s in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}

/** Returns the numbers of a ping's last lines: `{ sent, received, lossPercent, medianMs }`. */
export function ping(lab, host, address, { count = 5, intervalSeconds = 0.2 } = {}) {
  const command = [
    'ping',
    '-n',
    '-c',
    String(count),
    '-i',
    String(intervalSeconds),
    '-W',
    '2',
    address,
  ]
  const { stdout } = lab.run(host, command)
  const [, sent = 0, received = 0] = (
    /(\d+) packets transmitted, (\d+) received/.exec(stdout) ?? []
  ).map(Number)
  const times = [...stdout.matchAll(/time=([\d.]+) ms/g)]
    .map((match) => Number(match[1]))
    .sort((a, b) => a - b)
  const medianMs = times[Math.floor(times.length / 2)]
  return {
    stdout,
    sent,
    received,
    lossPercent: sent ? (100 * (sent - received)) / sent : 100,
    medianMs,
  }
}

/** Crawls from a machine; returns `{ stdout, values }` with the values by line name. */
export function crawl(lab, host) {
  const { stdout, stderr, status } = lab.run(host, app('crawler', 'crawl'))
  const values = Object.fromEntries(
    stdout.split('\n').flatMap((line) => {
      const [, name, value] = /^(.+?): (.*)$/.exec(line) ?? []
      return name ? [[name, value]] : []
    }),
  )
  return { stdout, stderr, status, values }
}

/** Waits until a crawl from `host` finds a consistent ring of `total` nodes; returns the crawl. */
export function consistentCrawl(lab, host, total, limitMs = 60_000) {
  return until(
    `a consistent ring of ${total}`,
    () => {
      const result = crawl(lab, host)
      const isGood =
        result.values['Total Nodes'] === String(total) && result.values.Consistency === '1.0'
      return isGood ? result : undefined
    },
    limitMs,
    500,
  )
}
