/** The nodes of one process while they run. */
import { basename, extname } from 'node:path'
import type { NodeConfig } from '@ipop/config'
import type { Address } from '@ipop/address'
import type { Dht } from '@ipop/dht'
import type { IpMapper } from '@ipop/ip-mapping'
import type { OverlayNode } from '@ipop/overlay'
import type { Runtime } from '@ipop/runtime'
import type { EdgeListener, LanDiscovery, PortMapper } from '@ipop/transport'
import type { VirtualDevice } from 'napi-rs-tun'
import { codeOf, messageOf } from '../errors.ts'
import { STOP_TIMEOUT_MS } from '../limits.ts'
import { controlRoutes, statusOf } from '../management/control/control-routes.ts'
import { openControlServer } from '../management/control/control-server.ts'
import { defaultControlPath } from '../management/control/paths.ts'
import { createNodeMethods, type NodeMethods } from '../management/node-methods.ts'
import { XmlRpcManager } from '../management/xml-rpc-server.ts'
import type { NodeDataPlane } from '../dataplane/data-plane.ts'
import { dataPlaneView, type DataPlaneChoice } from '../dataplane/open-data-plane.ts'
import type { ManagedNode, NodeKind } from '../services.ts'
import { bounded } from './bounded.ts'
import { addIpv6, followAddresses } from './device.ts'
import { createLanDiscovery } from './lan-discovery.ts'
import { dhtView, ringView, type Member } from './member.ts'
import type { NodeStatus, RunningMember, RunningNode } from './running-node.ts'
import type { UndoStack } from './undo-stack.ts'
import { createMapper, type VirtualNetworkConfig } from './virtual-network.ts'

/** What a process is made of. */
export interface NodeProcessParts {
  readonly nodeConfig: NodeConfig
  readonly kind: NodeKind
  /** Every node; the configured one is the last. */
  readonly members: readonly Member[]
  readonly listeners: readonly EdgeListener[]
  /** Who carries the packets of the virtual network. */
  readonly dataPlane: DataPlaneChoice
  /** Lets a gateway forward the ports, where the configuration does not forbid it. */
  readonly portMapper: PortMapper | undefined
  /** Closes what was opened, in reverse order. */
  readonly undo: UndoStack
}

/** Runs the nodes of one process. */
export class NodeProcess implements RunningNode {
  readonly #runtime: Runtime
  readonly #parts: NodeProcessParts
  readonly #own: Member
  readonly #managed: { node: ManagedNode; methods: NodeMethods }[] = []
  #mapper: IpMapper | undefined
  #discovery: LanDiscovery | undefined
  #device: VirtualDevice | undefined
  #controlPath: string | undefined
  #xmlRpcPort: number | undefined
  #stopping: Promise<void> | undefined

  constructor(runtime: Runtime, parts: NodeProcessParts) {
    const own = parts.members.at(-1)
    if (own === undefined) throw new RangeError('a process has at least one node')
    this.#runtime = runtime
    this.#parts = parts
    this.#own = own
  }

  get address(): Address {
    return this.#own.overlay.address
  }

  get overlay(): OverlayNode {
    return this.#own.overlay
  }

  get dht(): Dht {
    return this.#own.dht
  }

  get ipMapper(): IpMapper | undefined {
    return this.#mapper
  }

  get controlPath(): string | undefined {
    return this.#controlPath
  }

  get xmlRpcPort(): number | undefined {
    return this.#xmlRpcPort
  }

  get transportAddresses(): readonly string[] {
    return this.#parts.listeners.flatMap((listener) => listener.localAddresses().map(String))
  }

