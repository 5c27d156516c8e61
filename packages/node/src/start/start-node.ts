/** Starts the nodes of one process: lock, identity, ports, ring, DHT, virtual network, management. */
import { dirname, basename, extname, join } from 'node:path'
import { Malformed } from '@ipop/codec'
import type { IpopConfig, NodeConfig } from '@ipop/config'
import type { Runtime } from '@ipop/runtime'
import { Identity } from '@ipop/security'
import {
  RELAY_ROW_BURST_BYTES,
  TransportAddress,
  type EdgeListener,
  type PortMapper,
  type RelayOptions,
} from '@ipop/transport'
import { NetworkWatch } from '../network/network-watch.ts'
import { systemEvents } from '../network/system-events.ts'
import { messageOf } from '../errors.ts'
import type { NodeDataPlane } from '../dataplane/data-plane.ts'
import {
  DATA_PLANE_VARIABLE,
  THREADS_VARIABLE,
  isScriptWanted,
  openDataPlane,
} from '../dataplane/open-data-plane.ts'
import type { NodeKind } from '../services.ts'
import { openDevice } from './device.ts'
import { loadIdentity } from './identity.ts'
import { openListeners } from './listeners.ts'
import { createMember, type Member } from './member.ts'
import { NodeProcess } from './node-process.ts'
import { PeerCache } from './peer-cache.ts'
import { openPortMapper } from './port-mapping.ts'
import type { RunningNode } from './running-node.ts'
import { lockState } from './state-lock.ts'
import { UndoStack } from './undo-stack.ts'
import {
  checkVirtualNetwork,
  type GivenSettings,
  type VirtualNetworkConfig,
} from './virtual-network.ts'

/** What a node is started from. */
export interface StartOptions {
  readonly nodeConfig: NodeConfig
  /** The virtual network; without it the node only serves the ring. */
  readonly ipopConfig?: IpopConfig | undefined
  /** Settings of the virtual network; without them they come from the DHT. */
  readonly dhcpConfig?: GivenSettings | undefined
  /** Replaces session keys at this age instead of WireGuard's, so that a test sees many of them. */
  readonly rekeyAfterMs?: number | undefined
}

/** Starts one node. Resolves once it listens; `connected()` tells when it is on the ring. */
export function startNode(options: StartOptions, runtime: Runtime): Promise<RunningNode> {
  return start(options, 1, options.ipopConfig === undefined ? 'BasicNode' : 'IpopNode', runtime)
}

/** Starts `count` nodes on the same ports: new ones that live in memory only, and the configured one last. */
export function startMultiNode(
  nodeConfig: NodeConfig,
  count: number,
  runtime: Runtime,
): Promise<RunningNode> {
  return start({ nodeConfig }, count, 'MultiNode', runtime)
}

async function start(
  { nodeConfig, ipopConfig, dhcpConfig, rekeyAfterMs }: StartOptions,
  count: number,
  kind: NodeKind,
  runtime: Runtime,
): Promise<RunningNode> {
  const undo = new UndoStack()
  try {
    const network = networkOf(nodeConfig, ipopConfig, dhcpConfig)
    const lock = await lockState(nodeConfig.security.keyPath)
    undo.push('state lock', () => lock.release())
    const identity = loadIdentity(nodeConfig, runtime)
    const { device, dataPlane, plane } = await openCarriers(runtime, ipopConfig, undo)
    const ports = { ...runtime, datagrams: plane?.datagrams ?? runtime.datagrams }
    const listeners = await openListeners(nodeConfig, ports, device?.name)
    undo.push('ports', () => Promise.all(listeners.map((listener) => listener.close())))
    const ownPorts = { listeners, virtualDevice: device?.name, undo }
    const portMapper = openPortMapper(runtime, nodeConfig, ownPorts)
    const peerCache = cacheOf(nodeConfig, runtime)
    const carriesPackets = device !== undefined
    const common = { identity, listeners, count, plane, carriesPackets }
    const sources = { ...common, rekeyAfterMs, portMapper, peerCache }
    const members = createMembers(runtime, nodeConfig, sources)
    const parts = { nodeConfig, kind, members, listeners, undo, dataPlane, portMapper }
    const process = new NodeProcess(runtime, parts)
    if (network !== undefined && device !== undefined) process.addVirtualNetwork(device, network)
    await process.openManagement()
    keepUp(runtime, process, { members, virtualDevice: device?.name, peerCache, undo })
    process.startMembers()
    return process
  } catch (error) {
    await undo.run((what, failure) =>
      runtime.log.write('warn', 'cleanup failed', { what, error: messageOf(failure) }),
    )
    throw error
  }
}

/** Opens the virtual interface, where there is one, and who carries packets to and from the network. */
async function openCarriers(runtime: Runtime, ipopConfig: IpopConfig | undefined, undo: UndoStack) {
  const wish = wantedDataPlane()
  const threads = Number(process.env[THREADS_VARIABLE] ?? 0) || undefined
  const device =
    ipopConfig && (await openDevice(ipopConfig, { offload: !isScriptWanted(wish), threads }))
  if (device !== undefined) undo.push('device', () => device.close())
  const dataPlane = await openDataPlane(runtime, device, wish, threads)
  const plane = dataPlane.kind === 'rust' ? dataPlane.plane : undefined
  if (plane !== undefined) undo.push('data plane', () => plane.close())
  return { device, dataPlane, plane }
}

