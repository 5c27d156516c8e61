/** Caps and fixed sizes of the simulator, each with its reason. */

/** A frozen calendar keeps runs equal on every day: 2025-01-01T00:00:00Z. */
export const WALL_EPOCH_MS = 1_735_689_600_000

/** A typical wide-area one-way delay, used when a world names none. */
export const DEFAULT_LATENCY_MS = 50

/** Packets that never leave a host still arrive after the sender's call returned. */
export const LOOPBACK_LATENCY_MS = 0.05

/** Hosts behind one NAT are this far apart, whatever the world's latency. */
export const LAN_LATENCY_MS = 0.5

/** The largest UDP payload over IPv4; systems refuse more with EMSGSIZE. */
export const DATAGRAM_BYTES_MAX = 65_507

/** A process that does not read has about this many packets waiting in its socket buffer. */
export const PAUSED_DATAGRAMS_MAX = 256

/** More events at one instant than any honest run has mean a timer that re-arms itself at `now`. */
export const EVENTS_PER_INSTANT_MAX = 2_000_000

/** A run with no stated end stops after a virtual day: periodic timers never run dry. */
export const RUN_LIMIT_MS = 86_400_000

/** `runUntil` gives up after ten virtual minutes unless told otherwise. */
export const RUN_UNTIL_LIMIT_MS = 600_000

/** The newest log records and packets explain a failure; older ones only fill the memory. */
export const LOG_RECORDS_MAX = 10_000

/** As for log records: what led to a failure is in the newest packets. */
export const PACKET_RECORDS_MAX = 2_000

/** RFC 6335 §6: the dynamic ports. */
export const EPHEMERAL_PORT_FIRST = 49_152

/** RFC 6335 §6: the dynamic ports. */
export const EPHEMERAL_PORT_LAST = 65_535

/** A stream's send window: this much may be on its way, the rest is queued at the writer. */
export const STREAM_WINDOW_BYTES = 262_144

/** `write` asks its caller to wait beyond this, as Node's default high-water mark would (scaled up). */
export const STREAM_HIGH_WATER_BYTES = 65_536

/** A lost stream segment is sent again after RFC 6298's lower bound as Linux sets it. */
export const STREAM_RETRANSMIT_MS = 200

/** A stream whose peer cannot be reached fails after this long, as a busy TCP would. */
export const STREAM_STALL_MAX_MS = 60_000

/** Pieces a stream carries are at most this long, so that losses hit part of a large write. */
export const STREAM_SEGMENT_BYTES = 16_384

/** RFC 4787 §4.3: a UDP mapping must not expire in less than two minutes; many home routers use less. */
export const NAT_MAPPING_LIFETIME_MS = 120_000

/** One NAT keeps at most this many mappings, as a small home router does. */
export const NAT_MAPPINGS_MAX = 4_096

/** RFC 6298 §2.1: the first wait before a connection request is sent again. */
export const STREAM_CONNECT_RETRY_MS = 1_000

/** Addresses whose family is remembered: more than any world has hosts that are talked to. */
export const FAMILIES_CACHED_MAX = 100_000

/** The engine's other work (signals, output, a test's time limit) gets a turn after this many events. */
export const EVENTS_PER_TURN = 512

/** Sealing counters that are remembered; about 200 bytes each, and runs that need more are better split. */
export const COUNTERS_WATCHED_MAX = 1_000_000

/** A path of over two seconds is none. */
export const HEAVY_TAIL_MAX_MS = 2_000

/** Packets on their way share blocks of this size; a larger one would be kept by one late packet for longer. */
export const ARENA_BLOCK_BYTES = 65_536
