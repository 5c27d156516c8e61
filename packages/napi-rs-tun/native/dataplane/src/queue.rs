//! A bounded queue of length-prefixed records that one side fills and the other drains in bulk.

use crate::limits::PACKET_BYTES_MAX;

/// Bytes in front of every record: its length, little-endian.
pub const RECORD_PREFIX: usize = 2;

/// Records packed as `[u16le length][bytes]`, first in first out, never more than `capacity` bytes.
///
/// A record that does not fit is dropped and counted: a flood must not turn into memory.
pub struct PackedQueue {
    bytes: Vec<u8>,
    start: usize,
    capacity: usize,
    dropped: u64,
}

impl PackedQueue {
    /// Makes an empty queue that holds at most `capacity` bytes, prefixes included.
    pub fn new(capacity: usize) -> Self {
        PackedQueue { bytes: Vec::new(), start: 0, capacity, dropped: 0 }
    }

    /// Appends the concatenation of `parts` as one record; returns false when it was dropped instead.
    pub fn push(&mut self, parts: &[&[u8]]) -> bool {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        if length > PACKET_BYTES_MAX || self.queued_bytes() + RECORD_PREFIX + length > self.capacity {
            self.dropped += 1;
            return false;
        }
        if self.bytes.len() + RECORD_PREFIX + length > self.capacity {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(&(length as u16).to_le_bytes());
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
        true
    }

    /// Moves as many whole records as fit into `target`; returns how many bytes it wrote.
    ///
    /// A record larger than all of `target` is dropped and counted, since it could never leave.
    pub fn drain_into(&mut self, target: &mut [u8]) -> usize {
        let mut filled = 0;
        while let Some(size) = self.next_size() {
            if size > target.len() {
                self.start += size;
                self.dropped += 1;
                continue;
            }
            if filled + size > target.len() {
                break;
            }
            target[filled..filled + size].copy_from_slice(&self.bytes[self.start..self.start + size]);
            filled += size;
            self.start += size;
        }
        if self.start == self.bytes.len() {
            self.bytes.clear();
            self.start = 0;
        }
        filled
    }

    /// Returns whether no record waits.
    pub fn is_empty(&self) -> bool {
        self.start == self.bytes.len()
    }

    /// Returns how many records were dropped since the queue was made.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn queued_bytes(&self) -> usize {
        self.bytes.len() - self.start
    }

    fn next_size(&self) -> Option<usize> {
        let prefix = self.bytes.get(self.start..self.start + RECORD_PREFIX)?;
        Some(RECORD_PREFIX + usize::from(u16::from_le_bytes([prefix[0], prefix[1]])))
    }
}

/// Iterates over records packed as `[u16le length][bytes]`; stops at the first truncated one.
pub fn records(mut packed: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let prefix = packed.get(..RECORD_PREFIX)?;
        let length = usize::from(u16::from_le_bytes([prefix[0], prefix[1]]));
        let record = packed.get(RECORD_PREFIX..RECORD_PREFIX + length)?;
        packed = &packed[RECORD_PREFIX + length..];
        Some(record)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_back_what_was_put_in_order() {
        let mut queue = PackedQueue::new(100);
        assert!(queue.push(&[b"ab", b"c"]));
        assert!(queue.push(&[b""]));
        assert!(queue.push(&[b"d"]));
        let mut out = [0; 64];
        let n = queue.drain_into(&mut out);
        let got: Vec<&[u8]> = records(&out[..n]).collect();
        assert_eq!(got, [&b"abc"[..], b"", b"d"]);
        assert!(queue.is_empty());
    }

    #[test]
    fn drops_and_counts_when_full_and_accepts_again_after_a_drain() {
        let mut queue = PackedQueue::new(12);
        assert!(queue.push(&[b"12345"]));
        assert!(!queue.push(&[b"123456"]));
        assert!(queue.push(&[b"123"]));
        assert_eq!(queue.dropped(), 1);
        let mut out = [0; 8];
        assert_eq!(queue.drain_into(&mut out), 7);
        assert!(queue.push(&[b"45678"]));
        let mut out = [0; 64];
        let n = queue.drain_into(&mut out);
        let got: Vec<&[u8]> = records(&out[..n]).collect();
        assert_eq!(got, [&b"123"[..], b"45678"]);
    }

    #[test]
    fn drops_a_record_that_no_drain_could_take() {
        let mut queue = PackedQueue::new(100);
        queue.push(&[b"0123456789"]);
        queue.push(&[b"ok"]);
        let mut out = [0; 8];
        assert_eq!(queue.drain_into(&mut out), 4);
        assert_eq!(queue.dropped(), 1);
    }

    #[test]
    fn stops_at_a_truncated_record() {
        assert_eq!(records(&[1, 0, 7, 5, 0, 1]).count(), 1);
        assert_eq!(records(&[1]).count(), 0);
    }
}
