/** Which hosts reach each other, how fast and over what: `npm run lab:nat -- [--pairs A:B,...] [--runs N] [--json FILE]`. */
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { parseArgs } from 'node:util'
import {
  countLargeAt,
  forgetContacts,
  hostOf,
  KINDS,
  natLabUp,
  PUBLIC,
  takeLargeCount,
} from '../lab/nat.mjs'
import { Lab } from '../lab/namespaces.mjs'
import { app, until } from '../lab/tutorial.mjs'
import { ensure } from './ensure.mjs'

const NAMESPACE = 'natlab'
const PORTS = [40_000, 40_001]
const VIRTUAL = { a: '192.168.77.10', b: '192.168.77.11' }
const FIRST_LIMIT_MS = 15_000
const DIRECT_LIMIT_MS = 15_000
const DIRECT_KINDS = new Set(['udp', 'tcp'])
const LARGE_PING_BYTES = 1_100
const LARGE_PINGS = 20

const { values } = parseArgs({
  options: {
    pairs: { type: 'string' },
    json: { type: 'string' },
    runs: { type: 'string', default: '1' },
    'log-level': { type: 'string' },
  },
})
ensure({ native: true, dist: !process.env.IPOP_LAB_AS_BUILT })
const reason = Lab.unavailable()
if (reason) {
  console.log(`The NAT lab is skipped: ${reason}.`)
  process.exit()
}
const pairs = readPairs(values.pairs)
const lab = new Lab({ prefix: 'nat-' })
let failed = false
try {
  await runAll()
} catch (error) {
  failed = true
  console.error(`The NAT lab failed: ${error.message}`)
} finally {
  lab.down()
}
process.exit(failed ? 1 : 0)

function readPairs(text) {
  const kinds = Object.keys(KINDS)
  const all = kinds.flatMap((a, at) => kinds.slice(at).map((b) => [a, b]))
  if (!text) return all
  return text.split(',').map((pair) => {
    const sides = pair.split(':')
    const wrong = sides.find((kind) => !Object.hasOwn(KINDS, kind))
    if (wrong !== undefined || sides.length !== 2)
      throw new Error(`--pairs: '${pair}' is not A:B with kinds of ${kinds.join(', ')}`)
    return sides
  })
}

async function runAll() {
  natLabUp(
    lab,
    Object.keys(KINDS).filter((kind) => pairs.some((pair) => pair.includes(kind))),
  )
  countLargeAt(lab, LARGE_PING_BYTES + 28)
  startPam()
  const results = []
  let number = 0
  for (let run = 0; run < Number(values.runs); run++) {
    for (const [a, b] of pairs) {
      const result = await visit({ a, b }, number++)
      results.push(result)
      console.log(line(result))
      if (values.json)
        fs.writeFileSync(
          values.json,
          `${JSON.stringify({ kinds: KINDS, results }, undefined, 1)}\n`,
        )
    }
  }
  console.log(`\n${table(results).join('\n')}`)
}

function startPam() {
  const home = lab.home('pam')
  fs.writeFileSync(
    path.join(home, 'bootstrap.config'),
    nodeConfig(PORTS, path.join(home, 'pam.sock')),
  )
  const command = [...app('bootstrap-multi'), '-n', 'bootstrap.config', '-c', '4', ...logLevel()]
  lab.spawn('pam', command, { name: 'bootstrap' })
  return until('the bootstrap nodes', () => fs.existsSync(path.join(home, 'pam.sock')))
}

function logLevel() {
  return values['log-level'] ? ['--log-level', values['log-level']] : []
}

/** The ports are others in every visit, so that no NAT remembers the last one. */
function nodeConfig(ports, socket) {
  const listeners = [
    ...ports.map((port) => `<EdgeListener type="udp"><port>${port}</port></EdgeListener>`),
    `<EdgeListener type="tcp"><port>${ports[0]}</port></EdgeListener>`,
  ]
  const remotes = [PUBLIC.v4, `[${PUBLIC.v6}]`].flatMap((host) => [
    ...PORTS.map((port) => `brunet.udp://${host}:${port}`),
    `brunet.tcp://${host}:${PORTS[0]}`,
  ])
  return `<?xml version="1.0"?>
<NodeConfig>
  <BrunetNamespace>${NAMESPACE}</BrunetNamespace>
  <EdgeListeners>${listeners.join('')}</EdgeListeners>
  <RemoteTAs>${remotes.map((remote) => `<Transport>${remote}</Transport>`).join('')}</RemoteTAs>
  <ControlSocket><Path>${socket}</Path></ControlSocket>
</NodeConfig>
`
}

async function visit({ a, b }, number) {
  const kinds = { a, b }
  const sides = Object.keys(kinds).map((side) => prepare(kinds[side], side, number))
  const startedAt = Date.now()
  for (const each of sides) each.start()
  const ping = pingFirst(sides[0].host, VIRTUAL.b)
  const result = {
    a,
    b,
    firstMs: undefined,
    directMs: undefined,
    path: 'none',
    remote: '',
    relayPackets: undefined,
  }
  try {
    const deadline = startedAt + FIRST_LIMIT_MS
    const socketDeadline = () => Date.now() > deadline
    while (!ping.firstAt() && !socketDeadline()) {
      result.joinedMs ??= (await Promise.all(sides.map(isJoined))).every(Boolean)
        ? Date.now() - startedAt
        : undefined
      await pause(25)
    }
    if (!ping.firstAt()) return result
    result.joinedMs ??= ping.firstAt() - startedAt
    result.firstMs = ping.firstAt() - startedAt
    await followPath(sides, result, startedAt)
    result.relayPackets = relayedPackets(sides[0].host)
    result.lossPercent = Math.round((1 - ping.replies() / ping.sent()) * 100)
    return result
  } finally {
    await lab.stop(ping.child)
    await Promise.all(sides.map((each) => lab.stop(each.child)))
    for (const each of sides) forgetContacts(lab, each.kind, each.side)
  }
}

