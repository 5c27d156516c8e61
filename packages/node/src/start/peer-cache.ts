/** Remembers peers on disk, so that a node finds its ring again when no bootstrap is left. */
import { readFileSync, statSync } from 'node:fs'
import { Address } from '@ipop/address'
import { Malformed } from '@ipop/codec'
import { replaceFile } from '@ipop/config'
import type { RememberedPeer } from '@ipop/overlay'
import type { Runtime, TimerHandle } from '@ipop/runtime'
import { HINT_ENDPOINTS_MAX, TransportAddress } from '@ipop/transport'
import { codeOf, messageOf } from '../errors.ts'
import type { UndoStack } from './undo-stack.ts'
import { PEER_CACHE_BYTES_MAX, PEER_CACHE_FIRST_MS, PEER_CACHE_PERIOD_MS } from '../limits.ts'

/** What a file of this kind says in its first field. */
const FORMAT = 'ipop-peers-1'
const SESSION_KEY_BYTES = 32

/** The cache of one node in one file. */
export class PeerCache {
  readonly #runtime: Pick<Runtime, 'clock' | 'timers' | 'log'>
  readonly #file: string
  readonly #namespace: string
  #timer: TimerHandle | undefined

  constructor(
    runtime: Pick<Runtime, 'clock' | 'timers' | 'log'>,
    { file, namespace }: { readonly file: string; readonly namespace: string },
  ) {
    this.#runtime = runtime
    this.#file = file
    this.#namespace = namespace
  }

  /** Returns the peers in the file: none where there is no file, and none but a warning where it is not one of ours. */
  load(): RememberedPeer[] {
    try {
      if (statSync(this.#file).size > PEER_CACHE_BYTES_MAX) return this.#ignore('too large')
      const peers = decodePeers(readFileSync(this.#file, 'utf8'), this.#namespace)
      return peers instanceof Malformed ? this.#ignore(peers.reason) : peers
    } catch (error) {
      return codeOf(error) === 'ENOENT' ? [] : this.#ignore(messageOf(error))
    }
  }

  /** Saves the peers of `node` soon, now and then, and when what was opened is closed. */
  keep(node: { rememberedPeers(): RememberedPeer[] } | undefined, undo: UndoStack): void {
    if (node === undefined) return
    this.#follow(() => node.rememberedPeers())
    undo.push('peer cache', () => {
      this.#timer?.cancel()
      return Promise.resolve(this.save(node.rememberedPeers()))
    })
  }

  #follow(peers: () => readonly RememberedPeer[]): void {
    const arm = (delayMs: number) => {
      const { clock, timers } = this.#runtime
      this.#timer = timers.at(clock.now() + delayMs, 'peer cache', () => {
        this.save(peers())
        arm(PEER_CACHE_PERIOD_MS)
      })
    }
    arm(PEER_CACHE_FIRST_MS)
  }

  /** Replaces the file; without any peer the old ones are worth more. */
  save(peers: readonly RememberedPeer[]): void {
    if (peers.length === 0) return
    const text = encodePeers(peers, this.#namespace)
    try {
      replaceFile(this.#file, new TextEncoder().encode(text), { mode: 0o600 })
    } catch (error) {
      const fields = { file: this.#file, problem: messageOf(error) }
      this.#runtime.log.write('warn', 'peer cache not written', fields)
    }
  }

  #ignore(problem: string): [] {
    const fields = { file: this.#file, problem, advice: 'the node starts without; it is replaced' }
    this.#runtime.log.write('warn', 'peer cache ignored', fields)
    return []
  }
}

/** Returns the text of a cache file. */
export function encodePeers(peers: readonly RememberedPeer[], namespace: string): string {
  const rows = peers.map(({ hint, seenAtMs }) => ({
    address: hint.address.toString(),
    sessionKey: Buffer.from(hint.sessionKey).toString('base64'),
    endpoints: hint.endpoints.map(String),
    seenAt: new Date(seenAtMs).toISOString(),
  }))
  return `${JSON.stringify({ format: FORMAT, namespace, peers: rows }, undefined, 1)}\n`
}

/** Returns the peers of a cache file, or why it is not one of this namespace. A single row that makes no sense is skipped. */
export function decodePeers(text: string, namespace: string): RememberedPeer[] | Malformed {
  const content = parseObject(text)
  if (content?.['format'] !== FORMAT) return new Malformed('not a peer cache')
  if (content['namespace'] !== namespace)
    return new Malformed(`it is of the namespace ${String(content['namespace'])}`)
  const rows: unknown = content['peers']
  if (!Array.isArray(rows)) return new Malformed('no list of peers')
  return rows.flatMap((row: unknown) => decodeRow(row) ?? [])
}

function decodeRow(row: unknown): RememberedPeer | undefined {
  if (typeof row !== 'object' || row === null) return undefined
  const fields = row as Readonly<Record<string, unknown>>
  const address = Address.parse(String(fields['address']))
  const sessionKey = new Uint8Array(Buffer.from(String(fields['sessionKey']), 'base64'))
  const seenAtMs = Date.parse(String(fields['seenAt']))
  const texts: unknown = fields['endpoints']
  if (address instanceof Malformed || sessionKey.length !== SESSION_KEY_BYTES) return undefined
  if (Number.isNaN(seenAtMs) || !Array.isArray(texts)) return undefined
  const endpoints = texts.slice(0, HINT_ENDPOINTS_MAX).flatMap((each: unknown) => {
    const ta = TransportAddress.parse(String(each))
    return ta instanceof Malformed || !ta.isLiteral ? [] : [ta]
  })
  return { hint: { address, sessionKey, endpoints }, seenAtMs }
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null
    return isObject ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
