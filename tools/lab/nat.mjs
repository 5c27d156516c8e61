/** Ten kinds of network attachment between two hosts and the public network, made of namespaces and nftables. */
import { execFileSync } from 'node:child_process'

/** The kinds, in the order of the table. */
export const KINDS = {
  open: 'a public address of both families',
  full: 'full cone: endpoint-independent mapping and filtering',
  addr: 'address-restricted cone',
  port: 'port-restricted cone',
  seq: 'symmetric, sequential ports',
  rand: 'symmetric, random ports',
  double: 'two port-restricted NATs in a row (carrier grade)',
  shared: 'both hosts behind one NAT without hairpin',
  blocked: 'UDP blocked, TCP out only',
  six: 'IPv6 only',
}

/** The third party: public, of both families. */
export const PUBLIC = { v4: '10.98.0.1', v6: 'fd98::1' }

const SIDES = ['a', 'b']

/** Ports that a sequential NAT hands out, one for each new destination. */
const SEQUENTIAL_FIRST = 20_000
const SEQUENTIAL_COUNT = 4_000

/** Returns the host that a side of a pair runs on: `hostOf('port', 'a')`. */
export function hostOf(kind, side) {
  return `${kind}-${side}`
}

/** Returns the namespace that counts and translates for a host, or undefined for one without a NAT. */
export function natOf(kind, side) {
  if (kind === 'open' || kind === 'six') return undefined
  return kind === 'shared' ? 'shared-r' : `${kind}-${side}r`
}

/** Builds all hosts of `kinds` and the third party `pam` in `lab`. */
export function natLabUp(lab, kinds) {
  const places = kinds.flatMap((kind, number) => SIDES.map((side) => placeOf(kind, side, number)))
  const plugged = { pam: `${PUBLIC.v4}/24` }
  const unplugged = new Set()
  for (const place of places) {
    if (place.kind === 'open') plugged[place.host] = `${place.outer}/24`
    else if (place.kind !== 'six') plugged[place.nat] = `${place.outer}/24`
    else unplugged.add(place.host)
    if (place.nat) unplugged.add(place.host)
    if (place.kind === 'double') unplugged.add(`${place.nat}2`)
  }
  lab.up(plugged, { unplugged: [...unplugged] })
  address6(lab, 'pam', PUBLIC.v6)
  for (const place of places) build(lab, place)
}

/** Forgets what the NATs learnt, as far as a rule keeps it. */
export function forgetContacts(lab, kind, side) {
  if (kind === 'addr') lab.run(natOf(kind, side), ['nft', 'flush', 'set', 'ip', 'lab', 'contacted'])
}

/**
 * Counts at the third party what has the size of large pings, in and out: `bytesMin` long and up to 117 bytes of headers.
 * Probes of path MTUs, which a node also sends to the third party, have other sizes.
 */
export function countLargeAt(lab, bytesMin) {
  rules(
    lab,
    'pam',
    `table inet count {
      counter large { }
      chain in { type filter hook prerouting priority raw;
        meta l4proto udp meta length { ${bytesMin}-1399, 1401-${bytesMin + 117} } counter name large
        meta l4proto tcp meta length >= ${bytesMin} counter name large
      }
    }`,
  )
}

/** Returns the count and begins anew. */
export function takeLargeCount(lab) {
  const { stdout } = lab.run('pam', ['nft', 'reset', 'counter', 'inet', 'count', 'large'])
  return Number(/packets (\d+)/.exec(stdout)?.[1] ?? Number.NaN)
}

function placeOf(kind, side, number) {
  const last = 10 + 2 * number + SIDES.indexOf(side)
  const place = { kind, side, host: hostOf(kind, side), nat: natOf(kind, side) }
  if (kind === 'shared')
    return { ...place, outer: `10.98.0.${10 + 2 * number}`, lan: 10 + 2 * number, last }
  return { ...place, outer: `10.98.0.${last}`, lan: last, last }
}

