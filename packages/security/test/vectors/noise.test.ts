/** The Noise handshake against the cacophony vectors of the patterns it implements. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { fromHex, toHex } from '@ipop/codec'
import { HandshakeState } from '../../src/noise/handshake-state.ts'
import type { HandshakeResult, NoisePattern } from '../../src/noise/handshake-state.ts'
import { seal } from '../../src/primitives/aead.ts'
import { X25519PrivateKey, X25519PublicKey } from '../../src/primitives/x25519.ts'

interface Vector {
  readonly protocol_name: string
  readonly init_prologue: string
  readonly init_psks?: readonly string[]
  readonly init_static: string
  readonly init_ephemeral: string
  readonly init_remote_static: string
  readonly resp_prologue: string
  readonly resp_static: string
  readonly resp_ephemeral: string
  readonly handshake_hash: string
  readonly messages: readonly { readonly payload: string; readonly ciphertext: string }[]
}

const FILE = join(import.meta.dirname, 'noise', 'cacophony-25519-chachapoly-blake2s.json')
const vectors = (JSON.parse(readFileSync(FILE, 'utf8')) as { vectors: Vector[] }).vectors
const privateKey = (text: string): X25519PrivateKey => X25519PrivateKey.fromBytes(fromHex(text))

describe.each(['IK', 'IKpsk2'] as const)('Noise %s', (pattern) => {
  const chosen = vectors.filter(
    (vector) => vector.protocol_name === `Noise_${pattern}_25519_ChaChaPoly_BLAKE2s`,
  )

  it('has vectors', () => expect(chosen.length).toBeGreaterThan(0))

  it.each(chosen)('matches $protocol_name, both roles', (vector) => {
    const { initiator, responder } = start(pattern, vector)
    const [first, second, ...transport] = vector.messages
    const opening = initiator.writeMessage(
      fromHex(first?.payload ?? ''),
      privateKey(vector.init_ephemeral),
    )
    expect(toHex(opening ?? new Uint8Array())).toBe(first?.ciphertext)
    expect(toHex(responder.readMessage(opening ?? new Uint8Array()) ?? new Uint8Array())).toBe(
      first?.payload,
    )
    const answer = responder.writeMessage(
      fromHex(second?.payload ?? ''),
      privateKey(vector.resp_ephemeral),
    )
    expect(toHex(answer ?? new Uint8Array())).toBe(second?.ciphertext)
    const spoiled = Uint8Array.from(answer ?? [])
    spoiled[40] = (spoiled[40] ?? 0) ^ 1
    expect(initiator.readMessage(spoiled)).toBeUndefined()
    expect(toHex(initiator.readMessage(answer ?? new Uint8Array()) ?? new Uint8Array())).toBe(
      second?.payload,
    )
    const results = [initiator.finish(), responder.finish()] as const
    expect(results.map((result) => toHex(result.handshakeHash))).toEqual([
      vector.handshake_hash,
      vector.handshake_hash,
    ])
    expect(transport.map((message, i) => sealed(results, i, message.payload))).toEqual(
      transport.map((message) => message.ciphertext),
    )
  })
})

function start(
  pattern: NoisePattern,
  vector: Vector,
): { initiator: HandshakeState; responder: HandshakeState } {
  const initiator = new HandshakeState({
    pattern,
    isInitiator: true,
    prologue: fromHex(vector.init_prologue),
    localStatic: privateKey(vector.init_static),
    remoteStatic: X25519PublicKey.fromBytes(fromHex(vector.init_remote_static)),
  })
  const responder = new HandshakeState({
    pattern,
    isInitiator: false,
    prologue: fromHex(vector.resp_prologue),
    localStatic: privateKey(vector.resp_static),
  })
  const psk = vector.init_psks?.[0]
  if (psk !== undefined) initiator.psk = responder.psk = fromHex(psk)
  return { initiator, responder }
}

/** Returns transport message number `i`: initiator and responder take turns, each with its own counter. */
function sealed(
  results: readonly [HandshakeResult, HandshakeResult],
  i: number,
  payload: string,
): string {
  const sender = i % 2 === 0 ? results[0] : results[1]
  const nonce = new Uint8Array(12)
  nonce[4] = Math.floor(i / 2)
  return toHex(seal('chacha20-poly1305', sender.sendKey, nonce, new Uint8Array(), fromHex(payload)))
}
