/** Caps of the Node adapter and why they have the values they have. */

/** A burst waits in the kernel while JavaScript is busy: 4 MiB hold about 2,500 full packets; smaller system caps apply silently. */
export const DATAGRAM_RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024

/** Room for a burst of our own to leave; more would only add delay. */
export const DATAGRAM_SEND_BUFFER_BYTES = 1024 * 1024

/** Datagrams that wait in the process because the kernel's buffer is full: beyond this they are lost, as on any full link. */
export const DATAGRAM_QUEUE_BYTES_MAX = 1024 * 1024

/** Distinct error codes counted per socket: the system has fewer, and the table must not grow with what a peer does. */
export const DATAGRAM_ERROR_CODES_MAX = 32

/** Bytes queued on a stream before `write` asks the caller to wait: about one bandwidth-delay product of a home line. */
export const STREAM_HIGH_WATER_BYTES = 128 * 1024

/** Bytes queued on a stream before it is aborted: a caller that ignores back-pressure or a peer that stopped reading must not fill memory. */
export const STREAM_QUEUE_BYTES_MAX = 8 * 1024 * 1024

/** Time a closed stream has for its last bytes and the other end's goodbye; a silent peer must not hold the socket. */
export const STREAM_CLOSE_TIMEOUT_MS = 5_000

/** Streams that one listener keeps open: above the usual limit of 1,024 files per process nothing more could be opened anyway. */
export const LISTENER_STREAMS_MAX = 1_000

/** Addresses taken from one host name: more are never tried, and a name server chooses the number. */
export const NAME_ADDRESSES_MAX = 16

/** Longest single delay that Node's timers take; longer ones are armed again. 2^31 - 1 ms is 24.8 days. */
export const TIMER_DELAY_MAX_MS = 0x7fff_ffff

/** Random bytes drawn at once: one system call for about a thousand small values. */
export const RANDOM_POOL_BYTES = 4_096

/** Body of an HTTP request or reply when the caller names no other cap: a management call is a few kilobytes. */
export const HTTP_BODY_BYTES_MAX = 1024 * 1024

/** Time an HTTP client has for sending its request: management is local, and a slow sender would hold a connection. */
export const HTTP_REQUEST_TIMEOUT_MS = 10_000

/** Time an HTTP server may take for its reply when the caller names no other: a crawl of a whole network fits. */
export const HTTP_REPLY_TIMEOUT_MS = 300_000

/** HTTP connections open at once: a management port has a handful of users. */
export const HTTP_CONNECTIONS_MAX = 64

/** Header lines accepted in one HTTP request: clients of ours send fewer than ten. */
export const HTTP_HEADERS_MAX = 64

/** Characters of one field's text in a console log line: longer values drown the event. */
export const LOG_VALUE_CHARACTERS_MAX = 2_000

/** Of a routing table this much is looked at: some hundred routes; a router of the backbone has a million. */
export const ROUTE_TABLE_BYTES_MAX = 65_536

/** Longer datagrams are cut by the first link unless it carries jumbo frames, which a probe could not tell apart. */
export const ETHERNET_MTU = 1_500

/** Headers of IPv4 (20) and UDP (8) in front of a datagram. */
export const UDP4_HEADER_BYTES = 28

/** Headers of IPv6 (40) and UDP (8). */
export const UDP6_HEADER_BYTES = 48
