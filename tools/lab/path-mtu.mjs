/**
 * Two machines with two routers between them, a narrow or wide link between the routers, and nobody who tells of it. Pam
 * is on Alice's side of that link: where she relays, it is behind the relay.
 */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { app, askNode, copyBetween, until, virtualAddress } from './tutorial.mjs'

const NAMESPACE = 'pathlab'
const PORT = 40_000
const NODES = 4
const ETHERNET_MTU = 1_500

/** Virtual addresses of the two machines. */
export const VIRTUAL = { alice: '192.168.88.10', bob: '192.168.88.11', pam: '192.168.88.12' }

/** Which machines each link joins, the first one with the lower address; the narrow link is `near`-`far`. */
const LINKS = [
  ['pam', 'near'],
  ['alice', 'near'],
  ['near', 'far'],
  ['bob', 'far'],
]

/** Names of all machines. */
export const MACHINES = ['pam', 'alice', 'bob', 'near', 'far']

/** Makes the machines: `mtu` of the link between the routers, `family` of all addresses, `isRelayed` if only Pam is let through. */
export function pathLabUp(lab, { mtu, family, isRelayed = false }) {
  lab.up({}, { unplugged: MACHINES })
  for (const router of ['near', 'far']) {
    const names = ['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']
    for (const name of names) must(lab.run(router, ['sysctl', '-qw', name]))
    must(lab.run(router, ['nft', '-f', '-'], { input: SILENCE }))
  }
  for (const [number, [one, other]] of LINKS.entries()) {
    const linkMtu = one === 'near' ? mtu : Math.max(mtu, ETHERNET_MTU)
    plug(lab, { number, ends: [one, other], mtu: linkMtu, family })
  }
  const route = (host, to) => ip('-n', lab.namespace(host), 'route', 'add', 'default', 'via', to)
  for (const number of [0, 1, 3]) route(LINKS[number][0], addressOf(family, number, 2))
  if (isRelayed) must(lab.run('near', ['nft', '-f', '-'], { input: separating(family) }))
  route('near', addressOf(family, 2, 2))
  route('far', addressOf(family, 2, 1))
}

/** Starts Pam, Alice and Bob. Resolves once Alice's packets reach Bob over a direct path, or through Pam. */
export async function startMachines(lab, { family, isRelayed = false, env = {} }) {
  startPam(lab, { family, isRelayed, env })
  for (const host of ['alice', 'bob']) start(lab, host, family, env)
  for (const host of ['alice', 'bob'])
    await until(`${host}'s virtual address`, () => virtualAddress(lab, host))
  const ping = ['ping', '-c', '1', '-W', '1', VIRTUAL.bob]
  await until('an answer from bob', () => lab.run('alice', ping).status === 0, 60_000)
  const kind = isRelayed ? 'relay' : 'udp'
  await until(`a path by ${kind}`, () => peerOver(lab, 'alice', kind) !== undefined, 60_000)
}

function startPam(lab, { family, isRelayed, env }) {
  // Nodes of the bootstrap program have no data plane, so their sockets cannot tell whether a datagram was cut.
  if (isRelayed) return start(lab, 'pam', family, env)
  fs.writeFileSync(path.join(lab.home('pam'), 'bootstrap.config'), nodeConfig(family))
  const bootstrap = [...app('bootstrap-multi'), '-n', 'bootstrap.config', '-c', String(NODES)]
  return lab.spawn('pam', bootstrap, { name: 'bootstrap' })
}

/** Copies `bytes` from Alice to Bob; returns whether they arrived intact, how fast, and what the routers had to cut. */
export async function copyAcross(lab, { bytes, port }) {
  const cutBefore = fragments(lab)
  const startedAt = Date.now()
  const sums = await copyBetween(lab, 'alice', 'bob', { address: VIRTUAL.bob, bytes, port })
  const seconds = (Date.now() - startedAt) / 1_000
  const isIntact = /^[0-9a-f]{64}$/.test(sums.sent) && sums.sent === sums.received
  const { counters = {} } = askNode(lab, 'alice', 'status')?.nodes?.[0]?.dataPlane ?? {}
  return { isIntact, seconds, counters, cut: fragments(lab) - cutBefore }
}

