//! Transport data, the datagram that carries everything inside a session.
//!
//! ```text
//!   offset  size  field
//!        0     1  type, 4
//!        1     3  reserved, zero
//!        4     4  receiver index, little-endian
//!        8     8  counter, little-endian
//!       16     n  ciphertext
//!     16+n    16  tag
//! ```
//!
//! The nonce is four zero bytes and the counter: little-endian for ChaCha20-Poly1305, as WireGuard has it, and
//! big-endian for AES-256-GCM, as Noise has it. There is no additional data. See docs/wire/transport-data.md.

/// First byte of a transport-data datagram.
pub const TYPE_DATA: u8 = 4;
/// Bytes in front of the ciphertext.
pub const HEADER: usize = 16;
/// Bytes behind the ciphertext.
pub const TAG: usize = 16;
/// First byte of a plaintext that is an IP packet whose transport checksum the receiver fills in.
pub const FRAME_PARTIAL_CHECKSUM: u8 = 0x06;

/// What the header of a transport-data datagram says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DataHeader {
    /// The receiver's name of the session.
    pub receiver_index: u32,
    /// The number of the message, part of the nonce.
    pub counter: u64,
}

impl DataHeader {
    /// Reads the header; `None` when `datagram` is not transport data.
    pub fn decode(datagram: &[u8]) -> Option<DataHeader> {
        if datagram.len() < HEADER + TAG || datagram[..4] != [TYPE_DATA, 0, 0, 0] {
            return None;
        }
        Some(DataHeader {
            receiver_index: u32::from_le_bytes(datagram[4..8].try_into().ok()?),
            counter: u64::from_le_bytes(datagram[8..16].try_into().ok()?),
        })
    }

    /// Returns the bytes of the header.
    pub fn encode(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[0] = TYPE_DATA;
        bytes[4..8].copy_from_slice(&self.receiver_index.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.counter.to_le_bytes());
        bytes
    }
}

/// What the plaintext of a transport-data datagram is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Content {
    /// Nothing: a sign of life.
    Keepalive,
    /// An IP packet.
    Packet,
    /// An IP packet behind one byte, whose transport checksum is left to the receiver.
    PartialPacket,
    /// Anything else belongs to the control plane.
    Control,
}

/// Classifies a plaintext by its first byte.
pub fn classify(plaintext: &[u8]) -> Content {
    match plaintext.first() {
        None => Content::Keepalive,
        Some(&FRAME_PARTIAL_CHECKSUM) => Content::PartialPacket,
        Some(first) if first >> 4 == 4 || first >> 4 == 6 => Content::Packet,
        Some(_) => Content::Control,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_what_it_decodes() {
        let header = DataHeader { receiver_index: 0x0403_0201, counter: 0x0c0b_0a09_0807_0605 };
        let mut datagram = header.encode().to_vec();
        assert_eq!(datagram, [4, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        assert_eq!(DataHeader::decode(&datagram), None);
        datagram.extend_from_slice(&[0; TAG]);
        assert_eq!(DataHeader::decode(&datagram), Some(header));
        datagram[2] = 1;
        assert_eq!(DataHeader::decode(&datagram), None);
    }

    #[test]
    fn classifies_plaintexts() {
        assert_eq!(classify(&[]), Content::Keepalive);
        assert_eq!(classify(&[0x45]), Content::Packet);
        assert_eq!(classify(&[0x60]), Content::Packet);
        assert_eq!(classify(&[0x06, 0x45]), Content::PartialPacket);
        assert_eq!(classify(&[0x01]), Content::Control);
        assert_eq!(classify(&[0x50]), Content::Control);
    }
}
