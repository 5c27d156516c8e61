/** Session keys that live in the plane, so that there is one counter and one replay window for both sides. */
import type { Log } from '@ipop/runtime'
import { CAPABILITY_PARTIAL_CHECKSUMS, REJECT_AFTER_MS } from '@ipop/security'
import type { TransportCipher, TransportCipherFactory, TransportKeyParts } from '@ipop/security'
import { messageOf } from '../errors.ts'
import { PlaneKey } from './plane-key.ts'
import type { PlanePeer, PlanePeers } from './plane-peers.ts'
import type { Plane } from './plane.ts'
import { addRefusals } from './refusals.ts'

/** What the keys work with. */
export interface PlaneCipherModules {
  readonly plane: Plane
  readonly peers: PlanePeers
  readonly log: Log
}

/** Puts the keys of finished handshakes into the plane. */
export class PlaneCiphers implements TransportCipherFactory {
  readonly #modules: PlaneCipherModules

  constructor(modules: PlaneCipherModules) {
    this.#modules = modules
  }

  create(parts: TransportKeyParts): TransportCipher | undefined {
    const { plane, peers, log } = this.#modules
    const { localIndex, remoteIndex, cipher, sendKey, receiveKey, peerAddress } = parts
    if (peerAddress === undefined) return undefined
    try {
      const peer = peers.ensure(peerAddress)
      plane.installSession({
        localIndex,
        remoteIndex,
        peer: peer.number,
        cipher,
        sendKey,
        receiveKey,
        lifetimeMs: REJECT_AFTER_MS,
      })
      const takesPartial = parts.peerCapabilities?.includes(CAPABILITY_PARTIAL_CHECKSUMS) === true
      peers.setTakesPartialChecksum(peer, takesPartial)
      const key = new PlaneKey(localIndex)
      peers.addKey(peer, key)
      return new PlaneCipher(this.#modules, peer, key)
    } catch (error) {
      // A full table, mostly. JavaScript does the work then; the session is as good as any other.
      log.write('warn', 'data plane refused a session', { error: messageOf(error) })
      const peer = peers.get(peerAddress)
      if (peer !== undefined) peers.release(peer)
      return undefined
    }
  }
}

class PlaneCipher implements TransportCipher {
  readonly #modules: PlaneCipherModules
  readonly #peer: PlanePeer
  readonly #key: PlaneKey

  constructor(modules: PlaneCipherModules, peer: PlanePeer, key: PlaneKey) {
    this.#modules = modules
    this.#peer = peer
    this.#key = key
  }

  get sentCount(): number {
    return this.#key.seen.sent + this.#key.carried.sent
  }

  get receivedCount(): number {
    return this.#modules.plane.sessionCounters(this.#key.index)?.received ?? 0
  }

  seal(plaintext: Uint8Array): Uint8Array | undefined {
    const datagram = this.#modules.plane.seal(this.#key.index, plaintext)
    if (datagram !== undefined) this.#key.sealed(datagram.length)
    return datagram
  }

  open(datagram: Uint8Array): Uint8Array | undefined {
    const opened = this.#modules.plane.open(datagram)
    if (opened === undefined) return undefined
    this.#key.opened(datagram.length)
    return opened.bytes
  }

  use(): void {
    this.#modules.plane.useSession(this.#key.index)
  }

  erase(): void {
    const { plane, peers } = this.#modules
    const refused = plane.sessionCounters(this.#key.index)
    this.#peer.refusedBefore = addRefusals(this.#peer.refusedBefore, refused)
    plane.removeSession(this.#key.index)
    peers.removeKey(this.#peer, this.#key)
  }
}