/** Returns what a machine's node says of its session with the other's, once that goes over an edge of this kind. */
export function peerOver(lab, host, kind) {
  const other = host === 'alice' ? 'bob' : 'alice'
  const address = askNode(lab, other, 'status')?.nodes?.[0]?.address
  const peer = askNode(lab, host, 'peers')?.find((each) => each.address === address)
  return peer?.edgeKinds?.[0] === kind ? peer : undefined
}

const SILENCE = `table inet silence {
  chain out {
    type filter hook output priority 0
    icmp type { destination-unreachable, time-exceeded } drop
    icmpv6 type { destination-unreachable, packet-too-big, time-exceeded } drop
  }
}
`

/** Keeps Alice and Bob from reaching each other but by Pam. */
function separating(family) {
  const [word, alice, bob] = [
    family === 6 ? 'ip6' : 'ip',
    addressOf(family, 1, 1),
    addressOf(family, 3, 1),
  ]
  return `table inet apart {
    chain between {
      type filter hook forward priority 0
      ${word} saddr ${alice} ${word} daddr ${bob} drop
      ${word} saddr ${bob} ${word} daddr ${alice} drop
    }
  }
`
}

function start(lab, host, family, env) {
  const home = lab.home(host)
  const files = {
    'node.config': nodeConfig(family),
    'ipop.config':
      `<?xml version="1.0"?><IpopConfig><IpopNamespace>${NAMESPACE}</IpopNamespace>` +
      `<VirtualNetworkDevice>tapipop</VirtualNetworkDevice><AddressData><IPAddress>${VIRTUAL[host]}</IPAddress>` +
      `<Netmask>255.255.255.0</Netmask></AddressData><AllowStaticAddresses>true</AllowStaticAddresses></IpopConfig>\n`,
    'dhcp.config':
      `<?xml version="1.0"?><DHCPConfig><Namespace>${NAMESPACE}</Namespace><IPBase>192.168.88.0</IPBase>` +
      `<Netmask>255.255.255.0</Netmask><LeaseTime>3600</LeaseTime></DHCPConfig>\n`,
  }
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(home, name), text)
  const words = ['-n', 'node.config', '-i', 'ipop.config', '-d', 'dhcp.config']
  lab.spawn(host, [...app('ipop-node'), ...words], { name: 'ipop-node', env })
}

function nodeConfig(family) {
  const address = addressOf(family, 0, 1)
  const host = family === 6 ? `[${address}]` : address
  return `<?xml version="1.0"?>
<NodeConfig>
  <BrunetNamespace>${NAMESPACE}</BrunetNamespace>
  <EdgeListeners><EdgeListener type="udp"><port>${PORT}</port></EdgeListener></EdgeListeners>
  <RemoteTAs><Transport>brunet.udp://${host}:${PORT}</Transport></RemoteTAs>
  <ControlSocket><Path>control.sock</Path></ControlSocket>
</NodeConfig>
`
}

function plug(lab, { number, ends, mtu, family }) {
  const names = ends.map((_, at) => `link${number}${at}`)
  const [one, other] = ends.map((end) => lab.namespace(end))
  const pair = ['type', 'veth', 'peer', 'name', names[1], 'netns', other]
  ip('-n', one, 'link', 'add', names[0], ...pair)
  for (const [at, namespace] of [one, other].entries()) {
    const cidr = `${addressOf(family, number, at + 1)}/${family === 6 ? 64 : 24}`
    const flags = family === 6 ? ['nodad'] : []
    ip('-n', namespace, 'addr', 'add', cidr, 'dev', names[at], ...flags)
    ip('-n', namespace, 'link', 'set', names[at], 'mtu', String(mtu), 'up')
  }
}

function addressOf(family, link, end) {
  return family === 6 ? `fd61:0:0:${link}::${end}` : `10.61.${link}.${end}`
}

/** Counts the fragments that IPv4 routers made so far. Routers of IPv6 make none. */
function fragments(lab) {
  const count = (router) => {
    const rows = lab.run(router, ['cat', '/proc/net/snmp']).stdout.match(/^Ip: .*$/gm) ?? []
    const [names = [], values = []] = rows.map((row) => row.split(' '))
    return Number(values[names.indexOf('FragCreates')] ?? 0)
  }
  return count('near') + count('far')
}

function must({ status, stderr }) {
  if (status !== 0) throw new Error(stderr)
}

function ip(...args) {
  execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] })
}
