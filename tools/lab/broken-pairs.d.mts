/** Types of `broken-pairs.mjs`. */
import type { Lab } from './namespaces.mjs'

/** Two machines that cannot talk: at all, or not by UDP. */
export interface BrokenPair {
  readonly a: string
  readonly b: string
  readonly kind: 'all' | 'udp'
}

/** A path in use from one machine to another. */
export interface MeshPath {
  readonly a: string
  readonly b: string | undefined
  readonly kind: string
}

/** Machines m1, m2, ... on one bridge, of which some pairs cannot talk. */
export class BrokenMesh {
  readonly pairs: readonly { readonly a: string; readonly b: string }[]
  readonly broken: readonly BrokenPair[]
  constructor(lab: Lab, options: { nodes: number; share: number; seed: number })
  start(): Promise<void>
  unanswered(limitMs?: number): Promise<string[]>
  consistentCrawl(limitMs?: number): Promise<Readonly<Record<string, string>>>
  paths(): MeshPath[]
  relayOf(a: string, b: string): string | undefined
  kill(name: string): Promise<unknown>
  pingSteadily(a: string, b: string): { stop(): Promise<{ replies: number; longestGapMs: number }> }
}

/** Compares crawls with the lists of the nodes until they agree or it was tried often enough; resolves with what is wrong. */
export function compareSettled(mesh: BrokenMesh): Promise<string[]>
