/** One key of the plane, and what went through it by which way. */
import type { SocketEndpoint } from './plane.ts'

/** Datagrams and their bytes, both ways. */
export interface Traffic {
  sent: number
  sentBytes: number
  received: number
  receivedBytes: number
}

/** What JavaScript remembers of a session key that lives in the plane. */
export class PlaneKey {
  readonly index: number
  /** Where the last datagram under the key came from, if it came through a socket of the plane. */
  source: SocketEndpoint | undefined
  /** What passed through JavaScript. */
  readonly seen: Traffic = noTraffic()
  /** What the plane carried by itself, as far as it was noticed. */
  readonly carried: Traffic = noTraffic()

  constructor(index: number) {
    this.index = index
  }

  /** Counts a datagram that JavaScript had sealed. */
  sealed(bytes: number): void {
    this.seen.sent += 1
    this.seen.sentBytes += bytes
  }

  /** Counts a datagram whose plaintext came to JavaScript. */
  opened(bytes: number): void {
    this.seen.received += 1
    this.seen.receivedBytes += bytes
  }

  /** Returns what the plane carried since the last call, given the key's totals. */
  takeCarried(totals: Traffic): Traffic {
    const news = noTraffic()
    for (const name of Object.keys(news) as (keyof Traffic)[]) {
      // Frames on their way up are in the totals and not seen yet; they must not count twice, nor negatively.
      news[name] = Math.max(0, totals[name] - this.seen[name] - this.carried[name])
      this.carried[name] += news[name]
    }
    return news
  }
}

function noTraffic(): Traffic {
  return { sent: 0, sentBytes: 0, received: 0, receivedBytes: 0 }
}
