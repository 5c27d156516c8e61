//! The virtio-net header that an offloading interface puts in front of every packet.
//!
//! ```text
//!   offset  size  field (host byte order)
//!        0     1  flags: 1 = the checksum at csum_start + csum_offset is partial
//!        1     1  what to segment: 0 nothing, 1 TCP/IPv4, 4 TCP/IPv6, 5 UDP
//!        2     2  length of the headers, a hint
//!        4     2  payload bytes per segment
//!        6     2  where the checksummed part starts
//!        8     2  where in it the checksum stands
//! ```

/// Length of the header.
pub const VNET_HEADER: usize = 10;

/// The checksum field holds only the sum of the pseudo header.
pub const NEEDS_CHECKSUM: u8 = 1;

/// What a super-packet is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Gso {
    /// Not a super-packet.
    #[default]
    None,
    /// TCP over IPv4.
    Tcp4,
    /// TCP over IPv6.
    Tcp6,
    /// UDP datagrams of one size.
    Udp,
}

/// A decoded header. The hint `hdr_len` is computed where it is needed, never trusted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct VnetHeader {
    /// Whether the transport checksum is partial.
    pub needs_checksum: bool,
    /// What to segment.
    pub gso: Gso,
    /// Length of all headers, for the kernel's benefit.
    pub header_length: u16,
    /// Payload bytes per segment.
    pub gso_size: u16,
    /// Offset of the checksummed part.
    pub checksum_start: u16,
    /// Offset of the checksum inside the checksummed part.
    pub checksum_offset: u16,
}

impl VnetHeader {
    /// Reads a header and returns it with the packet behind it; `None` for a kind that was never asked for.
    pub fn decode(bytes: &[u8]) -> Option<(VnetHeader, &[u8])> {
        if bytes.len() < VNET_HEADER {
            return None;
        }
        let field = |at: usize| u16::from_ne_bytes([bytes[at], bytes[at + 1]]);
        // Bit 7 marks a packet with ECN set, which is segmented like any other.
        let gso = match bytes[1] & 0x7f {
            0 => Gso::None,
            1 => Gso::Tcp4,
            4 => Gso::Tcp6,
            5 => Gso::Udp,
            _ => return None,
        };
        let header = VnetHeader {
            needs_checksum: bytes[0] & NEEDS_CHECKSUM != 0,
            gso,
            header_length: field(2),
            gso_size: field(4),
            checksum_start: field(6),
            checksum_offset: field(8),
        };
        Some((header, &bytes[VNET_HEADER..]))
    }

    /// Returns the bytes of the header.
    pub fn encode(&self) -> [u8; VNET_HEADER] {
        let mut bytes = [0; VNET_HEADER];
        bytes[0] = if self.needs_checksum { NEEDS_CHECKSUM } else { 0 };
        bytes[1] = match self.gso {
            Gso::None => 0,
            Gso::Tcp4 => 1,
            Gso::Tcp6 => 4,
            Gso::Udp => 5,
        };
        bytes[2..4].copy_from_slice(&self.header_length.to_ne_bytes());
        bytes[4..6].copy_from_slice(&self.gso_size.to_ne_bytes());
        bytes[6..8].copy_from_slice(&self.checksum_start.to_ne_bytes());
        bytes[8..10].copy_from_slice(&self.checksum_offset.to_ne_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_it_encodes() {
        for gso in [Gso::None, Gso::Tcp4, Gso::Tcp6, Gso::Udp] {
            let header = VnetHeader {
                needs_checksum: true,
                gso,
                header_length: 54,
                gso_size: 1368,
                checksum_start: 20,
                checksum_offset: 16,
            };
            assert_eq!(VnetHeader::decode(&header.encode()), Some((header, &[][..])));
        }
    }

    #[test]
    fn refuses_short_and_unknown_headers() {
        assert_eq!(VnetHeader::decode(&[0; 9]), None);
        assert_eq!(VnetHeader::decode(&[0, 3, 0, 0, 0, 0, 0, 0, 0, 0]), None);
    }
}
