/** Two hosts behind NATs that map by destination, one of which has miniupnpd: who gets through says whether a port was mapped. */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { join, rules } from './nat.mjs'
import { Lab } from './namespaces.mjs'
import { app } from './tutorial.mjs'

/** The addresses outside look public, as miniupnpd wants them: nobody else is in these namespaces. */
export const OUTSIDE = { pam: '5.6.7.1', gate: '5.6.7.2', wall: '5.6.7.3' }
const NAMESPACE = 'maplab'
const PORT = 40_000
const BEHIND = {
  alice: { router: 'gate', inside: '192.168.50.2', gateway: '192.168.50.1' },
  bob: { router: 'wall', inside: '192.168.60.2', gateway: '192.168.60.1' },
}

/** Virtual addresses of the two hosts. */
export const VIRTUAL = { alice: '192.168.77.10', bob: '192.168.77.11' }

/** Returns why this lab cannot be made here, or undefined. */
export function unavailable() {
  const reason = Lab.unavailable()
  if (reason) return reason
  if (spawnSync('nft', ['--version']).error)
    return 'the `nft` command is missing (package nftables)'
  if (spawnSync('miniupnpd', ['--version']).error) return 'miniupnpd is missing (package miniupnpd)'
  return undefined
}

/** Builds the namespaces: `pam` outside, `alice` behind `gate`, `bob` behind `wall`. */
export function mappingLabUp(lab) {
  const plugged = Object.fromEntries(
    Object.entries(OUTSIDE).map(([host, address]) => [host, `${address}/24`]),
  )
  lab.up(plugged, { unplugged: Object.keys(BEHIND) })
  for (const [host, { router, inside, gateway }] of Object.entries(BEHIND)) {
    join(lab, { host, to: router, port: 'lan', address: gateway, inside, gateway }, () =>
      rules(lab, router, routerRules()),
    )
  }
}

/** Starts miniupnpd on `gate` with what it shall speak: PCP and NAT-PMP, UPnP, its version 1 only. Returns the process. */
export function startMiniupnpd(lab, { hasPcp = true, hasUpnp = true, isVersion1 = false } = {}) {
  const yes = (wanted) => (wanted ? 'yes' : 'no')
  const home = lab.home('gate')
  const file = path.join(home, 'miniupnpd.conf')
  const lines = [
    'ext_ifname=eth0',
    'listening_ip=lan',
    'http_port=0',
    `enable_natpmp=${yes(hasPcp)}`,
    `enable_upnp=${yes(hasUpnp)}`,
    `force_igd_desc_v1=${yes(isVersion1)}`,
    'secure_mode=yes',
    'system_uptime=no',
    'notify_interval=900',
    'uuid=00000000-0000-4000-8000-000000000001',
    'upnp_table_name=filter',
    'upnp_nat_table_name=filter',
    'allow 1024-65535 192.168.50.0/24 1024-65535',
    'deny 0-65535 0.0.0.0/0 0-65535',
  ]
  fs.writeFileSync(file, `${lines.join('\n')}\n`)
  const pid = path.join(home, 'miniupnpd.pid')
  return lab.spawn('gate', ['miniupnpd', '-d', '-f', file, '-P', pid], { name: 'miniupnpd' })
}

/** Returns the ports that the router forwards now: `[{ kind: 'udp', port: 40000, to: '192.168.50.2:40000' }]`. */
export function forwarded(lab) {
  const chain = ['nft', 'list', 'chain', 'inet', 'filter', 'prerouting_miniupnpd']
  const { stdout } = lab.run('gate', chain)
  // This nft shows the transport as raw bytes of the header: 0x11 is UDP.
  return [...stdout.matchAll(/ 0x(6|11) th dport (\d+) dnat ip to ([\d.]+:\d+)/g)].map(
    ([, transport, port, to]) => ({
      kind: transport === '6' ? 'tcp' : 'udp',
      port: Number(port),
      to,
    }),
  )
}

/** Starts the nodes outside. */
export function startOutside(lab) {
  write(lab, 'pam', { port: PORT, isMember: false })
  return lab.spawn('pam', [...app('bootstrap-multi'), '-n', 'node.config', '-c', '4'], {
    name: 'ipop-node',
  })
}

/** Starts a host's node; `extra` are further elements of its NodeConfig. */
export function startBehind(lab, host, extra = '') {
  write(lab, host, { port: PORT, isMember: true, extra })
  const files = ['-n', 'node.config', '-i', 'ipop.config', '-d', 'dhcp.config']
  return lab.spawn(host, [...app('ipop-node'), ...files], { name: 'ipop-node' })
}

/** Asks the node of a host: `ask(lab, 'alice', 'netcheck')`. */
export function ask(lab, host, what) {
  const socket = path.join(lab.home(host), 'control.sock')
  const command = [...app('crawler', 'ipop'), '--json', '--socket', socket, what]
  const { stdout } = lab.run(host, command)
  return stdout === '' ? undefined : JSON.parse(stdout)
}

function write(lab, host, { port, isMember, extra = '' }) {
  const home = lab.home(host)
  const listeners = ['udp', 'tcp'].map(
    (kind) => `<EdgeListener type="${kind}"><port>${port}</port></EdgeListener>`,
  )
  fs.writeFileSync(
    path.join(home, 'node.config'),
    `<?xml version="1.0"?><NodeConfig><BrunetNamespace>${NAMESPACE}</BrunetNamespace>` +
      `<EdgeListeners>${listeners.join('')}</EdgeListeners>` +
      `<RemoteTAs><Transport>brunet.udp://${OUTSIDE.pam}:${PORT}</Transport></RemoteTAs>` +
      `<ControlSocket><Path>${path.join(home, 'control.sock')}</Path></ControlSocket>${extra}</NodeConfig>\n`,
  )
  if (!isMember) return
  fs.writeFileSync(
    path.join(home, 'ipop.config'),
    `<?xml version="1.0"?><IpopConfig><IpopNamespace>${NAMESPACE}</IpopNamespace>` +
      `<VirtualNetworkDevice>tapipop</VirtualNetworkDevice><AddressData><IPAddress>${VIRTUAL[host]}</IPAddress>` +
      `<Netmask>255.255.255.0</Netmask></AddressData></IpopConfig>\n`,
  )
  fs.writeFileSync(
    path.join(home, 'dhcp.config'),
    `<?xml version="1.0"?><DHCPConfig><Namespace>${NAMESPACE}</Namespace><IPBase>192.168.77.0</IPBase>` +
      `<Netmask>255.255.255.0</Netmask><LeaseTime>3600</LeaseTime></DHCPConfig>\n`,
  )
}

/** A NAT that gives every destination another port and lets nothing in, but for the chains that miniupnpd fills. */
function routerRules() {
  return `table inet filter {
    chain miniupnpd { }
    chain prerouting_miniupnpd { }
    chain postrouting_miniupnpd { }
    chain incoming { type filter hook input priority filter; policy drop;
      iifname != "eth0" accept
      ct state established,related accept
    }
    chain forwarding { type filter hook forward priority filter; policy drop;
      ct state established,related accept
      iifname != "eth0" accept
      jump miniupnpd
    }
    chain prerouting { type nat hook prerouting priority dstnat; jump prerouting_miniupnpd; }
    chain postrouting { type nat hook postrouting priority srcnat;
      jump postrouting_miniupnpd
      oifname "eth0" masquerade fully-random
    }
  }`
}
