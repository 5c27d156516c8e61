/** The XML-RPC manager over HTTP: paths, faults, refused requests, and a client of the original. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { spawnSync, spawn } from 'node:child_process'
import { silentLog } from '@ipop/runtime'
import { httpRequest } from '@ipop/runtime/node'
import { createNodeMethods } from '../../src/management/node-methods.ts'
import { XmlRpcClient } from '../../src/management/xml-rpc-client.ts'
import { XmlRpcManager } from '../../src/management/xml-rpc-server.ts'
import { FakeDht, fakeNode, FakeRing } from '../helpers/fake-ring.ts'
import { FakeRuntime } from '../helpers/fake-runtime.ts'

const manager = new XmlRpcManager({ log: silentLog })
const ring = new FakeRing()
const nodes = [0x20, 0x60, 0xa0].map((byte) => ring.add(byte))
let port = 0

beforeAll(async () => {
  const dht = new FakeDht()
  for (const node of nodes) manager.add(createNodeMethods(fakeNode(node, dht), new FakeRuntime()))
  port = await manager.listen(0)
})
afterAll(() => manager.close())

const text = (index: number) => nodes[index]?.address.toString() ?? ''
const post = (
  path: string,
  headers: Record<string, string> = {},
  body = '<methodCall/>',
  method = 'POST',
) =>
  httpRequest(
    { host: '127.0.0.1', port },
    { method, path, headers, body: new TextEncoder().encode(body) },
  )
const bodyOf = async (reply: ReturnType<typeof post>) =>
  new TextDecoder().decode((await reply).body)

describe('the manager', () => {
  it('serves the first node as xm.rem and every node by its path', async () => {
    const self = async (path: string) =>
      new XmlRpcClient({ port, path }).call('localproxy', ['sys:link.GetNeighbors'])
    expect(await self('xm.rem')).toMatchObject({ self: text(0) })
    expect(await self(`testing:${text(2)}`)).toMatchObject({ self: text(2) })
    const list = await new XmlRpcClient({ port, path: 'xmserver.rem' }).call('listNodes', [])
    expect(list).toEqual(nodes.map((node) => `testing:${node.address.toString()}`))
  })

  it('finds a node by the beginning of its namespace', async () => {
    const client = await XmlRpcClient.forNamespace(port, 'test')
    expect(await client.call('localproxy', ['sys:link.Ping', 1])).toBe(1)
    await expect(XmlRpcClient.forNamespace(port, 'other')).rejects.toThrow(
      "no node of the namespace 'other'",
    )
  })

  it('answers mistakes with faults and status 200', async () => {
    const client = new XmlRpcClient({ port })
    await expect(client.call('system.listMethods', [])).rejects.toThrow(
      'unsupported method called: system.listMethods',
    )
    await expect(client.call('localproxy', ['No.Such'])).rejects.toThrow(
      /^Server returned a fault exception: \[1\] RPC_NO_SUCH_METHOD: No such method: No\.Such\nError Code: 1 thrown by: sender:localnode$/,
    )
    const get = await post('/xm.rem', {}, '', 'GET')
    expect(get.status).toBe(200)
    expect(get.headers['content-type']).toBe('text/xml; charset="utf-8"')
    expect(new TextDecoder().decode(get.body)).toContain('does not contain valid XML')
  })

  it.each([
    [{ origin: 'http://evil.example' }],
    [{ origin: 'null' }],
    [{ referer: 'http://127.0.0.1/' }],
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ host: 'rebound.example:10000' }],
    [{ host: '127.0.0.1.evil.example' }],
  ])('refuses requests that a browser was made to send: %j', async (headers) => {
    for (const path of ['/xm.rem', '/xmserver.rem', '/nowhere'])
      expect((await post(path, headers)).status).toBe(403)
  })

  it('accepts the names of this machine', async () => {
    for (const host of [`127.0.0.1:${port}`, 'localhost', '[::1]:1']) {
      expect((await post('/xm.rem', { host })).status).toBe(200)
    }
  })

  it('has nothing else', async () => {
    expect((await post('/')).status).toBe(404)
    expect((await post('/testing:brunet:node:AAAA')).status).toBe(404)
    expect((await post('/xm.rem', {}, 'x'.repeat(300_000))).status).toBe(413)
    expect(await bodyOf(post('/xm.rem', {}, '<!DOCTYPE a><methodCall/>'))).toContain(
      'declarations are refused',
    )
  })
})

const hasPython =
  spawnSync('python3', ['-c', 'import xmlrpc.client'], { stdio: 'ignore' }).status === 0
const itWithPython = hasPython ? it : it.skip

const SCRIPT = `
import sys, xmlrpc.client as x
base = "http://127.0.0.1:" + sys.argv[1] + "/"
rpc = x.Server(base + "xm.rem")
me = rpc.localproxy("sys:link.GetNeighbors")["self"]
info = rpc.proxy(me, 3, 1, "Information.Info")[0]
assert info["type"] == "BasicNode" and info["cons"] == 2, info
assert info["neighbors"]["self"] == me
assert rpc.localproxy("DhtClient.Put", x.Binary(b"key"), x.Binary(b"\\x00\\xff value"), 3600) is True
got = rpc.localproxy("DhtClient.Get", x.Binary(b"key"))
assert got[0]["value"].data == b"\\x00\\xff value" and got[0]["ttl"] == 600, got
assert rpc.localproxy("DhtClient.Get", "nothing") == []
token = rpc.localproxy("DhtClient.BeginGet", x.Binary(b"key"))
assert rpc.localproxy("DhtClient.ContinueGet", token)["age"] == 3
assert rpc.localproxy("DhtClient.ContinueGet", token) == {}
assert rpc.localproxy("sys:link.Ping", {"a": [1, 2.5, "\\u00fc<&>", True, x.Binary(b"")]}) == {"a": [1, 2.5, "\\u00fc<&>", True, ""]}
try:
  rpc.localproxy("No.Such")
  raise SystemExit("no fault")
except x.Fault as fault:
  assert fault.faultCode == 1 and "No such method" in fault.faultString, fault
try:
  rpc.system.listMethods()
  raise SystemExit("no fault")
except x.Fault as fault:
  assert fault.faultCode == 0, fault
nodes = x.Server(base + "xmserver.rem").listNodes()
assert len(nodes) == 3 and nodes[0].startswith("testing"), nodes
other = x.Server(base + nodes[1])
print(other.localproxy("sys:link.GetNeighbors")["self"])
`

describe("the original's clients", () => {
  itWithPython('work unchanged', async () => {
    const { code, output } = await python(SCRIPT, String(port))
    // oxlint-disable-next-line jest/no-standalone-expect
    expect({ code, output }).toEqual({ code: 0, output: text(1) })
  })
})

/** Runs a script without blocking this process, which is the server. */
function python(
  script: string,
  ...args: string[]
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn('python3', ['-c', script, ...args])
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.once('close', (code) => resolve({ code, output: output.trim() }))
  })
}
