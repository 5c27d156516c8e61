/** Answers hellos at a port: one reply per hello, never longer than it, within a rate. */
import { Malformed } from '@ipop/codec'
import type { Instant } from '@ipop/runtime'
import type { TransportAddress } from '../address/transport-address.ts'
import type { DatagramReceiver } from '../edge/edge.ts'
import type { PortNodes } from '../edge/port-nodes.ts'
import { HELLO_BYTES } from '../limits.ts'
import { decodeHello, encodeHelloReply, type Hello } from '../wire/hello.ts'
import { HelloRateLimit } from './hello-rate-limit.ts'

/** The port's side of hellos. */
export class HelloResponder {
  readonly #nodes: PortNodes
  readonly #rate = new HelloRateLimit()

  constructor(nodes: PortNodes) {
    this.#nodes = nodes
  }

  /** Returns the reply to a hello that came from `observed`, or why there is none. */
  answer(datagram: Uint8Array, observed: TransportAddress, now: Instant): Uint8Array | Malformed {
    const hello = decodeHello(datagram)
    if (hello instanceof Malformed) return hello
    const node = this.#choose(hello)
    if (!node) return new Malformed('hello: nobody to answer with')
    if (!this.#rate.allow(observed.host, now)) return new Malformed('hello: rate limit')
    const message = { transaction: hello.transaction, observed, ...node.helloIdentity() }
    return encodeHelloReply(message, Math.min(datagram.length, HELLO_BYTES))
  }

  #choose(hello: Hello): DatagramReceiver | undefined {
    if (hello.path !== undefined) return this.#nodes.byPath(hello.path)
    // A node that asks its own port wants to meet the others behind it.
    return this.#nodes.receivers.find((receiver) => !receiver.address.equals(hello.asker))
  }
}
