/** The file of remembered peers: what comes back, and what is ignored with a warning. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Malformed } from '@ipop/codec'
import type { RememberedPeer } from '@ipop/overlay'
import type { Log } from '@ipop/runtime'
import { createNodeRuntime } from '@ipop/runtime/node'
import { Identity } from '@ipop/security'
import { TransportAddress } from '@ipop/transport'
import { PEER_CACHE_BYTES_MAX } from '../../src/limits.ts'
import { decodePeers, encodePeers, PeerCache } from '../../src/start/peer-cache.ts'

const { random, clock, timers } = createNodeRuntime()
const SEEN_AT_MS = Date.UTC(2026, 1, 3)
let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipop-peers-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

describe('a peer cache', () => {
  it('gives back what was saved, readable for its owner only', () => {
    const { cache, file } = openCache()
    const peers = [peer(), peer()]
    cache.save(peers)
    expect(cache.load()).toEqual(peers)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('is empty without a warning where there is no file', () => {
    const { cache, warnings } = openCache()
    expect(cache.load()).toEqual([])
    expect(warnings).toEqual([])
  })

  it('keeps the old peers when there are no new ones', () => {
    const { cache, file } = openCache()
    cache.save([peer()])
    const before = readFileSync(file, 'utf8')
    cache.save([])
    expect(readFileSync(file, 'utf8')).toBe(before)
  })

  it.each([
    ['garbage', '\u0000\u0001 garbage', 'not a peer cache'],
    ['JSON of something else', '{"name":"package"}', 'not a peer cache'],
    ['null', 'null', 'not a peer cache'],
    ['another namespace', encodePeers([], 'elsewhere'), 'it is of the namespace elsewhere'],
    ['no list', '{"format":"ipop-peers-1","namespace":"here","peers":3}', 'no list of peers'],
    ['too much', ' '.repeat(PEER_CACHE_BYTES_MAX + 1), 'too large'],
  ])('ignores %s with a warning', (_what, text, problem) => {
    const { cache, file, warnings } = openCache()
    writeFileSync(file, text)
    expect(cache.load()).toEqual([])
    expect(warnings).toEqual([expect.objectContaining({ file, problem })])
  })

  it('warns when it cannot be written, and goes on', () => {
    const { cache, warnings } = openCache(join(folder, 'missing', 'node.peers'))
    cache.save([peer()])
    expect(warnings).toHaveLength(1)
  })

  it('skips a row that makes no sense, and names in place of addresses', () => {
    const good = peer()
    const content = JSON.parse(encodePeers([good, peer()], 'here')) as { peers: object[] }
    content.peers[1] = { ...content.peers[1], sessionKey: 'short' }
    const named = { ...content.peers[0], endpoints: ['brunet.udp://name.example:4', 'nonsense'] }
    content.peers.push(named, { address: 7 })
    const peers = decodePeers(JSON.stringify(content), 'here')
    if (peers instanceof Malformed) throw new Error(peers.reason)
    expect(peers).toEqual([good, { ...good, hint: { ...good.hint, endpoints: [] } }])
  })
})

function openCache(file = join(folder, 'node.peers')) {
  const warnings: unknown[] = []
  const log: Log = {
    write: (level, _event, fields) => level === 'warn' && warnings.push(fields),
    isEnabled: () => true,
    child: () => log,
  }
  const cache = new PeerCache({ clock, timers, log }, { file, namespace: 'here' })
  return { cache, file, warnings }
}

function peer(): RememberedPeer {
  const { address } = Identity.create(random)
  const endpoints = [TransportAddress.udp({ host: '192.0.2.7', port: 4_000 })]
  return { hint: { address, sessionKey: random.bytes(32), endpoints }, seenAtMs: SEEN_AT_MS }
}
