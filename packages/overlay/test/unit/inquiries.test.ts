/** Inquiries: one question at a time for each doubtful or silent peer, and a dial for whoever was asked for in vain before. */
import { Address } from '@ipop/address'
import type { CborValue } from '@ipop/codec'
import { silentLog } from '@ipop/runtime'
import type { PeerHint } from '@ipop/transport'
import { describe, expect, it } from '@jest/globals'
import { ConnectionTable } from '../../src/connections/connection-table.ts'
import { OverlayError } from '../../src/errors.ts'
import type { LinkOptions } from '../../src/linking/linker.ts'
import type { CallOptions, RequestReply } from '../../src/messaging/request-reply.ts'
import { Inquiries } from '../../src/topology/inquiries.ts'
import { KnownPeers } from '../../src/topology/known-peers.ts'
import { INQUIRIES_MAX, INQUIRY_PAUSE_MS, LINK_BARRED_MS } from '../../src/topology/limits.ts'

describe('inquiries', () => {
  it('ask the ring for a doubtful peer, and not again within a pause', async () => {
    const { ask, asked } = inquiring()
    await ask(1, 0)
    await ask(1, INQUIRY_PAUSE_MS - 1)
    await ask(2, INQUIRY_PAUSE_MS - 1)
    await ask(1, INQUIRY_PAUSE_MS)
    expect(asked).toEqual([1, 2, 1])
  })

  it('doubt nobody who answers', async () => {
    const { ask, known, found, ring } = inquiring()
    ring.isFound = true
    await ask(1, 0)
    expect(found).toEqual([1])
    expect(known.isDoubtful(at(1))).toBe(false)
  })

  it('dial a peer that was asked for in vain, and forget it when it is not found again', async () => {
    const { ask, known, dialled } = inquiring()
    await ask(1, 0)
    expect(dialled).toEqual([])
    await ask(1, INQUIRY_PAUSE_MS)
    expect(dialled).toEqual([1])
    expect(known.get(at(1))).toBeUndefined()
  })

  it('dial it by way of whoever names it, too: no direct way may lead there', async () => {
    const { ask, ways } = inquiring()
    await ask(1, 0)
    await ask(1, INQUIRY_PAUSE_MS)
    expect(ways).toMatchObject([{ overRing: 'late', via: at(100) }])
  })

  it('take only the word of others that nobody is there while the node has no neighbours who know it', async () => {
    const { ask, verify, believed, ring } = inquiring()
    await ask(1, 0)
    ring.isMutual = false
    await ask(2, 0)
    await verify(3, 0)
    expect(believed).toEqual([true, 'of others', 'of others'])
  })

  it('end the dial of a silent peer that the ring does not find, and ask before the next one', async () => {
    const { verify, ask, asked, dialled, disproved, known, ring } = inquiring()
    ring.error = new OverlayError({ code: 'OVERLAY_UNREACHABLE', message: 'no such node' })
    known.confirm(hint(1), 0)
    await verify(1, 0)
    await verify(1, INQUIRY_PAUSE_MS - 1)
    expect([asked, disproved]).toEqual([[1], [1]])
    expect(known.isDoubtful(at(1))).toBe(true)
    await ask(1, INQUIRY_PAUSE_MS)
    expect(dialled).toEqual([1])
    expect(known.get(at(1))).toBeUndefined()
  })

  it('leave a dial alone when the ring keeps silent, too', async () => {
    const { verify, asked, disproved, known } = inquiring()
    known.confirm(hint(1), 0)
    await verify(1, 0)
    expect([asked, disproved]).toEqual([[1], []])
    expect(known.isDoubtful(at(1))).toBe(false)
  })

  it('ask for no more than their cap at a time', async () => {
    const { ask, asked } = inquiring()
    for (let low = 1; low <= INQUIRIES_MAX + 1; low++) await ask(low, 0)
    expect(asked).toHaveLength(INQUIRIES_MAX)
  })
})

/** A node that has lost many peers of whom somebody speaks again. */
function inquiring() {
  const table = new ConnectionTable(at(0))
  const known = new KnownPeers(at(0))
  for (let low = 1; low <= INQUIRIES_MAX + 1; low++) {
    known.bar(at(low), 0)
    known.learn(hint(low), LINK_BARRED_MS, at(100))
  }
  const asked: number[] = []
  const dialled: number[] = []
  const believed: CallOptions['acceptsRefusal'][] = []
  const ways: LinkOptions[] = []
  const found: number[] = []
  const ring = { isFound: false, isMutual: true, error: new Error('nobody is there') }
  const calls = {
    call(target: Address, _method: string, _args: CborValue, options: CallOptions) {
      asked.push(lowOf(target))
      believed.push(options.acceptsRefusal)
      return ring.isFound ? Promise.resolve([]) : Promise.reject(ring.error)
    },
  } as unknown as RequestReply
  const disproved: number[] = []
  const linker = {
    link({ address }: PeerHint, _role: number, options: LinkOptions = {}) {
      dialled.push(lowOf(address))
      ways.push(options)
    },
    disprove: (address: Address) => void disproved.push(lowOf(address)),
  }
  const clock = { now: () => LINK_BARRED_MS, wallTimeMs: () => 0 }
  table.get = () => ({}) as ReturnType<ConnectionTable['get']>
  const near = { isMutual: () => ring.isMutual }
  const inquiries = new Inquiries({ clock, log: silentLog, calls, known, table, linker, near })
  const ask = async (low: number, now: number) => {
    inquiries.ask(hint(low), now, () => found.push(low))
    for (let turn = 0; turn < 3; turn++) await Promise.resolve()
  }
  const verify = async (low: number, now: number) => {
    inquiries.verify(at(low), now)
    for (let turn = 0; turn < 3; turn++) await Promise.resolve()
  }
  return { ask, verify, asked, believed, ways, dialled, disproved, found, known, ring }
}

function at(low: number): Address {
  const bytes = new Uint8Array(20)
  bytes[19] = low
  return Address.fromBytes(bytes)
}

function lowOf({ bytes }: Address): number {
  return bytes[19] ?? 0
}

function hint(low: number): PeerHint {
  return { address: at(low), sessionKey: new Uint8Array(32), endpoints: [] }
}
