/** NodeConfig: how a node joins the ring. */
import type { ConfigError } from './errors.ts'
import { basename, dirname, extname, resolve } from 'node:path'
import { DEVICES_MAX, EDGE_LISTENERS_MAX, RELAY_MEGABITS_MAX, REMOTE_TAS_MAX } from './limits.ts'
import { readBytes } from './files/read.ts'
import {
  BOOLEAN,
  integer,
  NAME,
  NODE_ADDRESS,
  PATH,
  PORT,
  PORT_OR_ANY,
  TEXT,
} from './schema/kinds.ts'
import { openRoot } from './schema/root.ts'
import type { Section } from './schema/section.ts'
import { historicTransport, TRANSPORT_ADDRESS } from './schema/transport-address.ts'
import { shorten } from './xml/document.ts'

/** One socket to listen on. */
export interface EdgeListenerConfig {
  /** Transport. */
  readonly type: 'udp' | 'tcp'
  /** Port; 0 = any free one. */
  readonly port: number
}

/** Where keys and certificates are. */
export interface SecurityConfig {
  /** Absolute path of the key file. */
  readonly keyPath: string
  /** Absolute path of the folder with certificates, when the file names one. */
  readonly certificatePath?: string | undefined
}

/** The XML-RPC manager. */
export interface XmlRpcManagerConfig {
  /** Whether it runs. */
  readonly enabled: boolean
  /** TCP port on the loopback interface. */
  readonly port: number
}

/** The control socket for this system's own tools. */
export interface ControlSocketConfig {
  /** Whether it is opened. */
  readonly enabled: boolean
  /** Absolute path, when the file names one. */
  readonly path?: string | undefined
}

/** Something that runs unless the file says otherwise. */
export interface SwitchConfig {
  /** Whether it runs. */
  readonly enabled: boolean
}

/** Whether the node forwards for peers that cannot talk directly. */
export interface RelayConfig {
  /** Whether it does. */
  readonly enabled: boolean
  /** What one direction of a pair may use, in megabits per second, when the file says so. */
  readonly megabitsPerSecond?: number | undefined
}

/** A checked NodeConfig. */
export interface NodeConfig {
  /** Absolute path of the file. */
  readonly file: string
  /** Name of the ring; nodes of different namespaces never meet. */
  readonly brunetNamespace: string
  /** Sockets to listen on. */
  readonly edgeListeners: readonly EdgeListenerConfig[]
  /** Transport addresses of nodes to join through, as written. */
  readonly remoteTas: readonly string[]
  /** Own ring address; absent until the first start. */
  readonly nodeAddress?: string | undefined
  /** Interfaces whose addresses are advertised; empty = all. */
  readonly devicesToBind: readonly string[]
  /** The XML-RPC manager. */
  readonly xmlRpcManager: XmlRpcManagerConfig
  /** The control socket. */
  readonly controlSocket: ControlSocketConfig
  /** Asking the gateway to forward this node's ports. */
  readonly portMapping: SwitchConfig
  /** Looking for nodes of the same ring on the local networks. */
  readonly lanDiscovery: SwitchConfig
  /** Relaying for others. */
  readonly relay: RelayConfig
  /** Keys and certificates. */
  readonly security: SecurityConfig
  /** What the operator should know, though it does not stop the start. */
  readonly warnings: readonly ConfigError[]
}

/** The port that the original's tools talk to. */
const XML_RPC_PORT = 10_000

/** Reads and checks a NodeConfig file. Throws ConfigErrors with everything that is wrong in it. */
export function readNodeConfig(file: string): NodeConfig {
  return parseNodeConfig(readBytes(file), file)
}

/** Checks the text of a NodeConfig. `file` names it in messages, and relative paths start at its folder. */
export function parseNodeConfig(bytes: Uint8Array | string, file: string): NodeConfig {
  const root = openRoot(bytes, file, 'NodeConfig')
  const path = resolve(file)
  const config = {
    file: path,
    brunetNamespace: root.required('BrunetNamespace', NAME) ?? '',
    edgeListeners: readEdgeListeners(root),
    remoteTas: readRemoteTas(root),
    nodeAddress: root.optional('NodeAddress', NODE_ADDRESS),
    devicesToBind: readDevices(root),
    xmlRpcManager: readXmlRpcManager(root),
    controlSocket: readControlSocket(root, path),
    portMapping: readSwitch(root, 'PortMapping'),
    lanDiscovery: readSwitch(root, 'LanDiscovery'),
    relay: readRelay(root),
    security: readSecurity(root, path),
  }
  readHistoric(root)
  root.finish()
  root.report.throwIfBroken()
  return { ...config, warnings: root.report.warnings }
}

