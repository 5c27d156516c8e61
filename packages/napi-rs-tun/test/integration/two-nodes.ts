/** Two network namespaces joined by a veth pair, each with a process that runs `plane-node.ts`. */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Report, Request } from './plane-node.ts'

const script = join(dirname(fileURLToPath(import.meta.url)), 'plane-node.ts')
const run = promisify(execFile)

/** How the nodes of a laboratory differ from test to test. */
export interface LabOptions {
  cipher?: 'chacha20-poly1305' | 'aes-256-gcm'
  isV6?: boolean
  partial?: boolean
  /** Makes the link behave like a network card: segmentation in software, small receive batches. */
  isCardLike?: boolean
  mtu?: number
  /** MTU of the interfaces. */
  innerMtu?: number
  /** Threads a direction; 1 by default. */
  threads?: number
}

/** One node: its process and how to ask it. */
export class LabNode {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /** Starts a process in a network namespace of its own. */
  static async start(): Promise<LabNode> {
    const node = [process.execPath, '--conditions=@ipop/source', '--import', 'tsx']
    const child = spawn('unshare', ['-n', ...node, script], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, NODE_OPTIONS: '' },
    })
    await once(child, 'message')
    return new LabNode(child)
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Asks the node; rejects when it failed. */
  async ask(request: Request): Promise<Report> {
    this.#child.send(request)
    const [reply] = (await once(this.#child, 'message')) as [{ report: Report; error?: string }]
    if (reply.error !== undefined) throw new Error(reply.error)
    return reply.report
  }

  /** Runs a program in the node's namespace; returns what it printed, whatever its exit code. */
  async run(...words: string[]): Promise<string> {
    try {
      return (
        await run('nsenter', ['-t', String(this.pid), '-n', ...words], { maxBuffer: 1 << 26 })
      ).stdout
    } catch (error) {
      return (error as { stdout?: string }).stdout ?? ''
    }
  }

  /** Starts a program in the node's namespace that runs until it is killed. */
  background(...words: string[]): ChildProcess {
    return spawn('nsenter', ['-t', String(this.pid), '-n', ...words], { stdio: 'ignore' })
  }

  /** Closes the plane and returns the exit code of the process, which ends by itself when nothing leaks. */
  async close(): Promise<number> {
    this.#child.send({ do: 'close' } satisfies Request)
    const [code] = (await once(this.#child, 'exit')) as [number]
    return code
  }

  /** Ends the process. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }
}

/** Calls `use` with two connected nodes and clears away afterwards. */
export async function withTwoNodes<T>(
  options: LabOptions,
  use: (alice: LabNode, bob: LabNode) => Promise<T>,
): Promise<T> {
  const [alice, bob] = await Promise.all([LabNode.start(), LabNode.start()])
  try {
    connect(alice, bob, options)
    const { cipher = 'aes-256-gcm', isV6 = false, partial = true, innerMtu: mtu = 1420 } = options
    const { threads = 1 } = options
    await alice.ask({ do: 'open', own: 1, cipher, isV6, partial, mtu, threads })
    await bob.ask({ do: 'open', own: 2, cipher, isV6, partial, mtu, threads })
    return await use(alice, bob)
  } finally {
    alice.kill()
    bob.kill()
  }
}

function connect(alice: LabNode, bob: LabNode, { isCardLike, mtu = 1500 }: LabOptions): void {
  const inside = (node: LabNode, ...words: string[]) =>
    execFileSync('nsenter', ['-t', String(node.pid), '-n', ...words])
  const pids = [alice.pid, bob.pid].map(String)
  const link = ['link', 'add', 'v1', 'mtu', String(mtu), 'netns', pids[0] ?? '', 'type', 'veth']
  execFileSync('ip', [...link, 'peer', 'name', 'v2', 'mtu', String(mtu), 'netns', pids[1] ?? ''])
  for (const [i, node] of [alice, bob].entries()) {
    const name = `v${i + 1}`
    inside(node, 'ip', 'addr', 'add', `192.168.7.${i + 1}/24`, 'dev', name)
    inside(node, 'ip', 'addr', 'add', `fd07::${i + 1}/64`, 'dev', name, 'nodad')
    inside(node, 'ip', 'link', 'set', 'lo', 'up')
    if (isCardLike)
      inside(node, 'ethtool', '-K', name, 'tx-udp-segmentation', 'off', 'tso', 'off', 'gro', 'on')
    inside(node, 'ip', 'link', 'set', name, 'up')
  }
}
