/** Steps that several scenarios share. */
import { checkConnected, checkGreedyRoutes, meanGreedyHops } from '@ipop/simulator'
import type { RingNodeView } from '@ipop/simulator'
import { CHECK_EVERY_MS, CHECK_SLOWLY_MS, SETTLE_MS } from '../limits.ts'
import type { Stage } from '../scenario.ts'
import { mean, round, summarize } from '../statistics.ts'

/** Rings above this size are not checked in every pair of nodes. */
const LARGE_RING = 300

/** Rings above this size are not checked as often. */
const HUGE_RING = 1_000

/** Waits until the ring has formed and returns how long that took, or undefined after the limit. */
export async function untilFormed(stage: Stage): Promise<number | undefined> {
  const { world, ring, options } = stage
  const startedAt = world.elapsedMs()
  const everyMs = ring.nodes.length > HUGE_RING ? CHECK_SLOWLY_MS : CHECK_EVERY_MS
  const isFormed = await world.runUntil(() => ring.isFormed(), {
    limitMs: options.limitMs,
    everyMs,
  })
  return isFormed ? world.elapsedMs() - startedAt : undefined
}

/** Starts all nodes at once and waits for the ring; returns what went wrong. */
export async function formRing(stage: Stage): Promise<string[]> {
  stage.tell(`starting ${stage.options.nodes} nodes`)
  await stage.ring.startTogether(stage.options.nodes)
  const formedMs = await untilFormed(stage)
  if (formedMs === undefined) return unformed(stage)
  stage.tell(`ring formed after ${round(formedMs / 1000)} s`)
  return []
}

/** As `formRing`, and lets the ring rest where it has formed. */
export async function formSettledRing(stage: Stage): Promise<string[]> {
  const problems = await formRing(stage)
  if (problems.length === 0) await stage.world.run({ forMs: stage.options.settleMs })
  return problems
}

/** Lets the ring rest, then checks everything that must hold of a ring at rest. */
export async function settleAndCheck(stage: Stage): Promise<string[]> {
  const { world, ring, options } = stage
  await world.run({ forMs: options.settleMs })
  const isQuiet = (): boolean => ring.report().isConsistent
  // Connections come and go even at rest; what must be seen is one moment at which all views agree.
  if (await world.runUntil(isQuiet, { limitMs: options.limitMs, everyMs: CHECK_SLOWLY_MS })) {
    return checkRoutes(ring.views())
  }
  return ring.report().violations.map((found) => `${found.invariant}: ${found.reason}`)
}

/** Returns why the ring has not formed. */
export function unformed(stage: Stage): string[] {
  const { violations } = stage.ring.report()
  const limit = `no ring after ${round(stage.options.limitMs / 1000)} s`
  return [limit, ...violations.map((found) => `${found.invariant}: ${found.reason}`)]
}

/** Returns how long nodes took to join. */
export function joinMetrics(stage: Stage): Record<string, number> {
  const times = stage.ring.nodes
    .filter((node) => node.connectedAt !== undefined)
    .map((node) => (node.connectedAt as number) - node.startedAt)
  return summarize('join', times)
}

/** Returns the shape of the overlay. */
export function shapeMetrics(stage: Stage): Record<string, number> {
  const views = stage.ring.views().filter((view) => view.isAlive)
  const counts = views.map((view) => view.connections.length)
  return {
    connectionsMean: round(mean(counts)),
    connectionsMax: Math.max(0, ...counts),
    ...(views.length <= LARGE_RING && { hopsMean: round(meanGreedyHops(views), 2) }),
  }
}

/** Measures what a ring at rest sends. */
export async function idleMetrics(stage: Stage): Promise<Record<string, number>> {
  const { world, ring } = stage
  const before = { bytes: world.stats.bytesSent, datagrams: world.stats.datagramsSent }
  await world.run({ forMs: SETTLE_MS })
  const nodeSeconds = ring.running.length * (SETTLE_MS / 1000)
  return {
    idleBytesPerNodeSecond: round((world.stats.bytesSent - before.bytes) / nodeSeconds),
    idleDatagramsPerNodeSecond: round(
      (world.stats.datagramsSent - before.datagrams) / nodeSeconds,
      2,
    ),
  }
}

function checkRoutes(views: readonly RingNodeView[]): string[] {
  const everyNth = Math.max(1, Math.floor(views.length / 50))
  const hopsMax = 4 * Math.ceil(Math.log2(views.length + 1)) + 8
  return [...checkConnected(views), ...checkGreedyRoutes(views, { hopsMax, everyNth })].map(
    (found) => `${found.invariant}: ${found.reason}`,
  )
}
