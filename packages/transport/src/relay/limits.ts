/** Caps of relaying, each with its reason. */

/** Pairs that a node relays at a time: at a busy relay a few hundred; beyond it others are asked. */
export const RELAY_PAIRS_MAX = 512

/** Pairs of one peer at one relay: a node that nobody reaches directly has some twenty connections. */
export const RELAY_PAIRS_PER_PEER_MAX = 64

/** Relayed paths of one node, asked for or open: four for each of 256 peers. */
export const RELAY_ENDS_MAX = 1_024

/** What one direction of a relayed pair may use: 10 Gbit/s, more than one processor forwards. Who lends less says so in the configuration. */
export const RELAY_ROW_BYTES_PER_SECOND = 1_250_000_000

/** What one direction may send at once after a pause: a full window of TCP on a long path. */
export const RELAY_ROW_BURST_BYTES = 4_194_304

/** What all relayed pairs of a node may use together: eight directions at full rate. */
export const RELAY_BYTES_PER_SECOND = 10_000_000_000

/** What all relayed pairs may send at once after a pause. */
export const RELAY_BURST_BYTES = 33_554_432

/** A bucket that holds less than a few trains of packets is empty before a warning could be heeded. */
export const RELAY_EARLY_LOSS_BURST_MIN = 1_048_576

/** One frame in fifty from an empty bucket: TCP over any path then sends less than it did. */
export const RELAY_EARLY_LOSS_MAX = 0.02

/** Relayed pairs and edges that nobody used for this long end; spare paths are pinged every minute. */
export const RELAY_IDLE_MS = 180_000

/** An end that was offered a channel answers within some round trips, repetitions included. */
export const RELAY_ACCEPT_MS = 10_000

/** Pairs for which a relay connects with the target first: each costs a request through the ring. */
export const RELAY_CONNECTS_MAX = 16

/** Time for such a connection: a request through the ring and a handshake, once repeated. */
export const RELAY_CONNECT_MS = 5_000

/** Pause before a relay is asked again; it doubles. */
export const RELAY_OPEN_RESEND_MS = 500

/** Times a relay is asked before it counts as silent: 7.5 s, in which it may have had to connect first. */
export const RELAY_OPEN_SENDS_MAX = 4

/** How often a relay looks for pairs that ended by time alone. */
export const RELAY_SWEEP_MS = 2_000
