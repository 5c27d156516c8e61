/** Caps and fixed choices of the simulation tool, each with its reason. */

/** Larger rings fit neither the memory nor the patience of one process. */
export const NODES_MAX = 20_000

/** One port for every simulated node; each has an address of its own. */
export const NODE_PORT = 5_000

/** How often a ring is checked while it forms: finer than one latency of a usual network. */
export const CHECK_EVERY_MS = 100

/** How often a large or long-running ring is checked; a check costs more than the events between two of them. */
export const CHECK_SLOWLY_MS = 1_000

/** The ring must be whole this long after the last fault; the original's own limit was an hour. */
export const REPAIR_LIMIT_MS = 600_000

/** Pause after the ring has formed, in which connections that nobody needs are closed and mutual views agree. */
export const SETTLE_MS = 60_000

/** Problems printed at most; the first ones explain the rest. */
export const PROBLEMS_PRINTED_MAX = 20
