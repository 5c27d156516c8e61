/** Caps of this package, each with its reason. */

/** A real configuration is below 10 kB; 300 k character references take the parser half a second. */
export const CONFIG_BYTES_MAX = 262_144

/** The deepest known element is the fourth level; the rest is room for unknown elements. */
export const XML_DEPTH_MAX = 16

/** A reader of error messages mends the first few and runs again. */
export const CONFIG_ISSUES_MAX = 50

/** Enough bootstrap addresses for any deployment; every one is asked at each start. */
export const REMOTE_TAS_MAX = 256

/** One socket per listener; no host needs more. */
export const EDGE_LISTENERS_MAX = 16

/** Interface names to advertise; no host has more that matter. */
export const DEVICES_MAX = 64

/** Relaying faster than 100 Gbit/s is beyond any machine that runs a node. */
export const RELAY_MEGABITS_MAX = 100_000

/** Reserved ranges are checked for every address that is drawn. */
export const RESERVED_RANGES_MAX = 64

/** Namespaces and names travel inside DHT keys and handshakes. */
export const NAME_CHARS_MAX = 255

/** Linux: IFNAMSIZ is 16 with the terminating zero. */
export const DEVICE_NAME_CHARS_MAX = 15

/** Leases live in the DHT, whose longest time to live is seven days. */
export const LEASE_TIME_SECONDS_MAX = 604_800

/** A lease is renewed at half time; anything shorter would flood the ring. */
export const LEASE_TIME_SECONDS_MIN = 10

/** The key file has four short lines. */
export const KEY_FILE_BYTES_MAX = 4_096

/** Text longer than this is shortened where a message quotes it. */
export const QUOTED_CHARS_MAX = 60
