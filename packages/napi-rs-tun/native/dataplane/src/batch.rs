//! Datagrams of one size for one endpoint, side by side: what one UDP_SEGMENT send takes.

use crate::limits::{SEGMENTS_PER_SEND_MAX, SEND_BYTES_MAX};
use crate::relay::encode_header;
use crate::segment::Segment;
use crate::session::{Endpoint, Session};
use crate::transport::{FRAME_PARTIAL_CHECKSUM, HEADER, TAG};

/// A growing batch. All datagrams have the size of the first; only the last may be shorter.
pub struct SendBatch {
    buffer: Vec<u8>,
    used: usize,
    count: usize,
    size: usize,
    endpoint: Option<Endpoint>,
    has_short_end: bool,
    exceeds_path: bool,
}

impl Default for SendBatch {
    fn default() -> Self {
        SendBatch {
            buffer: vec![0; SEND_BYTES_MAX],
            used: 0,
            count: 0,
            size: 0,
            endpoint: None,
            has_short_end: false,
            exceeds_path: false,
        }
    }
}

/// What a batch did with a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pushed {
    /// It is sealed and in the batch.
    Taken,
    /// The batch must be sent and cleared first.
    FlushFirst,
    /// The session cannot seal any more.
    KeyUsedUp,
    /// No datagram is large enough for it.
    TooLong,
}

impl SendBatch {
    /// Seals one packet into the batch.
    pub fn push(
        &mut self,
        endpoint: Endpoint,
        session: &Session,
        packet: &Segment<'_>,
        now_ms: u64,
    ) -> Pushed {
        let marker = usize::from(packet.is_partial);
        let prefix = endpoint.prefix_length();
        let size = prefix + HEADER + marker + packet.length() + TAG;
        if size > SEND_BYTES_MAX {
            return Pushed::TooLong;
        }
        if !self.fits(endpoint, size) {
            return Pushed::FlushFirst;
        }
        let (front, datagram) = self.buffer[self.used..self.used + size].split_at_mut(prefix);
        if prefix > 0 {
            front.copy_from_slice(&encode_header(endpoint.channel));
        }
        if packet.is_partial {
            datagram[HEADER] = FRAME_PARTIAL_CHECKSUM;
        }
        let (headers, payload) =
            datagram[HEADER + marker..size - prefix - TAG].split_at_mut(packet.headers.len());
        headers.copy_from_slice(packet.headers);
        payload.copy_from_slice(packet.payload);
        if !session.seal(datagram, now_ms) {
            return Pushed::KeyUsedUp;
        }
        if self.count == 0 {
            self.endpoint = Some(endpoint);
            self.size = size;
        }
        self.has_short_end = size < self.size;
        self.count += 1;
        self.used += size;
        Pushed::Taken
    }

    /// Returns where to send, all datagrams, and the size of each but the last; `None` while empty.
    pub fn contents(&self) -> Option<(Endpoint, &[u8], usize)> {
        Some((self.endpoint?, &self.buffer[..self.used], self.size))
    }

    /// Returns whether no datagram of the same size fits any more.
    pub fn is_full(&self) -> bool {
        self.has_short_end
            || self.count >= SEGMENTS_PER_SEND_MAX
            || self.count > 0 && self.used + self.size > SEND_BYTES_MAX
    }

    /// Says that the datagram in the batch is longer than the path carries whole: the network shall cut it.
    pub fn mark_exceeding(&mut self) {
        self.exceeds_path = true;
    }

    /// Returns whether the path carries the batch only in fragments.
    pub fn exceeds_path(&self) -> bool {
        self.exceeds_path
    }

    /// Returns how many datagrams are in the batch.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Forgets all datagrams.
    pub fn clear(&mut self) {
        self.used = 0;
        self.count = 0;
        self.endpoint = None;
        self.has_short_end = false;
        self.exceeds_path = false;
    }

