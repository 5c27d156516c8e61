/** Small statistics over samples. */

/** Returns the value below which `fraction` of the samples lie; NaN without samples. */
export function quantile(samples: readonly number[], fraction: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  const index = Math.min(sorted.length - 1, Math.floor(fraction * sorted.length))
  return sorted[index] ?? NaN
}

/** Returns the mean of the samples; NaN without samples. */
export function mean(samples: readonly number[]): number {
  return samples.reduce((sum, sample) => sum + sample, 0) / samples.length
}

/** Returns a value rounded to `digits` after the point. */
export function round(value: number, digits = 1): number {
  return Number(value.toFixed(digits))
}

/** Returns median, 95th percentile and maximum under names that start with `name`. */
export function summarize(name: string, samples: readonly number[]): Record<string, number> {
  if (samples.length === 0) return {}
  return {
    [`${name}MedianMs`]: round(quantile(samples, 0.5)),
    [`${name}P95Ms`]: round(quantile(samples, 0.95)),
    [`${name}MaxMs`]: round(Math.max(...samples)),
  }
}
