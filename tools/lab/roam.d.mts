/** Types of the roaming lab for tests in TypeScript. */
import type { Lab } from './namespaces.mjs'

export declare function roamLabUp(lab: Lab): Promise<void>
export declare function move(lab: Lab, number: number): string
export declare function copyWhileMoving(
  lab: Lab,
  options: { bytes: number; number: number; from?: 'alice' | 'bob' },
): Promise<{ from: string; place: string; isIntact: boolean; gapMs: number }>
export declare function pathToBob(lab: Lab): string
