/** A network namespace with an unmodified wireguard-go in it, and UDP sockets beside it. */
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const BINARY = '/usr/bin/wireguard-go'
const CONTROL_DIRECTORY = '/var/run/wireguard'
const RELAY = join(import.meta.dirname, 'udp-relay.mjs')

/** Returns why the lab cannot run here, or undefined where it can. */
export function reasonToSkip(): string | undefined {
  if (!existsSync(BINARY)) return `${BINARY} is not installed`
  if (!existsSync('/dev/net/tun')) return 'there is no /dev/net/tun'
  if (process.getuid?.() !== 0) return 'not root'
  const probe = uniqueName()
  if (spawnSync('ip', ['netns', 'add', probe]).status !== 0) return 'no network namespaces'
  spawnSync('ip', ['netns', 'del', probe])
  return undefined
}

/** A UDP socket inside the namespace. */
export interface LabSocket {
  readonly port: number
  /** Sends to a port on the namespace's loopback. */
  send(bytes: Uint8Array, port: number): void
  /** Called with each datagram. */
  onDatagram: (bytes: Uint8Array, port: number) => void
}

/** The namespace and its processes; `close` ends exactly those. */
export class WireguardLab {
  readonly device = uniqueName()
  readonly #namespace = this.device
  readonly #processes: ChildProcess[] = []

  /** Starts wireguard-go on a new interface with `address`. */
  async start(address: string): Promise<void> {
    this.#ip('netns', 'add', this.#namespace)
    this.#inside('ip', 'link', 'set', 'lo', 'up')
    this.#spawn([BINARY, '-f', this.device], 'ignore')
    for (let i = 0; i < 100 && !existsSync(this.#controlPath); i++) await pause(50)
    this.#inside('ip', 'address', 'add', address, 'dev', this.device)
    this.#inside('ip', 'link', 'set', this.device, 'up')
  }

  /** Sends one request to the configuration socket and returns the answer. */
  configure(lines: readonly string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(this.#controlPath)
      let answer = ''
      socket.on('data', (chunk) => {
        answer += String(chunk)
        if (answer.endsWith('\n\n')) socket.destroy()
      })
      socket.on('error', reject)
      socket.on('close', () => resolve(answer))
      socket.write([...lines, '', ''].join('\n'))
    })
  }

  /** Opens a UDP socket inside the namespace. */
  openSocket(): Promise<LabSocket> {
    const child = this.#spawn([process.execPath, RELAY], 'pipe')
    return new Promise((resolve, reject) => {
      if (child.stdout === null) return reject(new Error('no output'))
      let socket: LabSocket | undefined
      createInterface({ input: child.stdout }).on('line', (line) => {
        const [first = '', second = ''] = line.split(' ')
        if (first === 'bound') {
          socket = {
            port: Number(second),
            send: (bytes, port) =>
              void child.stdin?.write(`${port} ${Buffer.from(bytes).toString('hex')}\n`),
            onDatagram: () => undefined,
          }
          resolve(socket)
        } else socket?.onDatagram(new Uint8Array(Buffer.from(second, 'hex')), Number(first))
      })
    })
  }

  /** Ends the processes and removes the namespace. */
  async close(): Promise<void> {
    for (const child of this.#processes) {
      const hasEnded = new Promise((resolve) => child.once('exit', resolve))
      if (child.exitCode === null && child.kill('SIGTERM')) await hasEnded
    }
    spawnSync('ip', ['netns', 'del', this.#namespace])
    rmSync(this.#controlPath, { force: true })
  }

  get #controlPath(): string {
    return join(CONTROL_DIRECTORY, `${this.device}.sock`)
  }

  #spawn(command: readonly string[], io: 'pipe' | 'ignore'): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', this.#namespace, ...command], {
      stdio: [io, io, 'ignore'],
    })
    this.#processes.push(child)
    return child
  }

  #inside(...command: readonly string[]): void {
    this.#ip('netns', 'exec', this.#namespace, ...command)
  }

  #ip(...args: readonly string[]): void {
    const { status, stderr } = spawnSync('ip', args)
    if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${String(stderr)}`)
  }
}

/** Waits in real time. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function uniqueName(): string {
  return `wgi${process.pid.toString(36)}${Math.floor(Math.random() * 36 ** 4).toString(36)}`
}
