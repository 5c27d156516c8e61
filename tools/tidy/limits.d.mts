/** Types of limits.mjs, for the tests. */

/** Returns the text that docs/LIMITS.md should have. */
export function renderLimits(root?: string): string

/** Returns the limits that the text of a limits.ts declares. */
export function parseLimits(text: string): { name: string; value: string; reason: string }[]