/** Writes the files of one host and returns how to start it. */
function prepare(kind, side, number) {
  const host = hostOf(kind, side)
  const home = path.join(lab.home(host), String(number))
  fs.mkdirSync(home, { recursive: true })
  const socket = path.join(home, 'control.sock')
  const port = 41_000 + 2 * number + (side === 'b' ? 1 : 0)
  fs.writeFileSync(path.join(home, 'node.config'), nodeConfig([port], socket))
  fs.writeFileSync(
    path.join(home, 'ipop.config'),
    `<?xml version="1.0"?><IpopConfig><IpopNamespace>${NAMESPACE}</IpopNamespace>` +
      `<VirtualNetworkDevice>tapipop</VirtualNetworkDevice><AddressData><IPAddress>${VIRTUAL[side]}</IPAddress>` +
      `<Netmask>255.255.255.0</Netmask></AddressData><AllowStaticAddresses>true</AllowStaticAddresses></IpopConfig>\n`,
  )
  fs.writeFileSync(
    path.join(home, 'dhcp.config'),
    `<?xml version="1.0"?><DHCPConfig><Namespace>${NAMESPACE}</Namespace><IPBase>192.168.77.0</IPBase>` +
      `<Netmask>255.255.255.0</Netmask><LeaseTime>3600</LeaseTime></DHCPConfig>\n`,
  )
  const each = { kind, side, host, home, socket, child: undefined, address: undefined }
  each.start = () => {
    const files = ['-n', 'node.config', '-i', 'ipop.config', '-d', 'dhcp.config', ...logLevel()]
    each.child = lab.spawn(host, [...app('ipop-node'), ...files], {
      cwd: home,
      name: `node-${number}`,
    })
  }
  return each
}

async function isJoined(each) {
  const status = await ask(each.socket, 'status')
  const node = status?.nodes?.at(-1)
  each.address ??= node?.address
  return node?.state === 'connected'
}

/** Pings from the moment the virtual interface has its address. */
function pingFirst(host, address) {
  const script = `until ip -4 -o addr show dev tapipop 2>/dev/null | grep -q inet; do sleep 0.05; done; exec ping -n -D -O -i 0.1 ${address}`
  const name = `ping-${Date.now()}`
  const child = lab.spawn(host, ['sh', '-c', script], { name })
  const text = () => lab.log(host, name)
  return {
    child,
    firstAt: () => Math.round(1_000 * Number(/\[([\d.]+)\] \d+ bytes from/.exec(text())?.[1] ?? 0)),
    replies: () => text().match(/bytes from/g)?.length ?? 0,
    sent: () =>
      Number(
        text()
          .match(/icmp_seq=(\d+)/g)
          ?.at(-1)
          ?.slice(9) ?? 0,
      ),
  }
}

/** Follows the path of both ends until both are direct or the time is over. */
async function followPath(sides, result, startedAt) {
  const deadline = startedAt + DIRECT_LIMIT_MS
  for (;;) {
    for (const each of sides) if (!each.address) await isJoined(each)
    const [one, other] = await Promise.all([peerOf(sides[0], sides[1]), peerOf(sides[1], sides[0])])
    result.path = one?.edgeKinds?.[0] ?? 'none'
    result.remote = one?.remote ?? ''
    result.rttMs = one?.rttMs
    const isDirect = DIRECT_KINDS.has(result.path) && DIRECT_KINDS.has(other?.edgeKinds?.[0])
    if (isDirect) result.directMs ??= Date.now() - startedAt
    if (isDirect || Date.now() > deadline) return
    await pause(50)
  }
}

async function peerOf(each, other) {
  const peers = await ask(each.socket, 'peers')
  return peers?.find?.((peer) => peer.address === other.address)
}

function relayedPackets(host) {
  takeLargeCount(lab)
  lab.run(host, [
    'ping',
    '-n',
    '-q',
    '-c',
    String(LARGE_PINGS),
    '-i',
    '0.02',
    '-s',
    String(LARGE_PING_BYTES),
    VIRTUAL.b,
  ])
  return takeLargeCount(lab)
}

function ask(socketPath, name) {
  return new Promise((resolve) => {
    const request = http.request(
      { socketPath, path: `/${name}`, method: 'POST', timeout: 1_000 },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (part) => (text += part))
        response.on('end', () =>
          resolve(response.statusCode === 200 ? JSON.parse(text) : undefined),
        )
      },
    )
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(undefined))
    request.end('{}')
  })
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function seconds(ms) {
  return ms === undefined ? '-' : (ms / 1_000).toFixed(2)
}

function line({
  a,
  b,
  path: kind,
  remote,
  joinedMs,
  firstMs,
  directMs,
  relayPackets,
  lossPercent,
}) {
  const numbers = `joined ${seconds(joinedMs)} first ${seconds(firstMs)} direct ${seconds(directMs)}`
  return `${`${a}:${b}`.padEnd(16)} ${kind.padEnd(6)} ${numbers} relayed ${relayPackets ?? '-'} lost ${lossPercent ?? '-'} % ${remote}`
}

function table(results) {
  const rows = results.map((each) => [
    `${each.a} : ${each.b}`,
    each.path,
    seconds(each.joinedMs),
    seconds(each.firstMs),
    seconds(each.directMs),
    String(each.relayPackets ?? '-'),
  ])
  const head = ['pair', 'path', 'joined s', 'first reply s', 'direct s', 'relayed after']
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`)
}
