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

/** Problems kept of one run; whoever finds more has found enough. */
export const PROBLEMS_KEPT_MAX = 200

/** Step checks of a ring under faults are this far apart: as often as an incomplete ring looks at itself. */
export const STEP_MS = 250

/** Faults begin this long after the start: some nodes are in a ring by then, some are not. */
export const FAULTS_FROM_MS = 3_000

/** Once faults have ceased the ring must be whole within this time. */
export const WHOLE_WITHIN_MS = 60_000

/** After that, views must agree, addresses be unique and everybody have one, within this time. */
export const AGREED_WITHIN_MS = 60_000

/** A double owner that lasts longer than this in one piece of network was not resolved (I14). */
export const DOUBLE_OWNER_MS = 60_000

/** A node whose ring is incomplete must not be silent for longer (I18), a little slack for sampling included. */
export const SILENT_MS = 2_500

/** Sessions of live pairs that may end and come back in a run where nothing but few packets is lost. */
export const FALSE_LOSSES_MAX = 3

/** A pair that is connected again within this time needed its connection all along. */
export const FLAP_MS = 60_000

/** A network that loses no more is gentle: three probes in a row get lost once in 900 times. */
export const GENTLE_LOSS_MAX = 0.05

/** Whoever reached both ends of a broken pair for so long is on good terms with both and can carry their packets. */
export const SETTLED_PAIR_MS = 20_000

/** Once the ring is whole, all eight replicas of a value are back in their places within this time: a few tries of hand-over. */
export const REPLICAS_BACK_MS = 15_000

/** The same where nodes only joined: the first try of hand-over, which waits for a second. */
export const REPLICAS_BACK_SOON_MS = 4_000

/** What a twin took away with it is missed by the regular comparison of replicas only, which comes every ten minutes or so. */
export const REPLICAS_COMPARED_MS = 30 * 60_000

/** Bytes per second and node that a small ring may send a minute after the last fault, repairs and leases included (I19). */
export const IDLE_BYTES_PER_SECOND_MAX = 2_000

/** Slow links add up to this to every way from and to a machine. */
export const SLOW_LINK_MAX_MS = 1_500

/** Datagrams lost during a burst, at most. */
export const BURST_LOSS_MAX = 0.6

/** A ring of this size is asked in every pair; of larger ones a part of the pairs. */
export const PAIRS_MAX = 240

/** Packets that may wait for an address at one node, of all addresses together. */
export const WAITING_PACKETS_MAX = 1_024

/** Of eight replicas so many may be lost at once. */
export const REPLICAS_LOST_MAX = 3

/** Problems shown of one failed seed; the rest is one replay away. */
export const PROBLEMS_SHOWN_MAX = 4

/** Seconds of which a picture is recorded; longer runs are looked at from their beginning. */
export const FRAMES_MAX = 3_600

/** Share of the nodes that die at one instant, at most: more is a catastrophe without a claim to be survived. */
export const MASS_KILL_SHARE_MAX = 0.5

/** Addresses of the virtual network per node: few, so that nodes meet at one, and enough for those who crashed with a lease. */
export const LAN_ADDRESSES_PER_NODE = 4

/** A network falls into this many parts at most: with more, no part is a network any longer. */
export const PARTS_MAX = 16
