/** Hours of rekeys over a network that loses, reorders and duplicates. */
import { describe, expect, it } from '@jest/globals'
import { kinds, ToyNetwork } from '../kit.ts'

describe('over a lossy, reordering, duplicating network', () => {
  it.each([1, 2, 3])('stays established for hours (seed %i)', (seed) => {
    const faults = { delayMs: 20, jitterMs: 200, loss: 0.2, duplication: 0.1 }
    const net = new ToyNetwork({ seed, faults })
    const alice = net.add('alice')
    const bob = net.add('bob')
    net.connect(alice, bob)
    net.connect(bob, alice)
    net.runFor(10_000)
    const received = new Set<string>()
    let duplicates = 0
    net.onEvent = (_node, event) => {
      if (event.kind !== 'frame') return
      const text = new TextDecoder().decode(event.bytes)
      if (received.has(text)) duplicates += 1
      received.add(text)
    }
    let sent = 0
    let refused = 0
    while (net.now < 2 * 3_600_000) {
      for (const [from, to] of [
        [alice, bob],
        [bob, alice],
      ] as const) {
        if (!net.send(from, to, `${from.name} ${sent++}`)) refused += 1
      }
      net.runFor(5_000)
    }
    expect({ refused, duplicates }).toEqual({ refused: 0, duplicates: 0 })
    expect(received.size / sent).toBeGreaterThan(0.76)
    for (const node of [alice, bob]) {
      expect(kinds(node).filter((kind) => kind === 'established')).toHaveLength(1)
      expect(kinds(node)).not.toContain('closed')
      expect(node.endpoint.sessionCount).toBe(1)
    }
  })

  it('survives an interruption shorter than a key, and recovers after a longer one', () => {
    const net = new ToyNetwork({ seed: 9, faults: { loss: 0.05, jitterMs: 30 } })
    const alice = net.add('alice')
    const bob = net.add('bob')
    net.connect(alice, bob)
    const chat = (ms: number): void => {
      for (const until = net.now + ms; net.now < until; net.runFor(1_000)) {
        if (!net.send(alice, bob, 'a')) net.connect(alice, bob)
        net.send(bob, alice, 'b')
      }
    }
    chat(100_000)
    net.faults = { loss: 1 }
    chat(60_000)
    net.faults = {}
    chat(30_000)
    expect(kinds(alice).filter((kind) => kind === 'established')).toHaveLength(1)
    net.faults = { loss: 1 }
    chat(300_000)
    expect(alice.endpoint.session(bob.identity.address)?.isEstablished ?? false).toBe(false)
    net.faults = {}
    chat(30_000)
    expect(alice.endpoint.session(bob.identity.address)?.isEstablished).toBe(true)
    expect(bob.endpoint.session(alice.identity.address)?.isEstablished).toBe(true)
    expect(bob.endpoint.sessionCount).toBe(1)
  })

  it('repeats itself exactly for the same seed', () => {
    const run = (): string[] => {
      const net = new ToyNetwork({ seed: 4, faults: { loss: 0.3, jitterMs: 100 } })
      const alice = net.add('alice')
      const bob = net.add('bob')
      net.connect(alice, bob)
      for (let i = 0; i < 300; i++) {
        net.send(alice, bob, `${i}`)
        net.runFor(1_000)
      }
      return net.sent.map((flight) => `${flight.at} ${Buffer.from(flight.bytes).toString('hex')}`)
    }
    expect(run()).toEqual(run())
  })
})
