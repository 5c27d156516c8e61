/** The tools from outside, against a manager with prepared answers. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { spawn } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'

const TSX = createRequire(import.meta.url).resolve('tsx')
const NEIGHBORS = struct({ self: text('n0') })
let server: Server
let port = 0
let lastBody = ''

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      lastBody = body
      response.end(
        `<methodResponse><params><param>${answerTo(body)}</param></params></methodResponse>`,
      )
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  port = (server.address() as AddressInfo).port
})
afterAll(() => {
  server.close()
})

function answerTo(body: string): string {
  if (body.includes('DhtClient.Get')) {
    const entry = struct({
      age: '<value><int>1</int></value>',
      ttl: '<value><int>60</int></value>',
      value: base64('brunet:node:X'),
    })
    return `<value><array><data>${entry}${entry}</data></array></value>`
  }
  if (body.includes('DhtClient.Put')) return '<value><boolean>1</boolean></value>'
  if (body.includes('localproxy')) return NEIGHBORS
  return `<value><array><data>${struct({ type: text('BasicNode'), neighbors: NEIGHBORS })}</data></array></value>`
}

describe('bget', () => {
  it('prints each value on a line of its own', async () => {
    expect(await run('bget', ['dhcp:demo:10.0.0.1'])).toEqual({
      code: 0,
      stdout: 'brunet:node:X\nbrunet:node:X\n',
      stderr: '',
    })
    expect(lastBody).toContain(
      `<base64>${Buffer.from('dhcp:demo:10.0.0.1').toString('base64')}</base64>`,
    )
  })

  it('says that nobody answers', async () => {
    const { code, stderr } = await run('bget', ['k', '--port=1'])
    expect(code).toBe(1)
    expect(stderr).toContain(
      'bget: the XML-RPC manager on 127.0.0.1:1 does not answer; is a node running',
    )
  })
})

describe('bput', () => {
  it('prints the boolean as Python does', async () => {
    expect(await run('bput', ['--ttl=60', 'k', 'v'])).toMatchObject({ code: 0, stdout: 'True\n' })
    expect(lastBody).toContain('<int>60</int>')
  })

  it('wants exactly one value', async () => {
    expect(await run('bput', ['k'])).toMatchObject({ code: 2, stdout: '' })
  })
})

describe('crawl', () => {
  it('prints twelve lines', async () => {
    const { code, stdout } = await run('crawl', [])
    expect(code).toBe(0)
    expect(stdout.replace(/took: [\d.]+\n/, 'took: T\n')).toBe(
      'Total Nodes: 1\nConsistent Nodes: 0\nConsistency: 0.0\nConnections: 0\nSecurityAssociations: 0\nWrappedEdges: 0\n' +
        'Edges: 0\nRelayEdges: 0\nSubringEdges: 0\nTcpEdges: 0\nUdpEdges: 0\nCrawl took: T\n',
    )
  })

  it('prints its usage for an unknown option', async () => {
    const { code, stderr } = await run('crawl', ['--depth=3'])
    expect(code).toBe(2)
    expect(stderr).toContain("unknown option '--depth=3'")
  })
})

describe('ipop', () => {
  it('says that a socket does not answer', async () => {
    const { code, stderr } = await run('ipop', ['--socket', '/nowhere.sock', 'status'])
    expect(code).toBe(1)
    expect(stderr).toBe('ipop: the control socket /nowhere.sock does not answer (ENOENT)\n')
  })
})

function run(
  name: string,
  args: readonly string[],
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const program = new URL(`../src/${name}.ts`, import.meta.url).pathname
  const manager =
    name === 'ipop' || args.some((arg) => arg.startsWith('--port')) ? [] : [`--port=${port}`]
  const child = spawn(
    process.execPath,
    ['--import', TSX, '--conditions=@ipop/source', program, ...args, ...manager],
    {
      env: { ...process.env, NODE_OPTIONS: '' },
    },
  )
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })))
}

function text(value: string): string {
  return `<value><string>${value}</string></value>`
}

function base64(value: string): string {
  return `<value><base64>${Buffer.from(value).toString('base64')}</base64></value>`
}

function struct(members: Record<string, string>): string {
  const list = Object.entries(members).map(
    ([name, value]) => `<member><name>${name}</name>${value}</member>`,
  )
  return `<value><struct>${list.join('')}</struct></value>`
}
