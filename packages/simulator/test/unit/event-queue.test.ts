/** The event queue orders, keeps insertion order among equals, and removes. */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { EventQueue } from '../../src/world/event-queue.ts'
import type { SimEvent } from '../../src/world/event-queue.ts'

describe('EventQueue', () => {
  it('pops by time and then by sequence, whatever was removed before', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(20), fc.boolean())), (plan) => {
        const queue = new EventQueue()
        const events = plan.map(([at], sequence) => eventAt(at, sequence))
        for (const event of events) queue.push(event)
        for (const [i, [, isRemoved]] of plan.entries()) {
          if (isRemoved) queue.remove(events[i] as SimEvent)
        }
        const expected = events
          .filter((_, i) => plan[i]?.[1] === false)
          .sort((a, b) => a.at - b.at || a.sequence - b.sequence)
        expect(drain(queue)).toEqual(expected)
      }),
    )
  })

  it('ignores the removal of what is not queued', () => {
    const queue = new EventQueue()
    const event = eventAt(1, 1)
    queue.remove(event)
    queue.push(event)
    queue.remove(event)
    queue.remove(event)
    expect(queue.size).toBe(0)
  })
})

function eventAt(at: number, sequence: number): SimEvent {
  return { at, sequence, index: -1, run: () => undefined }
}

function drain(queue: EventQueue): SimEvent[] {
  const events: SimEvent[] = []
  for (let event = queue.pop(); event !== undefined; event = queue.pop()) events.push(event)
  return events
}
