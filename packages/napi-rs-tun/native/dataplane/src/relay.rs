//! Relay frames: sealed datagrams of two ends that cannot reach each other, carried by a third.
//!
//! ```text
//!   offset  size  field
//!        0     1  type, 0x12
//!        1     4  channel, little-endian
//!        5     n  one datagram of another kind
//! ```
//!
//! The receiver of a frame chose the number of its channel, as with the receiver index of a session. A relay rewrites
//! the number and passes the frame on; it neither reads nor proves what is inside. See docs/wire/relay-frame.md.

pub mod bucket;
pub mod table;

use std::ops::Range;

/// First byte of a relay frame.
pub const TYPE_RELAY: u8 = 0x12;
/// Bytes in front of the datagram that a frame carries.
pub const RELAY_HEADER: usize = 5;

/// Returns the bytes in front of the datagram.
pub fn encode_header(channel: u32) -> [u8; RELAY_HEADER] {
    let [a, b, c, d] = channel.to_le_bytes();
    [TYPE_RELAY, a, b, c, d]
}

/// Returns the channel of a frame; `None` when `datagram` is not a relay frame.
pub fn channel_of(datagram: &[u8]) -> Option<u32> {
    let header: &[u8; RELAY_HEADER] = datagram.first_chunk()?;
    let [TYPE_RELAY, channel @ ..] = *header else { return None };
    Some(u32::from_le_bytes(channel))
}

/// Returns whether a frame carries something, and not another frame: never a relay over a relay.
fn is_acceptable(frame: &[u8]) -> bool {
    frame.get(RELAY_HEADER).is_some_and(|first| *first != TYPE_RELAY)
}

/// Frames of one channel side by side in a train: what is decided for the first holds for all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    /// Their channel.
    pub channel: u32,
    /// Whether they may be passed on or opened at all.
    pub is_acceptable: bool,
    /// Where they stand.
    pub range: Range<usize>,
    /// The length of each but the last, which may be shorter.
    pub size: usize,
}

impl Run {
    /// Returns the frames at the start of `range`, a train of datagrams of `size` bytes; `None` when it starts otherwise.
    pub fn at(arena: &[u8], range: Range<usize>, size: usize) -> Option<Run> {
        let mut frames = arena.get(range.clone())?.chunks(size.max(1));
        let first = frames.next()?;
        let channel = channel_of(first)?;
        let is_acceptable = is_acceptable(first);
        let others = frames.take_while(|frame| {
            channel_of(frame) == Some(channel) && self::is_acceptable(frame) == is_acceptable
        });
        let length = first.len() + others.map(<[u8]>::len).sum::<usize>();
        Some(Run { channel, is_acceptable, range: range.start..range.start + length, size: size.max(1) })
    }

    /// Returns how many frames there are.
    pub fn count(&self) -> u64 {
        self.range.len().div_ceil(self.size) as u64
    }

    /// Returns where each frame stands.
    pub fn frames(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let Run { range, size, .. } = self.clone();
        range.clone().step_by(size).map(move |start| start..range.end.min(start + size))
    }
}

/// Gives all frames, `size` bytes each but the last, the number that their next receiver has for the channel.
pub fn readdress(frames: &mut [u8], size: usize, channel: u32) {
    let header = encode_header(channel);
    for frame in frames.chunks_mut(size.max(1)) {
        if let Some(front) = frame.first_chunk_mut() {
            *front = header;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(channel: u32, inner: &[u8]) -> Vec<u8> {
        [&encode_header(channel)[..], inner].concat()
    }

    #[test]
    fn encodes_what_it_decodes() {
        assert_eq!(encode_header(0x0403_0201), [0x12, 1, 2, 3, 4]);
        assert_eq!(channel_of(&frame(0x0403_0201, b"x")), Some(0x0403_0201));
        assert_eq!(channel_of(&[0x12, 1, 2, 3]), None);
        assert_eq!(channel_of(&[0x11, 1, 2, 3, 4, 5]), None);
        assert_eq!(channel_of(&[]), None);
    }

    #[test]
    fn frames_of_one_channel_are_a_run() {
        let train = [frame(1, b"ab"), frame(1, b"cd"), frame(1, &[0x12, 0]), frame(2, b"ef"), frame(2, b"g")]
            .concat();
        let mut at = 0;
        let mut found = Vec::new();
        while let Some(run) = Run::at(&train, at..train.len(), 7) {
            at = run.range.end;
            assert_eq!(run.frames().map(|frame| frame.len()).sum::<usize>(), run.range.len());
            found.push((run.channel, run.is_acceptable, run.count()));
        }
        assert_eq!(found, [(1, true, 2), (1, false, 1), (2, true, 2)]);
        assert_eq!(at, train.len());
    }

    #[test]
    fn an_empty_frame_is_none_to_pass_on() {
        let run = Run::at(&frame(1, b""), 0..5, 5).unwrap();
        assert!(!run.is_acceptable);
        assert_eq!(Run::at(b"no frame", 0..8, 8), None);
        assert_eq!(Run::at(&[], 0..0, 0), None);
        assert_eq!(Run::at(b"short", 0..9, 9), None);
    }

    #[test]
    fn readdressing_changes_only_the_number() {
        let mut train = [frame(1, b"ab"), frame(1, b"c")].concat();
        readdress(&mut train, 7, 9);
        assert_eq!(train, [frame(9, b"ab"), frame(9, b"c")].concat());
    }
}
