/** Types of what tests use of the bundler. */
import type { Plant } from './plants.d.mts'

export function bundleSimulator(options: { plant?: string; isNull?: boolean }): Promise<string>
export function plantedSource(plant: Plant): string
