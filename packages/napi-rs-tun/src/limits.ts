/** Caps of this package, each with its reason. */

/** Linux keeps interface names in 16 bytes, the last of which is zero (IFNAMSIZ). */
export const NAME_BYTES_MAX = 15

/** 1,420 + 32 bytes of session + 48 of UDP and IPv6 make 1,500: a packet of this size fits any Ethernet path. */
export const MTU_DEFAULT = 1420

/** RFC 791: every host accepts 576 bytes; RFC 8200 asks for 1,280 where IPv6 is used. */
export const MTU_MIN = 576

/** The length of an IP packet is a 16-bit field. */
export const MTU_MAX = 65_535

/** One turn of the event loop handles about 180 full packets; what remains waits for the next turn. */
export const DRAIN_BUFFER_BYTES = 256 * 1024

/** One native call takes about 180 full packets, so that its cost vanishes beside that of the packets. */
export const WRITE_BUFFER_BYTES = 256 * 1024

/** A quarter of what a trace keeps waiting: four drains catch up. */
export const TRACE_BUFFER_BYTES = 1024 * 1024
