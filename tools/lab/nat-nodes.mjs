/** The nodes of the NAT lab: their files, their processes, and what they say of their peers. */
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { hostOf, PUBLIC, takeLargeCount } from './nat.mjs'
import { readPingLog } from './ping-log.mjs'
import { app, until } from './tutorial.mjs'

const NAMESPACE = 'natlab'
const PORTS = [40_000, 40_001]
const LARGE_PINGS = 20

/** Virtual addresses of the two sides. */
export const VIRTUAL = { a: '192.168.77.10', b: '192.168.77.11' }

/** Payload of the pings that are counted at the third party: longer than what the DHT and the ring send. */
export const LARGE_PING_BYTES = 1_300

/** Starts the third party: four nodes that are reached over UDP and TCP of both families. */
export function startPam(lab, options) {
  const home = lab.home('pam')
  fs.writeFileSync(
    path.join(home, 'bootstrap.config'),
    nodeConfig(PORTS, path.join(home, 'pam.sock')),
  )
  const command = [...app('bootstrap-multi'), '-n', 'bootstrap.config', '-c', '4', ...options]
  lab.spawn('pam', command, { name: 'bootstrap' })
  return until('the bootstrap nodes', () => fs.existsSync(path.join(home, 'pam.sock')))
}

/** Writes the files of one host and returns how to start it. */
export function prepare(lab, { kind, side, number, options }) {
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
    const files = ['-n', 'node.config', '-i', 'ipop.config', '-d', 'dhcp.config', ...options]
    each.child = lab.spawn(host, [...app('ipop-node'), ...files], {
      cwd: home,
      name: `node-${number}`,
    })
  }
  return each
}

/** Returns whether a node has its place in the ring. */
export async function isJoined(each) {
  const status = await ask(each.socket, 'status')
  const node = status?.nodes?.at(-1)
  each.address ??= node?.address
  return node?.state === 'connected'
}

/** Pings from the moment the virtual interface has its address. */
export function pingFirst(lab, host, address) {
  const script = `until ip -4 -o addr show dev tapipop 2>/dev/null | grep -q inet; do sleep 0.05; done; exec ping -n -D -O -i 0.1 ${address}`
  const name = `ping-${Date.now()}`
  const child = lab.spawn(host, ['sh', '-c', script], { name })
  return { child, log: () => readPingLog(lab.log(host, name)) }
}

/** Returns what a node says of its session with the other. */
export async function peerOf(each, other) {
  const peers = await ask(each.socket, 'peers')
  return peers?.find?.((peer) => peer.address === other.address)
}

/** Returns how many packets the third party sees of large pings between the two. */
export function relayedPackets(lab, host) {
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