function build(lab, place) {
  const { kind, side, host, nat, last } = place
  if (kind === 'open') return address6(lab, host, `fd98::${last}`)
  if (kind === 'six') return lab.plug(host, `fd98::${last}/64`)
  const gateway = `192.168.${place.lan}.1`
  const inside = `192.168.${place.lan}.${kind === 'shared' ? last : 2}`
  if (kind === 'shared') {
    if (side === 'a') makeBridge(lab, nat, gateway)
    return join(lab, { host, to: nat, port: `l-${side}`, inside, gateway, bridge: 'lan' }, () =>
      side === 'a' ? translate(lab, nat, { kind, outer: place.outer, inside }) : undefined,
    )
  }
  if (kind !== 'double') {
    return join(lab, { host, to: nat, port: 'lan', address: gateway, inside, gateway }, () =>
      translate(lab, nat, { kind, outer: place.outer, inside }),
    )
  }
  const home = `${nat}2`
  const carrier = `100.64.${place.lan}.1`
  const homeOuter = `100.64.${place.lan}.2`
  join(
    lab,
    {
      host: home,
      device: 'eth0',
      to: nat,
      port: 'lan',
      address: carrier,
      inside: homeOuter,
      gateway: carrier,
    },
    () => translate(lab, nat, { kind: 'port', outer: place.outer, inside: homeOuter }),
  )
  join(lab, { host, to: home, port: 'lan', address: gateway, inside, gateway }, () =>
    translate(lab, home, { kind: 'port', outer: homeOuter, inside }),
  )
}

function address6(lab, host, address) {
  ip('-n', lab.namespace(host), '-6', 'addr', 'add', `${address}/64`, 'dev', 'eth0', 'nodad')
}

function makeBridge(lab, nat, gateway) {
  const name = lab.namespace(nat)
  ip('-n', name, 'link', 'add', 'lan', 'type', 'bridge', 'forward_delay', '0', 'stp_state', '0')
  ip('-n', name, 'addr', 'add', `${gateway}/24`, 'dev', 'lan')
  ip('-n', name, 'link', 'set', 'lan', 'up')
}

/** Connects a host to the router `to`, directly or by the router's bridge, and lets the router forward. */
export function join(lab, { host, to, port, address, inside, gateway, bridge }, translateAtRouter) {
  const router = lab.namespace(to)
  const name = lab.namespace(host)
  ip('-n', router, 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
  if (bridge) ip('-n', router, 'link', 'set', port, 'master', bridge)
  if (address) ip('-n', router, 'addr', 'add', `${address}/24`, 'dev', port)
  ip('-n', router, 'link', 'set', port, 'up')
  ip('-n', name, 'addr', 'add', `${inside}/24`, 'dev', 'eth0')
  ip('-n', name, 'link', 'set', 'eth0', 'up')
  ip('-n', name, 'route', 'add', 'default', 'via', gateway)
  lab.run(to, ['sysctl', '-qw', 'net.ipv4.ip_forward=1'])
  translateAtRouter()
}

/**
 * Makes a router translate. What comes unsolicited is dropped without a trace, as home routers do: an entry of its own
 * would push the later outgoing mapping to another port.
 */
function translate(lab, nat, { kind, outer, inside }) {
  const inwards = {
    full: `iifname "eth0" dnat to ${inside}`,
    addr: `iifname "eth0" ip saddr @contacted dnat to ${inside}`,
  }
  const outwards = {
    full: `oifname "eth0" snat to ${outer}`,
    seq: `oifname "eth0" meta l4proto udp snat to ${outer}:numgen inc mod ${SEQUENTIAL_COUNT} map { ${sequentialPorts()} }
      oifname "eth0" masquerade`,
    rand: 'oifname "eth0" masquerade fully-random',
  }
  const onlyTcp = kind === 'blocked' ? 'meta l4proto tcp' : ''
  rules(
    lab,
    nat,
    `table ip lab {
      set contacted { type ipv4_addr; flags dynamic,timeout; timeout 2m; }
      chain contact { type filter hook forward priority filter - 1;
        ${kind === 'addr' ? 'oifname "eth0" update @contacted { ip daddr }' : ''};
      }
      chain pre { type nat hook prerouting priority dstnat; ${inwards[kind] ?? ''}; }
      chain post { type nat hook postrouting priority srcnat;
        ${outwards[kind] ?? 'oifname "eth0" masquerade'};
      }
      chain incoming { type filter hook input priority filter; policy drop;
        iifname != "eth0" accept
        ct state established,related accept;
      }
      chain forwarding { type filter hook forward priority filter; policy drop;
        ct state established,related accept
        iifname != "eth0" oifname != "eth0" accept
        iifname != "eth0" oifname "eth0" ${onlyTcp} accept
        iifname "eth0" ct status dnat accept;
      }
    }`,
  )
}

function sequentialPorts() {
  const entry = (_, index) => `${index} : ${SEQUENTIAL_FIRST + index}`
  return Array.from({ length: SEQUENTIAL_COUNT }, entry).join(', ')
}

export function rules(lab, host, text) {
  const done = lab.run(host, ['nft', '-f', '-'], { input: text })
  if (done.status !== 0) throw new Error(`nft refused the rules of ${host}: ${done.stderr}`)
}

function ip(...args) {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}
