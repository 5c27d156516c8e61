/** Types of the throughput table for its test. */
export interface Visit {
  round: number
  peer: string
  parts: Record<string, Record<string, unknown>>
}
export interface Row {
  figure: string
  peer: string
  median: number
  min: number
  max: number
  n: number
  isQuiet: boolean
  must?: number
  goal?: number
  best?: string
  toBest?: number
  toRaw?: number
}
export function rowsOf(visits: readonly Visit[], peers: readonly string[]): Row[]
