//! Caps of the data plane, each with its reason.

/// The length prefix of packed records is 16 bits, and no IP packet is longer.
pub const PACKET_BYTES_MAX: usize = 65_535;

/// About 3,000 full packets: absorbs a garbage collection pause of JavaScript at 100 k packets a second, no more.
pub const PUNT_QUEUE_BYTES_MAX: usize = 4 << 20;
