//! Caps of the data plane, each with its reason.

/// The length prefix of packed records is 16 bits, and no IP packet is longer.
pub const PACKET_BYTES_MAX: usize = 65_535;

/// About 3,000 full packets: absorbs a garbage collection pause of JavaScript at 100 k packets a second, no more.
pub const PUNT_QUEUE_BYTES_MAX: usize = 4 << 20;

/// IPv4 or IPv6 header plus TCP header with all options; longer headers are not worth a fast path.
pub const HEADERS_BYTES_MAX: usize = 256;

/// A datagram this far behind the newest one is late beyond reordering (WireGuard's window).
pub const REPLAY_WINDOW: u64 = 8_192;

/// WireGuard's limit, which leaves the window room before the counter could wrap.
pub const CHACHA_MESSAGES_MAX: u64 = u64::MAX - (1 << 13) - 1;

/// Keeps the forgery advantage of AES-GCM below 2^-57 for packets of up to 1,500 bytes.
pub const GCM_MESSAGES_MAX: u64 = 1 << 34;

/// Far more than the peers a node talks to at once; a row is about 60 bytes.
pub const ROUTES_MAX: usize = 65_536;

/// Three key slots for each of 20,000 peers; a session is about 3 kB with its window.
pub const SESSIONS_MAX: usize = 65_536;

/// As many peers as routes: each has at least one.
pub const PEERS_MAX: usize = 65_536;

/// A relay serves the two ends of 2,000 paths; a row is about 250 bytes.
pub const RELAY_CHANNELS_MAX: usize = 4_096;

/// A bucket that holds less than a few trains is empty before a warning could be heeded.
pub const EARLY_LOSS_BURST_MIN: u64 = 1 << 20;

/// One frame in fifty from an empty bucket: TCP over any path then sends less than it did.
pub const EARLY_LOSS_MILLIONTHS_MAX: u64 = 20_000;

/// A node has one or two; every packet of a new flow is compared with all of them.
pub const OWN_ADDRESSES_MAX: usize = 64;

/// Older kernels accept 64 segments in one UDP_SEGMENT send.
pub const SEGMENTS_PER_SEND_MAX: usize = 64;

/// The payload of one UDP_SEGMENT send is one UDP payload to the kernel: 65,535 - 8 - 20.
pub const SEND_BYTES_MAX: usize = 65_507;

/// Flows that receive coalescing follows at once; more than this in one batch are not bulk transfers.
pub const COALESCE_FLOWS_MAX: usize = 16;

/// Answers to too long packets, all at once: one for each connection that a host may have open to a peer.
pub const TOO_BIG_BURST_MAX: u64 = 64;

/// Answers to too long packets in the long run; the ones that get no answer are sent in fragments.
pub const TOO_BIG_PER_SECOND_MAX: u64 = 100;

/// A quarter of a second of 64-byte packets at full rate: the tool fetches four times as often.
pub const TRACE_QUEUE_BYTES_MAX: usize = 4 << 20;

/// A tool that lives fetches several times a second; one that was killed shall not leave a trace running.
pub const TRACE_LEASE_US: u64 = 10_000_000;

/// The pcap header, a packet's headers, and as many pieces of payload as any head of use stands in.
pub const TRACE_PARTS_MAX: usize = 66;

/// Tokens are given out at once for so long: a flood that has used up the burst then wakes the control plane ten times a
/// second with a handful of datagrams, not hundreds of times with one. An honest sender repeats itself later than that.
pub const STRANGER_REFILL_MS: u64 = 100;

/// Prefixes of strangers share hashed cells, so that sources cost no memory: 32 kB, and a thousand meet in few.
pub const STRANGER_CELLS: usize = 4_096;

/// What one prefix may ask in a second after its burst: half of what all may, so that one alone never starves the others.
pub const STRANGER_PREFIX_PER_SECOND_MAX: u64 = 60;

/// What one prefix may ask at once: 300 machines of a network that start together, each with eight handshakes and hellos.
pub const STRANGER_PREFIX_BURST_MAX: u64 = 8_192;

/// Handshakes that strangers may ask for in a second: mostly answered by asking for a proof of address, a tenth of a
/// millisecond each.
pub const INITIATIONS_PER_SECOND_MAX: u64 = 125;

/// Handshakes at once: the control plane has them behind it within two seconds, mostly by asking for a proof of address.
pub const INITIATIONS_BURST_MAX: u64 = 4_096;

/// Hellos in a second, a tenth of what the control plane would answer: the rest is work that tunnels need.
pub const HELLOS_PER_SECOND_MAX: u64 = 100;

/// Hellos at once: those of a large network whose power comes back.
pub const HELLOS_BURST_MAX: u64 = 4_096;

/// Replies in a second, wanted or not: a node never asks a tenth of that, and an unwanted one is a failed look-up.
pub const REPLIES_PER_SECOND_MAX: u64 = 5_000;

/// Replies at once: to everything that sixteen nodes behind a port ask when they join.
pub const REPLIES_BURST_MAX: u64 = 8_192;