function readEdgeListeners(root: Section): EdgeListenerConfig[] {
  const section = root.section('EdgeListeners')
  if (!section.isPresent) {
    root.report.error({
      at: root.element?.start ?? 0,
      element: 'EdgeListeners',
      problem: 'missing in <NodeConfig>',
      expected: 'a list such as <EdgeListener type="udp"><port>0</port></EdgeListener>',
    })
  }
  if (section.element?.children.length === 0) {
    section.warn('has no listener: the node can neither call others nor be called')
  }
  const seen = new Set<string>()
  const listeners = section.list('EdgeListener', EDGE_LISTENERS_MAX, (item) => {
    const listener = readEdgeListener(item)
    if (listener === undefined || listener.port === 0) return listener
    const key = `${listener.type} ${listener.port}`
    if (seen.has(key))
      item.error(`${listener.type} port ${listener.port} is listed twice`, 'each port once')
    seen.add(key)
    return listener
  })
  section.finish()
  return listeners
}

function readEdgeListener(item: Section): EdgeListenerConfig | undefined {
  const type = item.attribute('type')
  const port = item.optional('port', PORT_OR_ANY) ?? 0
  item.finish()
  if (type === 'udp' || type === 'tcp') return { type, port }
  if (type === 'function' || type === 'xmpp') {
    item.warn(`the transport '${type}' is not available here; this listener is ignored`)
    return undefined
  }
  const problem =
    type === undefined
      ? "the attribute 'type' is missing"
      : `type '${shorten(type)}' is not a transport`
  item.error(problem, 'type="udp" or type="tcp"')
  return undefined
}

function readRemoteTas(root: Section): string[] {
  const section = root.section('RemoteTAs')
  const tas = section.list('Transport', REMOTE_TAS_MAX, (item, element) => {
    const historic = historicTransport(element.text)
    if (historic === undefined) return item.own(TRANSPORT_ADDRESS)
    item.warn(`the transport '${historic}' is not available here; this address is ignored`)
    return undefined
  })
  section.finish()
  return [...new Set(tas)]
}

function readDevices(root: Section): string[] {
  const section = root.section('DevicesToBind')
  const devices = section.list('Device', DEVICES_MAX, (item) => item.own(NAME))
  section.finish()
  return devices
}

function readXmlRpcManager(root: Section): XmlRpcManagerConfig {
  const section = root.section('XmlRpcManager')
  const enabled = section.optional('Enabled', BOOLEAN) ?? false
  const port = enabled ? section.required('Port', PORT) : section.optional('Port', PORT_OR_ANY)
  section.finish()
  return { enabled, port: port ?? XML_RPC_PORT }
}

function readControlSocket(root: Section, file: string): ControlSocketConfig {
  const section = root.section('ControlSocket')
  const enabled = section.optional('Enabled', BOOLEAN) ?? true
  const path = section.optional('Path', PATH)
  section.finish()
  return { enabled, path: path === undefined ? undefined : resolve(dirname(file), path) }
}

function readSwitch(root: Section, name: string): SwitchConfig {
  const section = root.section(name)
  const enabled = section.optional('Enabled', BOOLEAN) ?? true
  section.finish()
  return { enabled }
}

function readRelay(root: Section): RelayConfig {
  const section = root.section('Relay')
  const enabled = section.optional('Enabled', BOOLEAN) ?? true
  const megabitsPerSecond = section.optional('MegabitsPerSecond', integer(1, RELAY_MEGABITS_MAX))
  section.finish()
  return { enabled, megabitsPerSecond }
}

function readSecurity(root: Section, file: string): SecurityConfig {
  const section = root.section('Security')
  section.optional('Enabled', BOOLEAN)
  section.optional('SecureEdges', BOOLEAN)
  section.optional('SelfSignedCertificates', BOOLEAN)
  for (const name of ['Dtls', 'TestEnable']) {
    if (section.optional(name, BOOLEAN) === true) {
      section.warn('has no effect: every session uses the same authenticated encryption', name)
    }
  }
  const keyPath = section.optional('KeyPath', PATH) ?? defaultKeyPath(file)
  const certificatePath = section.optional('CertificatePath', PATH)
  section.finish()
  return {
    keyPath: resolve(dirname(file), keyPath),
    certificatePath:
      certificatePath === undefined ? undefined : resolve(dirname(file), certificatePath),
  }
}

/** Returns where the key of a NodeConfig lies unless it says otherwise: beside it, `node.config` -> `node.key`. */
export function defaultKeyPath(file: string): string {
  const name = basename(file, extname(file))
  return resolve(dirname(file), `${name === '' ? basename(file) : name}.key`)
}

/** Checks the parts of the original that have no counterpart here, so that their mistakes still show. */
function readHistoric(root: Section): void {
  const coordinates = root.section('NCService')
  for (const name of ['Enabled', 'OptimizeShortcuts', 'Checkpointing'])
    coordinates.optional(name, BOOLEAN)
  coordinates.optional('Checkpoint', TEXT)
  coordinates.finish()
  if (coordinates.optional('Enabled', BOOLEAN) === true) {
    coordinates.warn('network coordinates are not available here; this section has no effect')
  }
  const chat = root.section('XmppServices')
  if (chat.optional('Enabled', BOOLEAN) === true) {
    chat.warn('XMPP is not available here; this section has no effect')
  }
  const inner = root.section('PrivateNodeConfig')
  if (inner.optional('Enabled', BOOLEAN) === true) {
    inner.warn(
      'a private overlay inside a shared one is not available here; the node joins the shared one',
    )
  }
  root.optional('Path', TEXT)
}
