/** Types of the simulator's table for its test. */
export interface SimReport {
  ok: boolean
  metrics: Record<string, unknown>
  wallMs: number
  peakMemoryMb: number
}
export interface SimFigure {
  figure: string
  unit: string
  of: (report: SimReport) => number | undefined
  at?: number
  goal?: number
  least?: number
}
export interface SimRow {
  name: string
  args: string
  isReal?: boolean
  isFullOnly?: boolean
  seeds: number
  full: { args?: string; seeds?: number }
  tiny: string
  figures: readonly SimFigure[]
}
export interface SimResult {
  row: string
  figure: string
  value: number | undefined
  samples: readonly number[]
  goal?: string
  seeds: number
  failed: number
  verdict: string
}
export const ROWS: readonly SimRow[]
export function chooseRows(options?: {
  names?: readonly string[]
  isFull?: boolean
  seeds?: number
}): SimRow[]
export function argumentsOf(args: string, seed: number): string[]
export function commandOf(row: SimRow, seed?: number): string
export function figuresOf(row: SimRow, reports: readonly SimReport[]): SimResult[]
