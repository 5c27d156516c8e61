/** Records a run: what was told and logged, and what the ring looked like every second. */
import { writeFileSync } from 'node:fs'
import type { World } from '@ipop/simulator'
import type { SimulatedRing } from '../ring/simulated-ring.ts'
import { FRAMES_MAX } from '../limits.ts'
import { drawPage } from './picture.ts'
import type { Frame, FrameNode } from './picture.ts'

const FRAME_EVERY_MS = 1_000

/** Who did what when. */
export interface TraceEvent {
  readonly atMs: number
  readonly who: string
  readonly what: string
}

/** Records one run, without changing anything in it. */
export class Recorder {
  readonly #world: World
  readonly #ring: SimulatedRing
  readonly #events: TraceEvent[] = []
  readonly #frames: Frame[] = []

  constructor(world: World, ring: SimulatedRing) {
    this.#world = world
    this.#ring = ring
    this.#captureAt(0)
  }

  /** Notes what the scenario tells. */
  tell(what: string): void {
    this.#events.push({ atMs: this.#world.elapsedMs(), who: 'story', what: what.trim() })
  }

  /** Writes the record: a picture that can be played where the name ends in `.html`, lines of text otherwise. */
  write(file: string, title: string): void {
    const isPicture = file.endsWith('.html')
    const content = isPicture ? drawPage(title, this.#frames, this.#lines()) : this.#text()
    writeFileSync(file, content)
  }

  #text(): string {
    return `${this.#lines().join('\n')}\n`
  }

  #lines(): string[] {
    const logged = this.#world.logs().map(({ atMs, host, level, event, fields }): TraceEvent => {
      return { atMs, who: host, what: `${level} ${event} ${fieldsText(fields)}` }
    })
    return [...this.#events, ...logged]
      .sort((a, b) => a.atMs - b.atMs)
      .map(({ atMs, who, what }) => `${seconds(atMs)} ${who.padEnd(10)} ${what.trimEnd()}`)
  }

  #captureAt(atMs: number): void {
    this.#world.at(atMs, () => {
      this.#frames.push({ atMs, nodes: this.#nodes() })
      if (this.#frames.length < FRAMES_MAX) this.#captureAt(atMs + FRAME_EVERY_MS)
    })
  }

  #nodes(): FrameNode[] {
    const indexes = new Map(this.#ring.nodes.map((node, at) => [node.overlay.address.key, at]))
    return this.#ring.nodes.map((node) => {
      const { left, right } = node.isRunning ? node.overlay.neighbors() : {}
      const place = (address: typeof left): number => (address && indexes.get(address.key)) ?? -1
      const first = new DataView(
        node.overlay.address.bytes.buffer,
        node.overlay.address.bytes.byteOffset,
      )
      return {
        name: node.host.name,
        turn: first.getUint32(0) / 2 ** 32,
        state: node.isRunning ? (node.host.isPaused ? 'paused' : node.overlay.state) : 'gone',
        left: place(left),
        right: place(right),
      }
    })
  }
}

function seconds(atMs: number): string {
  return `${(atMs / 1000).toFixed(3).padStart(9)} s`
}

function fieldsText(fields: object): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(' ')
}
