/** Caps of this package, each with its reason. */

/** The largest call carries one DHT value of 1,024 bytes; the rest is room for long parameter lists. */
export const XML_RPC_REQUEST_BYTES_MAX = 262_144

/** A reply to `ListEntries` or `dht.Dump` of a full store; a client that gets more has asked for too much. */
export const XML_RPC_REPLY_BYTES_MAX = 16_777_216

/** Arrays in structs in arrays: no method nests deeper than four values. Each value is two elements. */
export const XML_RPC_DEPTH_MAX = 16

/** A call has at most eight parameters. */
export const XML_RPC_PARAMS_MAX = 32

/** Values in one request; keeps the work of one request small. */
export const XML_RPC_VALUES_MAX = 4_096

/** The slowest remote method is a route across a large ring. */
export const REMOTE_CALL_TIMEOUT_MS = 30_000

/** `proxy` with a negative result count collects until a deadline; nobody waits longer for a ring. */
export const REMOTE_COLLECT_TIMEOUT_MS = 10_000

/** Answers of one call: the two neighbours of an address and duplicates. */
export const REMOTE_REPLIES_MAX = 64

/** As in the original: a get that nobody ends is forgotten when this many are open. */
export const OPEN_GETS_MAX = 100

/** Every entry is written again at half its time to live. */
export const DHT_PROXY_ENTRIES_MAX = 1_000

/** The retry of a registration that has not worked yet, as in the original. */
export const DHT_PROXY_RETRY_MS = 30_000

/** Longest time to live the DHT accepts: seven days. */
export const DHT_TTL_SECONDS_MAX = 604_800

/** The DHT's own cap on a value. */
export const DHT_VALUE_BYTES_MAX = 1_024

/** Keys are hashed; this only bounds what a caller may send. */
export const DHT_KEY_BYTES_MAX = 1_024

/** Entries shown by one `dht.Dump`, so that the reply stays readable. */
export const DHT_DUMP_ENTRIES_MAX = 10_000

/** A route longer than this means a loop. */
export const ROUTE_HOPS_MAX = 32

/** Nodes behind one port. */
export const MULTI_NODES_MAX = 256

/** Everything a stopping node still says must be said by then. */
export const STOP_TIMEOUT_MS = 3_000

/** Linux: `sun_path` holds 108 bytes with the terminating zero. */
export const SOCKET_PATH_BYTES_MAX = 107

/** Calls a crawl keeps open at once: fast on a large ring without flooding it. */
export const CRAWL_CALLS_MAX = 16

/** Tries per node, as in the original. */
export const CRAWL_TRIES_MAX = 3

/** A ring larger than this is not walked from one machine. */
export const CRAWL_NODES_MAX = 100_000

/** Longest wait for one reply of the manager: three tries of the request layer below it. */
export const CRAWL_REPLY_TIMEOUT_MS = 60_000

/** A request to the control socket is a few words or one DHT value. */
export const CONTROL_REQUEST_BYTES_MAX = 65_536

/** Sockets tried beside a taken default path, e.g. for two networks with the same device name. */
export const CONTROL_SIBLINGS_MAX = 9

/** The payload of a UDP datagram in a 1,500-byte IPv4 packet: longer ones are cut apart on most paths. */
export const PLANE_DATAGRAM_BYTES_MAX = 1_472

/** The same for IPv6, whose header is 20 bytes longer. */
export const PLANE_DATAGRAM6_BYTES_MAX = 1_452

/** How often traffic that stays in the data plane is looked at: liveness and rekeying need no finer clock. */
export const PLANE_POLL_MS = 1_000

/** The same for peers that are reached through a relay: nobody else notices that it is gone, and its loss shall cost less than 3 s. */
export const PLANE_POLL_RELAYED_MS = 250

/** How often the network is looked at where the system tells of no events, and for a return from suspend. */
export const NETWORK_POLL_MS = 3_000

/** Events of one change come within milliseconds; who waits longer makes the gap longer. */
export const NETWORK_SETTLE_MS = 20

/** Less than this between calendar and monotonic clock is a correction of the calendar, not a sleep. */
export const NETWORK_SUSPEND_MIN_MS = 5_000

/** Addresses and routes compared; a router's full table would cost more to compare than a change costs. */
export const NETWORK_TEXT_PARTS_MAX = 1_024

/** 64 peers of 16 endpoints take 60 kB; a larger file is not one of ours. */
export const PEER_CACHE_BYTES_MAX = 262_144

/** The first save: by then a node has met its neighbours. */
export const PEER_CACHE_FIRST_MS = 5_000

/** Between two saves: what a crash may cost in freshness. */
export const PEER_CACHE_PERIOD_MS = 60_000

/** An hour of packet heads; whoever needs more looks at the interface itself. */
export const TRACE_SECONDS_MAX = 3_600

/** At 256 bytes each a file of 2.7 GB. */
export const TRACE_PACKETS_MAX = 10_000_000

/** A record of the data plane has a 16-bit length and 16 bytes in front of the packet. */
export const TRACE_SNAP_BYTES_MAX = 65_519

/** How often a recording is fetched: a person sees it grow, and the data plane's queue holds longer. */
export const TRACE_PERIOD_MS = 100

/** Half of what one fetch takes: after that much the next one does not wait. */
export const TRACE_FULL_BATCH_BYTES = 524_288

/** What the data plane's queue holds; in base64 it is far from the longest reply. */
export const TRACE_REMAINDER_BYTES_MAX = 4_194_304

/** How long a bootstrap has for its answer to a network check: a hello is repeated twice in this time. */
export const BOOTSTRAP_ANSWER_MS = 2_000

/** Bootstraps asked in a network check: more than this is no list to read. */
export const BOOTSTRAPS_SHOWN_MAX = 32