    fn fits(&self, endpoint: Endpoint, size: usize) -> bool {
        self.count == 0
            || self.endpoint == Some(endpoint)
                && !self.has_short_end
                && size <= self.size
                && self.count < SEGMENTS_PER_SEND_MAX
                && self.used + size <= SEND_BYTES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aead::Cipher;
    use crate::session::tests::pair;
    use crate::transport::DataHeader;

    fn packet(bytes: &[u8]) -> Segment<'_> {
        Segment { headers: bytes, payload: &[], is_partial: false }
    }

    fn relayed(channel: u32) -> Endpoint {
        Endpoint { channel, ..Endpoint::direct(0, ([10, 0, 0, 1], 1).into()) }
    }

    #[test]
    fn puts_the_channel_in_front_of_every_datagram_for_a_relay() {
        let (session, peer) = pair(Cipher::Aes256Gcm);
        let mut batch = SendBatch::default();
        let partial = Segment { is_partial: true, ..packet(&[0x45; 99]) };
        assert_eq!(batch.push(relayed(0x0201), &session, &packet(&[0x45; 100]), 0), Pushed::Taken);
        assert_eq!(batch.push(relayed(0x0201), &session, &partial, 0), Pushed::Taken);
        assert_eq!(batch.push(relayed(0x0301), &session, &packet(&[0x45; 100]), 0), Pushed::FlushFirst);
        let (endpoint, bytes, size) = batch.contents().unwrap();
        assert_eq!((endpoint, size, bytes.len()), (relayed(0x0201), 137, 2 * 137));
        let plaintexts = bytes.chunks(size).map(|frame| {
            let (front, datagram) = frame.split_at(5);
            assert_eq!(front, [0x12, 1, 2, 0, 0]);
            let mut datagram = datagram.to_vec();
            let header = DataHeader::decode(&datagram).unwrap();
            let opened = peer.open(&header, &mut datagram, None, 0).unwrap();
            datagram[opened.plaintext].to_vec()
        });
        assert_eq!(plaintexts.collect::<Vec<_>>(), [vec![0x45; 100], [&[6][..], &[0x45; 99]].concat()]);
    }

    #[test]
    fn takes_equal_sizes_and_one_shorter_end_for_one_endpoint() {
        let (session, _) = pair(Cipher::Aes256Gcm);
        let to = |port| Endpoint::direct(0, ([10, 0, 0, 1], port).into());
        let mut batch = SendBatch::default();
        assert!(batch.contents().is_none());
        assert_eq!(batch.push(to(1), &session, &packet(&[0x45; 100]), 0), Pushed::Taken);
        assert_eq!(batch.push(to(2), &session, &packet(&[0x45; 100]), 0), Pushed::FlushFirst);
        assert_eq!(batch.push(to(1), &session, &packet(&[0x45; 101]), 0), Pushed::FlushFirst);
        assert_eq!(batch.push(to(1), &session, &packet(&[0x45; 100]), 0), Pushed::Taken);
        assert_eq!(batch.push(to(1), &session, &packet(&[0x45; 99]), 0), Pushed::Taken);
        assert_eq!(batch.push(to(1), &session, &packet(&[0x45; 99]), 0), Pushed::FlushFirst);
        let (endpoint, bytes, size) = batch.contents().unwrap();
        assert_eq!((endpoint, bytes.len(), size), (to(1), 132 + 132 + 131, 132));
        batch.clear();
        assert_eq!(batch.push(to(2), &session, &packet(&[0x45; 65_475]), 0), Pushed::Taken);
        batch.clear();
        assert_eq!(batch.push(relayed(5), &session, &packet(&[0x45; 65_475]), 0), Pushed::TooLong);
        assert_eq!(batch.push(to(2), &session, &packet(&[0x45; 65_490]), 0), Pushed::TooLong);
        for _ in 0..SEGMENTS_PER_SEND_MAX {
            assert_eq!(batch.push(to(2), &session, &packet(&[0x45; 20]), 0), Pushed::Taken);
        }
        assert_eq!(batch.push(to(2), &session, &packet(&[0x45; 20]), 0), Pushed::FlushFirst);
    }
}
