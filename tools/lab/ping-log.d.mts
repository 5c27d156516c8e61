/** Types of the reader of ping's output, for tests in TypeScript. */
export function readPingLog(text: string): { firstAtMs: number; lostPercent: number } | undefined
