/** Binary heap of future events, ordered by time and then by the order of scheduling. */

/** Something that will happen at an instant. */
export interface SimEvent {
  /** When. Set by the scheduler. */
  at: number
  /** Tells events of one instant apart. Set by the scheduler. */
  sequence: number
  /** Place in the heap, -1 when not queued. Kept by the queue. */
  index: number
  /** Makes it happen. */
  run(now: number): void
}

/** A priority queue whose entries can be removed in O(log n). */
export class EventQueue {
  readonly #heap: SimEvent[] = []

  /** Number of events waiting. */
  get size(): number {
    return this.#heap.length
  }

  /** Returns the event that comes next. */
  peek(): SimEvent | undefined {
    return this.#heap[0]
  }

  /** Adds an event. */
  push(event: SimEvent): void {
    this.#heap.push(event)
    this.#rise(this.#heap.length - 1, event)
  }

  /** Removes and returns the event that comes next. */
  pop(): SimEvent | undefined {
    const first = this.#heap[0]
    if (first !== undefined) this.remove(first)
    return first
  }

  /** Removes an event; does nothing when it is not queued. */
  remove(event: SimEvent): void {
    const index = event.index
    if (index < 0) return
    event.index = -1
    const last = this.#heap.pop()
    if (last === undefined || last === event) return
    this.#sink(index, last)
    if (last.index === index) this.#rise(index, last)
  }

  #rise(start: number, event: SimEvent): void {
    let index = start
    while (index > 0) {
      const parentIndex = (index - 1) >> 1
      const parent = this.#heap[parentIndex] as SimEvent
      if (!isBefore(event, parent)) break
      this.#place(index, parent)
      index = parentIndex
    }
    this.#place(index, event)
  }

  #sink(start: number, event: SimEvent): void {
    const heap = this.#heap
    let index = start
    for (;;) {
      let childIndex = 2 * index + 1
      if (childIndex >= heap.length) break
      const right = heap[childIndex + 1]
      if (right !== undefined && isBefore(right, heap[childIndex] as SimEvent)) childIndex++
      const child = heap[childIndex] as SimEvent
      if (!isBefore(child, event)) break
      this.#place(index, child)
      index = childIndex
    }
    this.#place(index, event)
  }

  #place(index: number, event: SimEvent): void {
    this.#heap[index] = event
    event.index = index
  }
}

function isBefore(a: SimEvent, b: SimEvent): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence)
}
