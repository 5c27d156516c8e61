/** Random bytes at the ports of a running ring change nothing and crash nothing. */
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import dgram from 'node:dgram'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { app, until } from '../../tools/lab/tutorial.mjs'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PORT = 40_517
const NODES = 4
const DATAGRAMS = 1_000_000
const BATCH = 500
/** Every kind of datagram that a node knows, and unknown ones. */
const TYPES = [1, 2, 3, 4, 0x10, 0x11, 0x12, 0, 0xff]

const isBuilt = existsSync(`${ROOT}apps/bootstrap-multi/dist/bootstrap-multi.js`)
if (!isBuilt)
  console.warn('Random input at a running ring is skipped: the executables are not built.')
const describeIfBuilt = isBuilt ? describe : describe.skip

describeIfBuilt('random input', () => {
  const home = mkdtempSync(join(tmpdir(), 'ipop-random-'))
  const control = join(home, 'control.sock')
  let ring: ChildProcess

  beforeAll(async () => {
    const prepare = `${ROOT}scripts/bootstrap_demo_prepare.sh`
    spawnSync('sh', [prepare, 'random', '127.0.0.1', String(PORT)], { cwd: home })
    const config = join(home, 'bootstrap.config')
    const text = readFileSync(config, 'utf8')
    const section = `<ControlSocket><Path>${control}</Path></ControlSocket></NodeConfig>`
    spawnSync('sh', ['-c', 'cat >bootstrap.config'], {
      cwd: home,
      input: text
        .replace(/<XmlRpcManager>[\s\S]*<\/XmlRpcManager>/, '')
        .replace('</NodeConfig>', section),
    })
    const [node = '', ...rest] = app('bootstrap-multi')
    ring = spawn(node, [...rest, '-n', 'bootstrap.config', '-c', String(NODES)], {
      cwd: home,
      stdio: 'ignore',
    })
    await until('the ring', () => isWhole(control), 40_000)
  }, 60_000)

  afterAll(async () => {
    const gone = new Promise((resolve) => ring.once('exit', resolve))
    ring.kill('SIGTERM')
    await gone
    rmSync(home, { recursive: true })
  })

  it(`survives ${DATAGRAMS} datagrams at its UDP port`, async () => {
    const before = residentMb(ring)
    await flood()
    expect(ring.exitCode).toBeNull()
    await until('the ring', () => isWhole(control), 20_000)
    expect(residentMb(ring) - before).toBeLessThan(100)
  }, 120_000)

  it('survives bytes at its control socket', async () => {
    for (let i = 0; i < 300; i++) await scribble(control, randomBytes(1 + ((i * 37) % 4_000)))
    for (let i = 0; i < 100; i++)
      await scribble(
        control,
        Buffer.from(
          `POST /v1/ping HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n${randomBytes(9).toString('latin1')}`,
          'latin1',
        ),
      )
    expect(ring.exitCode).toBeNull()
    expect(isWhole(control)).toBe(true)
  }, 60_000)
})

function isWhole(control: string): boolean {
  const [node = '', ...rest] = app('crawler', 'ipop')
  const { stdout, status } = spawnSync(node, [...rest, '--socket', control, 'peers', '--json'], {
    encoding: 'utf8',
  })
  return status === 0 && (stdout.match(/brunet:node:/g) ?? []).length >= NODES - 1
}

/** Sends as fast as the receiver's buffer takes it: what the kernel drops tests nothing. */
async function flood(): Promise<void> {
  const socket = dgram.createSocket('udp4')
  const noise = randomBytes(1 << 20)
  for (let sent = 0; sent < DATAGRAMS; sent += BATCH) {
    for (let i = 0; i < BATCH; i++) {
      const offset = ((sent + i) * 1_009) % (noise.length - 1_500)
      const datagram = noise.subarray(offset, offset + 1 + ((sent + i) % 700))
      datagram[0] = TYPES[i % TYPES.length] ?? 0
      socket.send(datagram, PORT, '127.0.0.1')
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  await new Promise<void>((resolve) => socket.close(resolve))
}

function scribble(path: string, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const socket = net.connect(path, () => socket.end(bytes))
    socket.setTimeout(2_000, () => socket.destroy())
    socket.on('error', () => undefined)
    socket.on('data', () => undefined)
    socket.on('close', () => resolve())
  })
}

function residentMb({ pid }: ChildProcess): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024
}
