/** Every cap and period of what nodes tell each other and believe, each with its reason. */

/** Peers remembered on each side, connected or not, so that a side that dies whole can be repaired from memory. */
export const KNOWN_PER_SIDE = 16

/** Peers in one exchange: a dozen hints of about 75 bytes fit one unfragmented datagram. */
export const EXCHANGE_PEERS_MAX = 12

/** Peers that a stranger's neighbour names on its own side of the place: the answer crosses the ring, and the rest is told by session. */
export const STRANGER_SIDE = 4

/** The same beyond the stranger's place: the neighbour on that side may not answer. */
export const STRANGER_OTHER_SIDE = 1

/** A candidate that failed this often is forgotten; somebody who is connected to it will name it again. */
export const LINK_FAILURES_MAX = 3

/** How long a forgotten candidate stays barred, so that a stale hint does not come back at once: by then others miss a dead peer, too. */
export const LINK_BARRED_MS = 10_000

/** How long hearsay about a forgotten candidate is doubted: by then whoever named it before its end has missed it, too. */
export const LINK_DOUBTED_MS = 60_000

/** The same for a candidate that the ring does not find: the second time it is also dialled. */
export const DOUBTED_FAILURES_MAX = 2

/** Pause between two inquiries for one doubtful candidate. */
export const INQUIRY_PAUSE_MS = 5_000

/** An inquiry ends after this time: a dead hop on the way is gone around once. */
export const INQUIRY_TIMEOUT_MS = 1_800

/** Doubtful candidates that are asked for at a time: both sides of a node twice. */
export const INQUIRIES_MAX = 16

/** Barred candidates remembered; beyond that the oldest is dropped. */
export const LINK_BARRED_MAX = 256

/** Exchanges are at least this far apart, so that a burst of changes costs one exchange per neighbour. */
export const EXCHANGE_GAP_MS = 150

/** The same between peers that are no immediate neighbours: nothing that a join waits for is between them. */
export const EXCHANGE_FAR_GAP_MS = 600

/** The same while the ring around a node is complete: news from afar can wait until there is more of it. */
export const EXCHANGE_CALM_GAP_MS = 2_000

/** News that do not change who somebody's neighbours are wait for this long: there is more of them by then, and most have spread. */
export const EXCHANGE_PATIENT_GAP_MS = 60_000

/** Whom a node has known for so long its neighbours have heard of, most likely. */
export const BRIEF_AFTER_MS = 10_000

/** Whom a newcomer dialled within this time its ring has named to it, so that others have heard of them, too. */
export const BRIEF_ARRIVAL_MS = 3_000

/** A brief address is asked for once in this time: the answer takes a round trip. */
export const BRIEF_ASK_PAUSE_MS = 2_000

/** A neighbour is told all again at its own wish, or while the ring is incomplete, after this long at the earliest. */
export const EXCHANGE_ALL_MIN_MS = 4_000

/** A neighbour is told all again after this long, in case it forgot somebody that it could not reach then. */
export const EXCHANGE_ALL_MS = 120_000

/** An exchange is sent again for so long: what it says of the own neighbours would mislead whoever heard it much later. */
export const EXCHANGE_TIMEOUT_MS = 3_500

/** Whom a neighbour was told of within this time it may be dialling: it is told at once that they are gone. */
export const EXCHANGE_WITHDRAW_MS = 4_000

/** Others this many times as far from a neighbour as a node's own near ones are no news for it: it has nearer ones. */
export const NEWS_REACH = 2

/** In a complete ring a node compares lists with its left neighbour this often. */
export const EXCHANGE_IDLE_MS = 60_000
