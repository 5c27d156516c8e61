/** How Node keeps its heap where rings are simulated. */

/**
 * A large ring is mostly memory that lives to the end: the heap is collected when it has grown by 20 %, not when it has
 * doubled, and what a burst of events leaves behind has room to die young.
 */
export const HEAP = ['--heap-growing-percent=20', '--max-semi-space-size=8']
