/** Every cap and period of the DHT, each with its reason. */

/** Replicas of one key, equally spaced on the ring: five of them survive the loss of any three. */
export const REPLICAS = 8

/** Positive answers that a write needs: more than half, so that two writes always meet at some replica. */
export const WRITE_QUORUM = 5

/** Positions that must answer a read: 8 - 5 + 1, so that every acknowledged write is seen by one of them. */
export const READ_QUORUM = 4

/** Positions that answered when nothing can hide any more: a value on five replicas that lost three has two copies left. */
export const READ_CERTAIN = 7

/** Bytes of one value; what the product stores are addresses and a network's settings. */
export const VALUE_BYTES_MAX = 1_024

/** Bytes of one key as the caller writes it: keys are names, and they are hashed before they leave. */
export const KEY_BYTES_MAX = 4_096

/** Longest life of an entry: soft state that nobody renews for a week has no owner any more. */
export const TTL_SECONDS_MAX = 7 * 24 * 3_600

/** Most that an entry on its way between nodes may claim to have left, in the unit of the messages. */
export const REMAINING_MS_MAX = TTL_SECONDS_MAX * 1_000

/** Letters of the reason in a refusal: the longest that we send has ten. */
export const REASON_LENGTH_MAX = 32

/** Shortest life of an entry: the unit of the wire. */
export const TTL_SECONDS_MIN = 1

/** Life of a tentative claim: longer than the rounds that grant it, short enough for a creator that died to block a key only briefly. */
export const CLAIM_TTL_SECONDS_MAX = 60

/**
 * How far an owner's clock may differ from a replica's. Only used to bound replays: expiry itself runs on the replica's
 * monotonic clock, from the remaining life that is stored and handed over.
 */
export const CLOCK_SKEW_MAX_MS = 10 * 60_000

/** Records of one key: the multicast list of a large namespace has one per member. */
export const KEY_RECORDS_MAX = 512

/** Records of one owner at one key: a node registers a handful of values under one name. */
export const OWNER_KEY_RECORDS_MAX = 16

/** Records of one owner at one replica: a node has a lease and some names; a flood from one identity stops here. */
export const OWNER_RECORDS_MAX = 1_024

/** Records of one replica: the share of a node in a ring of ten thousand is about thirty. */
export const STORE_RECORDS_MAX = 65_536

/** Bytes of all entries of one replica: 65,536 small records, or fewer large ones. */
export const STORE_BYTES_MAX = 32 * 1_024 * 1_024

/** Bytes of entries aimed at in one message: with the headers around them it fits one unfragmented datagram. */
export const PAGE_BYTES_GOAL = 1_000

/** Entries accepted in one message; one datagram holds about seven, each costs a signature check. */
export const PAGE_ENTRIES_MAX = 32

/** Digests in one message: 22 of 44 bytes and a page's token stay within the overlay's goal of 1,100. */
export const OFFERS_MAX = 22

/** Pages of one list of keys: more keys than a replica stores fit them. */
export const PAGES_MAX = 4_096

/** How long one request may take before the replica counts as silent. */
export const REQUEST_TIMEOUT_MS = 6_000

/** Once the outcome is decided, stragglers get this long to contribute what they know. */
export const STRAGGLER_GRACE_MS = 300

/** Rounds of one create: rivals withdraw within one or two; more means that the ring is broken. */
export const CREATE_ROUNDS_MAX = 6

/** First pause between rounds of a write; doubles, jittered by half. */
export const ROUND_PAUSE_MS = 400

/** Longest pause between rounds of a write. */
export const ROUND_PAUSE_MAX_MS = 4_000

/** A position from which no answer came is written to once more after this time, half of it more or less: packets were lost, or its node was. */
export const PUT_LATER_MS = 8_000

/** Rounds of a write whose outcome is no longer contested. */
export const WRITE_ROUNDS_MAX = 3

/** Own entries remembered: beyond that the oldest is forgotten and a renewal reads it back from the ring first. */
export const OWN_KEYS_MAX = 4_096

/** Keys whose read repair is remembered, so that reading a key in a loop does not repair it in a loop. */
export const REPAIRED_KEYS_MAX = 1_024

/** A key is repaired by one reader at most this often. */
export const REPAIR_COOLDOWN_MS = 30_000

/** Read repairs of one node under way: repair is a courtesy, reads come first. */
export const REPAIRS_PENDING_MAX = 8

/** Pause after a neighbour change before hand-over starts: a join changes several neighbours within a second. */
export const HANDOVER_DELAY_MS = 500

/** Hand-over messages under way: enough to fill a link, few enough not to starve traffic. */
export const HANDOVER_PARALLEL_MAX = 4

/** Pause between hand-over messages of one worker: four workers then send at most 80 messages (80 kB) a second. */
export const HANDOVER_PAUSE_MS = 50

/** Failed passes in a row before a hand-over waits for the next neighbour change or repair. */
export const HANDOVER_ATTEMPTS_MAX = 3

/** How long leaving may take; after that the other replicas must do. */
export const LEAVE_TIMEOUT_MS = 5_000

/** A copy is kept while its node is among this many nearest to a replica position: the heir when the nearest dies. */
export const KEEP_RANK = 3

/** A node whose neighbours changed less than this ago asks them before it admits a new exclusive claim. */
export const SETTLE_MS = 30_000

/** How long such a question to a neighbour may take. */
export const SETTLE_QUESTION_MS = 2_000

/** Period of the comparison with another replica of the own range, jittered by half. */
export const REPAIR_PERIOD_MS = 10 * 60_000

/** The same period while the neighbourhood has just changed. */
export const REPAIR_HURRY_MS = 10_000

/** Comparisons after a change; each asks another of the seven other replicas. */
export const REPAIR_HURRIES = 7

/** Nodes visited by one comparison: a range usually meets two or three. */
export const REPAIR_WALK_MAX = 16

/** Expired entries are removed this often; before that they are only invisible. */
export const SWEEP_PERIOD_MS = 30_000

/** A registration that failed is tried again after this long. */
export const REGISTRATION_RETRY_MS = 30_000

/** Entries whose signature is remembered as good: several reads and a hand-over at once, 1.2 MB at most. */
export const CHECKED_ENTRIES_MAX = 1_024

/** Pages read for one dump: some seven thousand records, after which an operator has seen enough. */
export const DUMP_PAGES_MAX = 1_024