/** Remembers peers and follows changes of the network until everything is undone. */
function keepUp(
  runtime: Runtime,
  process: NodeProcess,
  options: {
    readonly members: readonly Member[]
    readonly virtualDevice: string | undefined
    readonly peerCache: PeerCache
    readonly undo: UndoStack
  },
): void {
  const { members, virtualDevice, peerCache, undo } = options
  peerCache.keep(members.at(-1)?.overlay, undo)
  const watch = new NetworkWatch(runtime, {
    virtualDevice,
    events: systemEvents,
    onChange: () => {
      for (const { overlay } of members) overlay.networkChanged()
      process.networkChanged()
    },
  })
  undo.push('network watch', () => Promise.resolve(watch.close()))
}

function wantedDataPlane(): string | undefined {
  return process.env[DATA_PLANE_VARIABLE]
}

function networkOf(
  nodeConfig: NodeConfig,
  ipopConfig: IpopConfig | undefined,
  dhcpConfig: GivenSettings | undefined,
): VirtualNetworkConfig | undefined {
  if (ipopConfig === undefined) return undefined
  const { keyPath } = nodeConfig.security
  const leaseFile = besideKey(keyPath, 'lease')
  const network = { ipopConfig, dhcpConfig, leaseFile }
  checkVirtualNetwork(network)
  return network
}

function cacheOf({ brunetNamespace, security }: NodeConfig, runtime: Runtime): PeerCache {
  const file = besideKey(security.keyPath, 'peers')
  return new PeerCache(runtime, { file, namespace: brunetNamespace })
}

function besideKey(keyPath: string, extension: string): string {
  return join(dirname(keyPath), `${basename(keyPath, extname(keyPath))}.${extension}`)
}

/** The configured node comes last, as in the original; the first one is what `/xm.rem` shows. */
function createMembers(runtime: Runtime, config: NodeConfig, parts: MemberParts): Member[] {
  const { identity, listeners, count, plane, rekeyAfterMs, portMapper, peerCache } = parts
  const sessionPlane = parts.carriesPackets ? plane : undefined
  const remoteTas = config.remoteTas.flatMap((text) => {
    const ta = TransportAddress.parse(text)
    return ta instanceof Malformed ? [] : [ta]
  })
  const members = Array.from({ length: count }, (_, index) =>
    createMember(runtime, {
      identity: index === count - 1 ? identity : Identity.create(runtime.random),
      namespace: config.brunetNamespace,
      listeners,
      remoteTas,
      rekeyAfterMs,
      ...(index === count - 1 ? { remembered: peerCache.load() } : {}),
      mapped: () => portMapper?.mapped() ?? [],
      isLookingAround: config.lanDiscovery.enabled && index === count - 1,
      ...(count === 1 ? {} : { path: String(index) }),
      relay: relayOptions(config.relay, plane),
      ...(sessionPlane === undefined ? {} : planeOptions(sessionPlane)),
    }),
  )
  const [own] = members
  if (sessionPlane !== undefined && own !== undefined) attachPlane(sessionPlane, own, listeners)
  return members
}

interface MemberParts {
  readonly identity: Identity
  readonly listeners: readonly EdgeListener[]
  readonly count: number
  /** Lets a gateway forward to the listeners. */
  readonly portMapper: PortMapper | undefined
  readonly plane: NodeDataPlane | undefined
  /** Whether the sessions live in the plane, for the packets of a virtual network; else it only relays. */
  readonly carriesPackets: boolean
  readonly rekeyAfterMs: number | undefined
  /** The peers of the configured node. */
  readonly peerCache: PeerCache
}

/** All pairs together may use what eight at full rate do. */
const PAIRS_AT_FULL_RATE = 8

function relayOptions(relay: NodeConfig['relay'], plane: NodeDataPlane | undefined): RelayOptions {
  const { enabled: isEnabled, megabitsPerSecond } = relay
  const common = { isEnabled, plane: plane?.relays }
  if (megabitsPerSecond === undefined) return common
  const rate = (pairs: number) => ({
    bytesPerSecond: (pairs * megabitsPerSecond * 1_000_000) / 8,
    burstBytes: pairs * RELAY_ROW_BURST_BYTES,
  })
  return { ...common, rowRate: rate(1), totalRate: rate(PAIRS_AT_FULL_RATE) }
}

function planeOptions(plane: NodeDataPlane) {
  return { ciphers: plane.ciphers, capabilities: plane.capabilities, observer: plane }
}

function attachPlane(
  plane: NodeDataPlane,
  { overlay }: Member,
  listeners: readonly EdgeListener[],
): void {
  const { dataPlane: entry, relays } = overlay.channels
  plane.attach({ entry, relays, sentTo: (peer) => overlay.connectOnDemand(peer) }, listeners)
}
