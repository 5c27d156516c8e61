//! What passes an interface, kept for a while as the records of a pcap file.

use crate::limits::{TRACE_LEASE_US, TRACE_PARTS_MAX, TRACE_QUEUE_BYTES_MAX};
use crate::queue::PackedQueue;

/// Bytes of a pcap record in front of the packet.
pub const PCAP_HEADER: usize = 16;

/// Longest head of a packet that a record has room for: the length of a record is 16 bits.
pub const SNAP_MAX: usize = 65_535 - PCAP_HEADER;

/// When a trace ends by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TraceLimits {
    /// Bytes kept of every packet.
    pub snap: usize,
    /// Packets kept.
    pub packets: u64,
    /// Microseconds from the start.
    pub duration_us: u64,
}

/// A running trace. It costs memory only for what was not drained yet, and ends when nobody drains it.
///
/// Times are microseconds since its start.
pub struct Trace {
    queue: PackedQueue,
    limits: TraceLimits,
    began_at_us: u64,
    drained_at_us: u64,
    captured: u64,
}

impl Trace {
    /// Begins one; `began_at_us` is the calendar time in microseconds since 1970.
    pub fn new(limits: TraceLimits, began_at_us: u64) -> Self {
        let limits = TraceLimits { snap: limits.snap.min(SNAP_MAX), ..limits };
        let queue = PackedQueue::new(TRACE_QUEUE_BYTES_MAX);
        Trace { queue, limits, began_at_us, drained_at_us: 0, captured: 0 }
    }

    /// Keeps the head of the packet that `parts` make, or counts that there was no room; returns whether the trace goes on.
    pub fn record<'a>(&mut self, parts: impl Iterator<Item = &'a [u8]>, elapsed_us: u64) -> bool {
        if self.is_over(elapsed_us) {
            return false;
        }
        let mut heads: [&[u8]; TRACE_PARTS_MAX] = [&[]; TRACE_PARTS_MAX];
        let (mut count, mut room, mut length) = (1, self.limits.snap, 0);
        for part in parts {
            length += part.len();
            if room > 0 && count < heads.len() {
                heads[count] = &part[..part.len().min(room)];
                room -= heads[count].len();
                count += 1;
            }
        }
        let kept = heads[1..count].iter().map(|head| head.len()).sum();
        let header = pcap_header(self.began_at_us + elapsed_us, kept, length);
        heads[0] = &header;
        if self.queue.push(&heads[..count]) {
            self.captured += 1;
        }
        !self.is_over(elapsed_us)
    }

    /// Moves records into `target` as `[u16le length][pcap record]`...; returns the bytes used.
    pub fn drain_into(&mut self, target: &mut [u8], elapsed_us: u64) -> usize {
        self.drained_at_us = elapsed_us;
        self.queue.drain_into(target)
    }

    /// Returns whether nothing more will be recorded.
    pub fn is_over(&self, elapsed_us: u64) -> bool {
        self.captured >= self.limits.packets
            || elapsed_us >= self.limits.duration_us
            || self.is_forgotten(elapsed_us)
    }

    /// Returns whether nobody has drained it for so long that nobody will.
    pub fn is_forgotten(&self, elapsed_us: u64) -> bool {
        elapsed_us.saturating_sub(self.drained_at_us) >= TRACE_LEASE_US
    }

    /// Returns whether no record waits.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Packets kept so far.
    pub fn captured(&self) -> u64 {
        self.captured
    }

    /// Packets that there was no room for.
    pub fn dropped(&self) -> u64 {
        self.queue.dropped()
    }
}

/// Seconds, microseconds, bytes kept, bytes of the packet: 32 bits each, little-endian.
fn pcap_header(time_us: u64, kept: usize, length: usize) -> [u8; PCAP_HEADER] {
    let fields = [(time_us / 1_000_000) as u32, (time_us % 1_000_000) as u32, kept as u32, length as u32];
    let mut header = [0; PCAP_HEADER];
    for (target, field) in header.chunks_exact_mut(4).zip(fields) {
        target.copy_from_slice(&field.to_le_bytes());
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::records;

    const LIMITS: TraceLimits = TraceLimits { snap: 4, packets: 3, duration_us: 20_000_000 };
    const START: u64 = 1_700_000_000_999_999;

    fn drained(trace: &mut Trace, elapsed_us: u64) -> Vec<Vec<u8>> {
        let mut target = vec![0; 100_000];
        let n = trace.drain_into(&mut target, elapsed_us);
        records(&target[..n]).map(<[u8]>::to_vec).collect()
    }

    #[test]
    fn keeps_the_head_of_a_packet_that_stands_in_parts() {
        let mut trace = Trace::new(LIMITS, START);
        assert!(trace.record([&[1, 2, 3][..], &[4, 5, 6]].into_iter(), 2));
        assert!(trace.record([&[7][..]].into_iter(), 3));
        let [first, second] = drained(&mut trace, 4).try_into().unwrap();
        let time = [0x01, 0xf1, 0x53, 0x65, 1, 0, 0, 0];
        assert_eq!(first, [&time[..], &[4, 0, 0, 0, 6, 0, 0, 0, 1, 2, 3, 4]].concat());
        assert_eq!(second[8..], [1, 0, 0, 0, 1, 0, 0, 0, 7]);
        assert_eq!((trace.captured(), trace.dropped(), trace.is_empty()), (2, 0, true));
    }

    #[test]
    fn ends_after_its_packets_and_after_its_time() {
        let mut trace = Trace::new(LIMITS, START);
        let goes_on = [0, 1, 2, 3].map(|time| trace.record([&[9][..]].into_iter(), time));
        assert_eq!(goes_on, [true, true, false, false]);
        assert_eq!(drained(&mut trace, 4).len(), 3);
        let mut trace = Trace::new(TraceLimits { duration_us: 100, ..LIMITS }, START);
        assert!(trace.record([&[9][..]].into_iter(), 99));
        assert!(!trace.record([&[9][..]].into_iter(), 100));
        assert_eq!(trace.captured(), 1);
    }

    #[test]
    fn ends_when_nobody_drains_it() {
        let mut trace = Trace::new(LIMITS, START);
        assert_eq!(drained(&mut trace, 5_000_000).len(), 0);
        assert!(trace.record([&[9][..]].into_iter(), 5_000_000 + TRACE_LEASE_US - 1));
        assert!(!trace.record([&[9][..]].into_iter(), 5_000_000 + TRACE_LEASE_US));
    }

    #[test]
    fn counts_what_there_is_no_room_for() {
        let limits = TraceLimits { snap: usize::MAX, packets: u64::MAX, ..LIMITS };
        let mut trace = Trace::new(limits, START);
        let packet = vec![7; 65_535];
        for _ in 0..TRACE_QUEUE_BYTES_MAX / 65_535 + 1 {
            assert!(trace.record([&packet[..]].into_iter(), 0));
        }
        assert_eq!((trace.captured(), trace.dropped()), (TRACE_QUEUE_BYTES_MAX as u64 / 65_537, 2));
    }
}
