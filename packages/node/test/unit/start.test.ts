/** Starting and stopping: the lock, the key, the ports, and a small ring on loopback. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { readNodeConfig } from '@ipop/config'
import { silentLog } from '@ipop/runtime'
import { createNodeRuntime } from '@ipop/runtime/node'
import {
  ControlClient,
  crawl,
  startMultiNode,
  startNode,
  summarize,
  XmlRpcClient,
} from '../../src/index.ts'
import { lockState } from '../../src/start/state-lock.ts'

const runtime = createNodeRuntime({ log: silentLog })
let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipop-node-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

function writeConfig({ port = 0, remote = 0, more = '' } = {}, name = 'node.config'): string {
  const file = join(folder, name)
  const tas =
    remote === 0
      ? ''
      : `<RemoteTAs><Transport>brunet.udp://127.0.0.1:${remote}</Transport></RemoteTAs>`
  writeFileSync(
    file,
    `<NodeConfig>\n  <BrunetNamespace>start-test</BrunetNamespace>
  <EdgeListeners><EdgeListener type="udp"><port>${port}</port></EdgeListener></EdgeListeners>
  <LanDiscovery><Enabled>false</Enabled></LanDiscovery>
  <PortMapping><Enabled>false</Enabled></PortMapping>
  ${tas}<ControlSocket><Path>${name}.sock</Path></ControlSocket>${more}\n</NodeConfig>\n`,
  )
  return file
}

describe('startNode', () => {
  it('makes a key, writes its address back, and is the same node the next time', async () => {
    const file = writeConfig()
    const first = await startNode({ nodeConfig: readNodeConfig(file) }, runtime)
    const address = first.address.toString()
    await first.connected()
    await first.stop()
    expect(readFileSync(file, 'utf8')).toContain(`<NodeAddress>${address}</NodeAddress>`)
    const second = await startNode({ nodeConfig: readNodeConfig(file) }, runtime)
    expect(second.address.toString()).toBe(address)
    await second.stop()
  })

  it('names the process that already runs with the key', async () => {
    const file = writeConfig()
    const node = await startNode({ nodeConfig: readNodeConfig(file) }, runtime)
    await expect(startNode({ nodeConfig: readNodeConfig(file) }, runtime)).rejects.toThrow(
      `another node (process ${process.pid}) is running with the key ${join(folder, 'node.key')}`,
    )
    await node.stop()
  })

  it('refuses an address that does not belong to the key', async () => {
    const file = writeConfig({ more: `<NodeAddress>brunet:node:${'A'.repeat(32)}</NodeAddress>` })
    const start = () => startNode({ nodeConfig: readNodeConfig(file) }, runtime)
    await expect(start()).rejects.toThrow('was made with a key that is not here')
    const other = writeConfig({}, 'other.config')
    await (await startNode({ nodeConfig: readNodeConfig(other) }, runtime)).stop()
    writeFileSync(join(folder, 'node.key'), readFileSync(join(folder, 'other.key')), {
      mode: 0o600,
    })
    await expect(start()).rejects.toThrow('does not belong to the key')
  })

  it('refuses a key file that is broken or open to others', async () => {
    const file = writeConfig()
    const key = join(folder, 'node.key')
    const start = () => startNode({ nodeConfig: readNodeConfig(file) }, runtime)
    writeFileSync(key, 'secret', { mode: 0o600 })
    await expect(start()).rejects.toThrow('not a key file of this system')
    chmodSync(key, 0o640)
    await expect(start()).rejects.toThrow('chmod 600')
    expect(readFileSync(key, 'utf8')).toBe('secret')
  })

  it('says which port is taken, and gives everything back', async () => {
    const first = await startNode({ nodeConfig: readNodeConfig(writeConfig()) }, runtime)
    const port = Number(/:(\d+)$/.exec(first.transportAddresses[0] ?? '')?.[1])
    const config = readNodeConfig(writeConfig({ port }, 'second.config'))
    await expect(startNode({ nodeConfig: config }, runtime)).rejects.toThrow(
      `udp port ${port} is in use`,
    )
    await first.stop()
    const again = await startNode({ nodeConfig: config }, runtime)
    await again.stop()
  })
})

describe('startMultiNode', () => {
  it('runs a consistent ring on one port, with management, and leaves no timers behind', async () => {
    const port = 20_000 + (process.pid % 20_000)
    const manager = `<XmlRpcManager><Enabled>true</Enabled><Port>${port + 20_000}</Port></XmlRpcManager>`
    const config = readNodeConfig(writeConfig({ port, remote: port, more: manager }))
    const node = await startMultiNode(config, 4, runtime)
    try {
      await node.connected()
      const client = new XmlRpcClient({ port: port + 20_000 })
      const first = (await client.call('localproxy', ['sys:link.GetNeighbors'])) as { self: string }
      expect(first.self).toBe(node.members[0]?.address.toString())
      expect(first.self).not.toBe(node.address.toString())
      const look = async () => summarize(await crawl((...call) => client.call(...call)))
      let report = await look()
      // A node has its place when its neighbours name it; those behind them are dialled then.
      for (let tries = 0; tries < 100 && report.consistency < 1; tries++) {
        await setTimeout(100)
        report = await look()
      }
      expect(report).toMatchObject({ totalNodes: 4, consistency: 1 })
      await checkControlSocket(node.controlPath ?? '', node.address.toString())
    } finally {
      await node.stop()
    }
  }, 30_000)
})

async function checkControlSocket(path: string, address: string): Promise<void> {
  const control = new ControlClient(path)
  const status = (await control.request('status')) as {
    pid: number
    nodes: { address: string; state: string }[]
  }
  expect(status.pid).toBe(process.pid)
  expect(status.nodes).toHaveLength(4)
  expect(status.nodes.at(-1)).toMatchObject({ address, state: 'connected' })
  expect(await control.request('peers')).toHaveLength(3)
  const target = status.nodes[0]?.address ?? ''
  expect(await control.request('ping', { target })).toMatchObject({ address: target })
  expect(await control.request('dht/put', { key: 'k', value: 'v', ttlSeconds: 60 })).toBe(true)
  expect(await control.request('dht/get', { key: 'k' })).toMatchObject([{ value: 'v' }])
  expect(await control.request('crawl')).toMatchObject({ report: { totalNodes: 4 } })
  await expect(control.request('ping', { target: 'x' })).rejects.toThrow(
    'neither a node address nor',
  )
  await expect(control.request('nothing')).rejects.toThrow('no such request')
}

describe('lockState', () => {
  it('outlives no process, not even a killed one', async () => {
    const key = join(folder, 'node.key')
    const child = spawn(process.execPath, [
      '-e',
      `require('net').createServer().listen(${JSON.stringify(`${key}.lock`)},()=>console.log('up'))`,
    ])
    await new Promise((resolve) => child.stdout.once('data', resolve))
    await expect(lockState(key)).rejects.toThrow('another node is running with the key')
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('close', resolve))
    const lock = await lockState(key)
    await lock.release()
  })

  it('works in a folder whose path is longer than a socket address', async () => {
    const deep = join(folder, 'x'.repeat(100))
    mkdirSync(deep)
    const lock = await lockState(join(deep, 'node.key'))
    await expect(lockState(join(deep, 'node.key'))).rejects.toThrow(`(process ${process.pid})`)
    await lock.release()
    await (await lockState(join(deep, 'node.key'))).release()
  })
})