  get members(): readonly RunningMember[] {
    return this.#managed.map(({ node }, index) => {
      const { overlay, dht } = this.#parts.members[index] ?? this.#own
      return { address: overlay.address, overlay, dht, status: () => statusOf(node) }
    })
  }

  status(): NodeStatus {
    const last = this.#managed.at(-1)
    if (last === undefined) throw new Error('the node is not open yet')
    return statusOf(last.node)
  }

  async connected(): Promise<void> {
    await Promise.all(this.#parts.members.map(({ overlay }) => overlay.connected()))
  }

  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop())
  }

  /** Joins a virtual network through `device` once the node is on the ring. */
  addVirtualNetwork(device: VirtualDevice, config: VirtualNetworkConfig): void {
    this.#device = device
    const forwarding = this.#plane?.forwarding
    this.#mapper = createMapper(this.#runtime, this.#own, { device, forwarding }, config)
    const isStatic = config.ipopConfig.addressData.ipAddress !== undefined
    followAddresses(this.#mapper, device, { isStatic, log: this.#runtime.log })
  }

  /** Opens the management interfaces that the configuration asks for. */
  async openManagement(): Promise<void> {
    const { nodeConfig, kind, members, undo } = this.#parts
    for (const member of members) {
      const node: ManagedNode = {
        kind,
        namespace: nodeConfig.brunetNamespace,
        ring: ringView(member, member === this.#own ? this.#plane : undefined),
        dht: dhtView(member, this.#runtime.clock),
        ip: member === this.#own ? this.#mapper : undefined,
        dataPlane: this.#dataPlaneOf(member),
        trace: member === this.#own ? this.#device?.trace : undefined,
        portMapping: () => this.#parts.portMapper?.status(),
        checkReach: () => member.checkReach(),
      }
      const methods = createNodeMethods(node, this.#runtime)
      this.#managed.push({ node, methods })
      undo.push('methods', () => Promise.resolve(methods.stop()))
    }
    await this.#openXmlRpc()
    await this.#openControl()
  }

  /** Lets every node join the ring. */
  startMembers(): void {
    const { log } = this.#runtime
    for (const { overlay, dht } of this.#parts.members) {
      dht.start()
      overlay
        .start()
        .catch((error: unknown) => log.write('debug', 'join ended', { error: messageOf(error) }))
    }
    this.#parts.portMapper?.start()
    this.#lookAround()
    this.#own.overlay.connected().then(
      () => this.#startVirtualNetwork(),
      () => undefined,
    )
  }

  /** Looks for a router and for neighbours anew. */
  networkChanged(): void {
    this.#parts.portMapper?.networkChanged()
    this.#discovery?.networkChanged()
  }

  get #plane(): NodeDataPlane | undefined {
    const { dataPlane } = this.#parts
    return dataPlane.kind === 'rust' ? dataPlane.plane : undefined
  }

  #lookAround(): void {
    const { nodeConfig, listeners, undo } = this.#parts
    const { overlay } = this.#own
    const discovered = { listeners, virtualDevice: this.#device?.name, overlay }
    const discovery = createLanDiscovery(this.#runtime, nodeConfig, discovered)
    if (discovery === undefined) return
    this.#discovery = discovery
    undo.push('LAN discovery', () => discovery.stop())
    discovery.start()
  }

  #startVirtualNetwork(): void {
    if (this.#mapper === undefined || this.#device === undefined) return
    this.#mapper.start()
    addIpv6(this.#mapper, this.#device, this.#runtime.log)
  }

  #dataPlaneOf(member: Member): ManagedNode['dataPlane'] {
    const { dataPlane } = this.#parts
    const isItsOwn = member === this.#own && this.#mapper !== undefined
    return isItsOwn ? () => dataPlaneView(dataPlane) : undefined
  }

  async #openXmlRpc(): Promise<void> {
    const { enabled, port } = this.#parts.nodeConfig.xmlRpcManager
    if (!enabled) return
    const manager = new XmlRpcManager({ log: this.#runtime.log })
    for (const { methods } of this.#managed) manager.add(methods)
    this.#xmlRpcPort = await manager.listen(port)
    this.#parts.undo.push('XML-RPC manager', () => manager.close())
  }

  async #openControl(): Promise<void> {
    const { controlSocket, file } = this.#parts.nodeConfig
    if (!controlSocket.enabled) return
    const path =
      controlSocket.path ??
      defaultControlPath({
        isRoot: process.getuid?.() === 0,
        runtimeFolder: process.env['XDG_RUNTIME_DIR'],
        configFile: file,
        name: this.#device?.name ?? basename(file, extname(file)),
      })
    try {
      const isDefault = controlSocket.path === undefined
      const routes = controlRoutes(this.#managed, this.#runtime)
      const server = await openControlServer(routes, { path, isDefault })
      this.#controlPath = server.path
      this.#parts.undo.push('control socket', () => server.close())
    } catch (error) {
      if (controlSocket.path !== undefined) throw error
      const fields = { path, code: codeOf(error), problem: messageOf(error) }
      this.#runtime.log.write('warn', 'no control socket', fields)
    }
  }

  async #stop(): Promise<void> {
    const { members, undo } = this.#parts
    const { log } = this.#runtime
    const third = STOP_TIMEOUT_MS / 3
    const mapper = this.#mapper
    if (mapper !== undefined)
      await bounded(this.#runtime, 'release of the lease', third, () => mapper.stop())
    await bounded(this.#runtime, 'hand-over of the DHT', third, () =>
      Promise.all(members.map(({ dht }) => dht.leave())),
    )
    await bounded(this.#runtime, 'goodbye to the ring', third / 2, () =>
      Promise.all(members.map(({ overlay }) => overlay.leave())),
    )
    await bounded(this.#runtime, 'closing', third / 2, () =>
      undo.run((what, error) =>
        log.write('warn', 'could not close', { what, error: messageOf(error) }),
      ),
    )
  }
}
