/** Types of the ring without bootstraps for tests in TypeScript. */

export interface LonelyNode {
  readonly home: string
  readonly socket: string
  readonly address: string
}
export declare class LonelyRing {
  constructor(options: { firstPort: number })
  readonly members: readonly LonelyNode[]
  start(count: number): Promise<void>
  killBootstraps(): Promise<void>
  restart(node: LonelyNode, options?: { signal?: string }): Promise<number>
  pingAll(limitMs?: number): Promise<{ pairs: number; answered: number }>
  stop(): Promise<void>
}
