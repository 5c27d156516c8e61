/** Runs a started node in the foreground until a signal comes. */
import { messageOf } from '../errors.ts'
import type { DataPlaneView } from '../services.ts'
import type { RunningNode } from '../start/running-node.ts'

/** How facts are printed. */
export interface OutputOptions {
  /** One JSON object per line instead of text. */
  readonly isJson: boolean
}

/** Prints facts an operator wants, one per line. */
export class FactPrinter {
  readonly #isJson: boolean

  constructor({ isJson }: OutputOptions) {
    this.#isJson = isJson
  }

  /** Prints one fact. */
  print(name: string, value: string): void {
    process.stdout.write(
      this.#isJson ? `${JSON.stringify({ fact: name, value })}\n` : `${name}: ${value}\n`,
    )
  }
}

/** Prints where the node is and what it does, and returns once a signal has made it stop. */
export async function runNode(node: RunningNode, facts: FactPrinter): Promise<void> {
  printStart(node, facts)
  const stopped = stopOnSignal(node, facts)
  node.connected().then(
    () => {
      facts.print(
        'connected',
        `${node.members.length === 1 ? 'the node is' : `${node.members.length} nodes are`} on the ring`,
      )
      const ipv6 = node.ipMapper?.virtualIpv6
      if (ipv6 !== undefined) facts.print('virtual IPv6 address', ipv6)
    },
    () => undefined,
  )
  followVirtualNetwork(node, facts)
  await stopped
  facts.print('stopped', 'goodbye')
}

function printStart(node: RunningNode, facts: FactPrinter): void {
  const status = node.status()
  facts.print('node address', status.address)
  facts.print('namespace', status.namespace)
  if (node.members.length > 1) facts.print('nodes', String(node.members.length))
  for (const address of node.transportAddresses) facts.print('listening', address)
  if (node.xmlRpcPort !== undefined)
    facts.print('xml-rpc', `http://127.0.0.1:${node.xmlRpcPort}/xm.rem`)
  if (node.controlPath !== undefined) facts.print('control socket', node.controlPath)
}

function followVirtualNetwork(node: RunningNode, facts: FactPrinter): void {
  const { ipMapper } = node
  const { dataPlane } = node.status()
  if (ipMapper === undefined) return
  if (dataPlane !== undefined) facts.print('data plane', describe(dataPlane))
  facts.print('virtual network', ipMapper.namespace)
  ipMapper.onAddress((ip, prefixLength) => facts.print('virtual address', `${ip}/${prefixLength}`))
  ipMapper.onAddressLost((ip, cause) => facts.print('virtual address lost', `${ip} (${cause})`))
  ipMapper.onConflict((ip) =>
    facts.print('virtual address conflict', `${ip} is held by another node`),
  )
}

function describe({ name, reason }: DataPlaneView): string {
  return name === 'rust' ? name : `${name} (slow): ${reason ?? ''}`
}

/** The first signal stops the node, the second one the process. */
function stopOnSignal(node: RunningNode, facts: FactPrinter): Promise<void> {
  return new Promise((resolve, reject) => {
    let isStopping = false
    const stop = (signal: NodeJS.Signals) => {
      if (isStopping) process.exit(1)
      isStopping = true
      facts.print('stopping', signal)
      node.stop().then(resolve, (error: unknown) => reject(new Error(messageOf(error))))
    }
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop)
  })
}
