/** Every cap and duration of this package, each with its reason. */

/** A session has no use after being silent this long: WireGuard erases everything after three reject times. */
export const SESSION_DORMANT_MS = 540_000

/** WireGuard's REKEY-AFTER-TIME: the initiator of a key replaces it at this age when it has something to send. */
export const REKEY_AFTER_MS = 120_000

/** The responder of a key replaces it a little later, so that normally only one end starts, yet a lost initiator is made up for. */
export const REKEY_AFTER_AS_RESPONDER_MS = 135_000

/** WireGuard's REJECT-AFTER-TIME: nobody sends or accepts anything under an older key. */
export const REJECT_AFTER_MS = 180_000

/** WireGuard's REKEY-TIMEOUT: two handshakes with one peer are started at least this far apart. */
export const HANDSHAKE_INTERVAL_MS = 5_000

/** First resend of an initiation: most round trips are shorter, and a lost datagram should not be felt. */
export const INITIATION_RETRY_MIN_MS = 500

/** Longest pause between resends: a peer that comes back is found within it. */
export const INITIATION_RETRY_MAX_MS = 5_000

/** Part of a retry delay that is random, so that nodes started together do not stay in step. */
export const INITIATION_RETRY_JITTER = 0.2

/** An attempt gives up after this time; whoever still wants the session connects again. */
export const HANDSHAKE_ATTEMPT_MS = 20_000

/** Keys of two crossing handshakes made within this time count as one choice, decided by the order of the session keys. */
export const CROSSING_WINDOW_MS = 2_000

/** How often an initiator repeats the empty datagram that confirms a new key before it leaves that to ordinary traffic. */
export const CONFIRMATIONS_MAX = 5

/** First repeat of a confirmation; doubled after each. */
export const CONFIRMATION_RETRY_MS = 250

/** A responder's session that nobody confirmed in this time is dropped: an initiator that is still there tries for 20 s. */
export const HALF_OPEN_MS = 30_000

/** Half-open sessions an endpoint keeps; the oldest gives way, so that a flood cannot lock out an honest peer with a short round trip. */
export const HALF_OPEN_MAX = 512

/** Sessions one endpoint keeps, about 3 kB each: far above any node's connections (near, shortcuts, on demand, leaves of a bootstrap). */
export const SESSIONS_MAX = 4_096

/** Receiver indexes one port hands out: four for every session of 16 full endpoints, few enough that a random one is free. */
export const INDEXES_MAX = 2 ** 18

/**
 * Initiations per second an endpoint answers without proof of address, half a millisecond each: the candidate paths of some
 * peers. A true initiator proves its address within a round trip, and for two minutes.
 */
export const INITIATIONS_PER_SECOND_COOKIE = 20

/** Initiations per second an endpoint answers at all, which bounds handshakes to about a quarter of one core. */
export const INITIATIONS_PER_SECOND_MAX = 500

/** Cookie replies per second: each costs a few microseconds and is smaller than what asked for it. */
export const COOKIE_REPLIES_PER_SECOND_MAX = 2_000

/** WireGuard's cookie lifetime: the responder changes its secret, and the initiator forgets a cookie, this often. */
export const COOKIE_LIFETIME_MS = 120_000

/** Initiations of one peer answered in a burst: one initiation arrives over every candidate path, and is resent. */
export const RESPONSE_BURST_MAX = 16

/** Time after which a peer earns one more response. */
export const RESPONSE_REFILL_MS = 250

/** Events waiting to be polled; the driver polls after every call, so more are a driver that stopped. Datagrams are then dropped. */
export const EVENTS_PENDING_MAX = 4_096

/** Datagrams waiting to be polled, for the same reason. Further ones are dropped like any lost datagram. */
export const TRANSMITS_PENDING_MAX = 4_096

/** Replay window in messages: what a 10 Gbit/s path of 1,400-byte packets reorders within 9 ms. */
export const REPLAY_WINDOW_MESSAGES = 8_192

/** Largest counter: exact in a JavaScript number, and never reached by a key that lives 180 s (2^60 is the protocol's own end). */
export const COUNTER_MAX = Number.MAX_SAFE_INTEGER

/** Messages under one AES-256-GCM key: keeps the chance of a forgery by collisions negligible. */
export const GCM_MESSAGES_MAX = 2 ** 34

/** Part of a key's message limit at which it is replaced, so that the replacement is there in time. */
export const REKEY_AT_MESSAGE_SHARE = 0.75

/** The longest that a response can be: an initiation of this length has room for any. */
export const INITIATION_BYTES = 576

/**
 * How much longer than this node's own a peer's response may be in a group: a certificate's subject has up to 64 bytes, and versions
 * may differ in some capabilities. An initiation that is padded for such a response goes out first; those made anew are roomy.
 */
export const INITIATION_ROOM_BYTES = 72

/** A certificate fits a group's signature, its key and a name; the record must fit the handshake. */
export const CERTIFICATE_BYTES_MAX = 256

/** A node record's own lifetime: long enough for a node that was off, short enough for a rotated session key to die out. */
export const RECORD_LIFETIME_MS = 7 * 24 * 3_600_000

/** Capabilities read from one handshake; there are two ciphers today. */
export const CAPABILITIES_MAX = 32

/** Largest plaintext of one datagram: what UDP over IPv4 carries, less header and tag. */
export const FRAME_BYTES_MAX = 65_507 - 32

/** Key files are a few lines; a longer text is not one. */
export const IDENTITY_SECRET_TEXT_MAX = 1_024

/** WireGuard's KEEPALIVE-TIMEOUT: who received something and has nothing to say answers with an empty datagram after this. */
export const PASSIVE_KEEPALIVE_MS = 10_000

/** Sending this long without hearing anything means that the peer may have lost the key: a handshake is tried. */
export const UNANSWERED_MS = 15_000

/** Verified records remembered by a process, about 300 bytes each: the peers of the busiest node, or a simulated network. */
export const VERIFIED_RECORDS_MAX = 16_384

/** A member's name in a certificate: an e-mail address or host name; the certificate must fit the record. */
export const CERTIFICATE_SUBJECT_BYTES_MAX = 64
