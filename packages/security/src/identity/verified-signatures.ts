/** Remembers which signatures were verified, because many nodes of one process meet the same peers. */
import { latin1Of } from '@ipop/codec'
import { VERIFIED_RECORDS_MAX } from '../limits.ts'
import { verifySignature } from '../primitives/ed25519.ts'

/** A cache of a pure function: what it holds changes how fast an answer comes, never which. */
export class VerifiedSignatures {
  readonly #max: number
  readonly #names = new Set<string>()

  constructor(max: number) {
    this.#max = max
  }

  /** How many signatures are remembered. */
  get size(): number {
    return this.#names.size
  }

  /** Returns whether `signature` is `publicKey`'s signature of `message`. Only true answers are remembered. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    // The lengths come first, so that no other division of the same bytes has the same name.
    const lengths = `${publicKey.length} ${signature.length} `
    const name = [publicKey, signature, message]
      .map(latin1Of)
      .reduce((all, text) => all + text, lengths)
    if (this.#names.has(name)) return true
    if (!verifySignature(publicKey, message, signature)) return false
    if (this.#names.size >= this.#max) this.#forgetOldest()
    this.#names.add(name)
    return true
  }

  #forgetOldest(): void {
    for (const name of this.#names) {
      this.#names.delete(name)
      return
    }
  }
}

/** The process's cache for node records. */
export const verifiedRecords = new VerifiedSignatures(VERIFIED_RECORDS_MAX)
