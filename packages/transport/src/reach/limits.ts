/** Caps of reach checks, each with its reason. */

/** A probe of a reach check is an empty frame of its kind in transport data; longer datagrams are not carried. */
export const REACH_PROBE_BYTES_MAX = 64

/** Probes of reach checks that a node sends or carries: peers choose where they go, and a check needs a dozen. */
export const REACH_PROBES_PER_SECOND_MAX = 16

/** Peers that are asked in one reach check: one may be on the same side of the NAT, or gone. */
export const REACH_HELPERS_MAX = 3

/** Other hosts that one request makes send a probe: some may have been contacted before, which says nothing. */
export const REACH_CARRIERS_MAX = 3

/** Reach checks of one node at a time: more only ask the same again. */
export const REACH_CHECKS_MAX = 4

/** Requests and probes are sent this often in a check: one may get lost. */
export const REACH_ROUNDS_MAX = 3

/** Pause between the rounds of a reach check, and after the last one. */
export const REACH_ROUND_MS = 500

/** A socket that sent a probe from another port is closed after this. */
export const REACH_SOCKET_MS = 1_000
