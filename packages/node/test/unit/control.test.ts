/** The control socket: where it is, who finds it, and what it refuses. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { mkdtempSync, renameSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { httpRequest } from '@ipop/runtime/node'
import { ControlClient } from '../../src/management/control/control-client.ts'
import { openControlServer } from '../../src/management/control/control-server.ts'
import { defaultControlPath } from '../../src/management/control/paths.ts'

let folder = ''
const routes = {
  status: () => Promise.resolve({ pid: 1 }),
  echo: (body: unknown) => Promise.resolve(body),
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipop-control-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

describe('defaultControlPath', () => {
  const facts = { configFile: '/home/alice/node.config', name: 'tapipop' }
  it.each([
    [{ ...facts, isRoot: true, runtimeFolder: '/run/user/0' }, '/run/ipop/tapipop.sock'],
    [
      { ...facts, isRoot: false, runtimeFolder: '/run/user/1000' },
      '/run/user/1000/ipop/tapipop.sock',
    ],
    [{ ...facts, isRoot: false, runtimeFolder: '' }, '/home/alice/tapipop.sock'],
  ])('depends on who runs the node: %j', (given, path) => {
    expect(defaultControlPath(given)).toBe(path)
  })
})

describe('openControlServer', () => {
  it('lets owner and group in, and nobody else', async () => {
    const server = await openControlServer(routes, {
      path: join(folder, 'a.sock'),
      isDefault: true,
    })
    expect(statSync(server.path).mode & 0o777).toBe(0o660)
    await server.close()
  })

  it('takes another name beside a default path that is taken, but not beside a chosen one', async () => {
    const path = join(folder, 'ipop', 'a.sock')
    const first = await openControlServer(routes, { path, isDefault: true })
    const second = await openControlServer(routes, { path, isDefault: true })
    expect([first.path, second.path]).toEqual([path, join(folder, 'ipop', 'a-2.sock')])
    await expect(openControlServer(routes, { path, isDefault: false })).rejects.toThrow(
      'in use by another process',
    )
    const more = [first, second]
    for (let count = 2; count < 9; count += 1)
      more.push(await openControlServer(routes, { path, isDefault: true }))
    await expect(openControlServer(routes, { path, isDefault: true })).rejects.toThrow(
      'in use by another process',
    )
    for (const server of more) await server.close()
  })

  it('answers with JSON, also when something is wrong', async () => {
    const server = await openControlServer(routes, {
      path: join(folder, 'a.sock'),
      isDefault: false,
    })
    const ask = async (request: string, body: string, headers = {}) => {
      const question = { path: request, body: new TextEncoder().encode(body), headers }
      const reply = await httpRequest({ path: server.path }, question)
      return {
        status: reply.status,
        reply: JSON.parse(new TextDecoder().decode(reply.body)) as unknown,
      }
    }
    expect(await ask('/echo', '{"a":[1]}')).toEqual({ status: 200, reply: { a: [1] } })
    expect(await ask('/echo', '[1]')).toEqual({
      status: 400,
      reply: { error: 'not a JSON object' },
    })
    expect(await ask('/echo', '{')).toEqual({ status: 400, reply: { error: 'not JSON' } })
    expect(await ask('/toString', '{}')).toMatchObject({ status: 404 })
    expect(await ask('/echo', '{}', { origin: 'http://evil.example' })).toMatchObject({
      status: 403,
    })
    await server.close()
  })
})

describe('ControlClient.find', () => {
  it('finds the only node that answers', async () => {
    await leaveDeadSocket(join(folder, 'dead.sock'))
    const places = { workFolder: folder, runtimeFolder: folder }
    const server = await openControlServer(routes, {
      path: join(folder, 'ipop', 'live.sock'),
      isDefault: true,
    })
    const found = await findHere(places)
    expect(found).toContain('live.sock')
    expect(found).not.toContain('dead.sock')
    await server.close()
  })
})

/** Other nodes may run on this machine, so the answer is either the client's path or the list of all. */
async function findHere(places: { workFolder: string; runtimeFolder: string }): Promise<string> {
  return ControlClient.find(undefined, places).then(
    ({ path }) => path,
    (error: unknown) => String(error),
  )
}

/** Makes a socket file behind which nobody listens, as a killed process leaves it. */
async function leaveDeadSocket(path: string): Promise<void> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(`${path}.tmp`, resolve))
  renameSync(`${path}.tmp`, path)
  await new Promise((resolve) => server.close(resolve))
}
