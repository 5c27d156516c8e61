/** The package's own wire formats against their vectors, which other implementations share. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { fromHex, Malformed, toHex } from '@ipop/codec'
import { silentLog } from '@ipop/runtime'
import type { AeadName } from '../../src/primitives/aead.ts'
import {
  decodeNodeRecord,
  encodeNodeRecord,
  Identity,
  IPOP_PROFILE,
  SessionEndpoint,
  TransportKey,
  verifyNodeRecord,
  WIREGUARD_PROFILE,
} from '../../src/index.ts'
import type { SessionPath } from '../../src/index.ts'
import { ScriptCipher } from '../../src/data/script-cipher.ts'
import { dataCounter, dataReceiver, isTransportData } from '../../src/wire/transport-data.ts'
import { seededRandom } from '../kit.ts'

interface DataVector {
  readonly cipher: AeadName
  readonly key: string
  readonly receiverIndex: number
  readonly counter: string
  readonly plaintext: string
  readonly datagram: string
}
interface SecretVector {
  readonly identitySeed: string
  readonly sessionPrivateKey: string
  readonly nonce: string
}
interface RecordVector extends SecretVector {
  readonly certificate: string
  readonly expiresAtMs: number
  readonly address: string
  readonly record: string
}
interface EndVector extends SecretVector {
  readonly ephemeral: string
  readonly index: number
}
interface HandshakeVector {
  readonly profile: string
  readonly namespace: string
  readonly psk: string
  readonly wallTimeMs: number
  readonly initiator: EndVector
  readonly responder: EndVector
  readonly initiation: string
  readonly response: string
  readonly cipher: string
  readonly initiatorSendKey: string
  readonly initiatorReceiveKey: string
}

describe('transport data', () => {
  it.each(load<DataVector>('transport-data'))('$cipher, counter $counter', (vector) => {
    const parts = {
      cipher: vector.cipher,
      sendKey: fromHex(vector.key),
      receiveKey: fromHex(vector.key),
      localIndex: vector.receiverIndex,
      remoteIndex: vector.receiverIndex,
      isInitiator: true,
      createdAt: 0,
      paddingMultiple: 1,
    }
    const cipher = new ScriptCipher(parts)
    const key = new TransportKey(parts, cipher)
    cipher.sentCount = Number(vector.counter)
    const datagram = fromHex(vector.datagram)
    expect(toHex(key.seal(fromHex(vector.plaintext), 0) ?? new Uint8Array())).toBe(vector.datagram)
    expect([
      isTransportData(datagram),
      dataReceiver(datagram),
      String(dataCounter(datagram)),
    ]).toEqual([true, vector.receiverIndex, vector.counter])
    expect(toHex(key.open(datagram, 0) ?? fromHex('ff'))).toBe(vector.plaintext)
  })
})

describe('node record', () => {
  it.each(load<RecordVector>('node-record'))('of $address', (vector) => {
    const identity = identityOf(vector)
    if (vector.certificate !== '') identity.certificate = fromHex(vector.certificate)
    expect(identity.address.toString()).toBe(vector.address)
    const record = identity.record(vector.expiresAtMs)
    expect(toHex(encodeNodeRecord(record))).toBe(vector.record)
    const decoded = decodeNodeRecord(Buffer.from(vector.record, 'hex'))
    if (decoded instanceof Malformed) throw new Error(decoded.reason)
    expect(decoded).toEqual(record)
    expect(verifyNodeRecord(decoded, vector.expiresAtMs - 1)).toBe(true)
  })
})

describe('handshake', () => {
  it.each(load<HandshakeVector>('handshake'))('of profile $profile', (vector) => {
    const path = { id: 'path', sourceBytes: new Uint8Array(0) }
    const [initiator, responder] = [vector.initiator, vector.responder].map((end) =>
      endpointOf(vector, end),
    ) as [SessionEndpoint<SessionPath>, SessionEndpoint<SessionPath>]
    const session = initiator.connect({ sessionKey: responder.record.sessionKey }, 0)
    expect(toHex(initiator.pollTransmit()?.bytes ?? new Uint8Array())).toBe(vector.initiation)
    responder.handleDatagram(fromHex(vector.initiation), path, 0)
    expect(toHex(responder.pollTransmit()?.bytes ?? new Uint8Array())).toBe(vector.response)
    initiator.handleDatagram(fromHex(vector.response), path, 0)
    const key = session.currentKey?.parts
    expect(key && [key.cipher, toHex(key.sendKey), toHex(key.receiveKey)]).toEqual([
      vector.cipher,
      vector.initiatorSendKey,
      vector.initiatorReceiveKey,
    ])
  })
})

function endpointOf(vector: HandshakeVector, end: EndVector): SessionEndpoint<SessionPath> {
  const random = { ...seededRandom(0), bytes: () => fromHex(end.ephemeral) }
  return new SessionEndpoint<SessionPath>(
    {
      random,
      log: silentLog,
      wallTimeMs: () => vector.wallTimeMs,
      indexes: { allocate: () => end.index, release: () => undefined },
    },
    {
      identity: identityOf(end),
      namespace: vector.namespace,
      psk: fromHex(vector.psk),
      profile: vector.profile === 'ipop' ? IPOP_PROFILE : WIREGUARD_PROFILE,
    },
  )
}

function identityOf(vector: SecretVector): Identity {
  return Identity.fromSecret({
    identitySeed: fromHex(vector.identitySeed),
    sessionPrivateKey: fromHex(vector.sessionPrivateKey),
    nonce: fromHex(vector.nonce),
  })
}

function load<T>(name: string): readonly T[] {
  const text = readFileSync(join(import.meta.dirname, `${name}.json`), 'utf8')
  return (JSON.parse(text) as { vectors: T[] }).vectors
}
