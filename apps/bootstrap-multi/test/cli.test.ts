/** The executable from outside: exit codes, signals, the lock, and a second life after kill -9. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const PROGRAM = new URL('../src/bootstrap-multi.ts', import.meta.url).pathname
const TSX = createRequire(import.meta.url).resolve('tsx')
let folder = ''
const children: ChildProcess[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipop-multi-'))
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

describe('bootstrap-multi', () => {
  it('explains a wrong command line and ends with 2', async () => {
    expect(await start([]).end()).toMatchObject({ code: 2 })
    expect(await start(['-n', 'x', '-c', '0']).end()).toMatchObject({ code: 2 })
    const help = await start(['--help']).end()
    expect(help.code).toBe(0)
    expect(help.output).toContain('-n, --NodeConfig <file>')
    expect(help.output).toContain('-c, --Count <number>')
  })

  it('explains a wrong configuration and ends with 2', async () => {
    writeFileSync(join(folder, 'bad.config'), '<NodeConfig>\n  <EdgeListeners/>\n</NodeConfig>\n')
    const { code, output } = await start(['-n', 'bad.config']).end()
    expect(code).toBe(2)
    expect(output).toContain('bootstrap-multi: bad.config:1:1: <BrunetNamespace> missing')
    expect((await start(['-n', 'none.config']).end()).output).toContain('none.config: no such file')
  })

  it('runs until a signal, refuses a second start, and starts again after it was killed', async () => {
    writeConfig()
    const first = start(['-n', 'node.config', '-c', '2'])
    await first.saying('connected: 2 nodes are on the ring')
    const second = await start(['-n', 'node.config']).end()
    expect(second.code).toBe(2)
    expect(second.output).toContain(
      `another node (process ${first.child.pid}) is running with the key`,
    )
    first.child.kill('SIGKILL')
    await first.end()
    const third = start(['--NodeConfig=node.config', '--Count=1', '--json'])
    await third.saying('"fact":"connected"')
    third.child.kill('SIGTERM')
    const { code, output } = await third.end()
    expect(code).toBe(0)
    expect(output).toContain('{"fact":"stopped","value":"goodbye"}')
  }, 60_000)
})

function writeConfig(): void {
  writeFileSync(
    join(folder, 'node.config'),
    `<NodeConfig><BrunetNamespace>cli-test</BrunetNamespace>
     <EdgeListeners><EdgeListener type="udp"><port>0</port></EdgeListener></EdgeListeners>
     <LanDiscovery><Enabled>false</Enabled></LanDiscovery>
     <PortMapping><Enabled>false</Enabled></PortMapping>
     <ControlSocket><Enabled>false</Enabled></ControlSocket></NodeConfig>`,
  )
}

function start(args: string[]) {
  const child = spawn(
    process.execPath,
    ['--import', TSX, '--conditions=@ipop/source', PROGRAM, ...args],
    {
      cwd: folder,
      env: { ...process.env, NODE_OPTIONS: '' },
    },
  )
  children.push(child)
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const end = () =>
    new Promise<{ code: number | null; output: string }>((resolve) => {
      if (child.exitCode !== null) resolve({ code: child.exitCode, output })
      child.once('close', (code) => resolve({ code, output }))
    })
  const saying = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const check = () => output.includes(text) && resolve()
      child.stdout.on('data', check)
      child.once('close', () => reject(new Error(`ended without saying '${text}': ${output}`)))
      check()
    })
  return { child, end, saying }
}
