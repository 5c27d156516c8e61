//! What the data plane needs to know of IPv4, IPv6, TCP and UDP headers.

use crate::checksum;
use std::net::IpAddr;

/// Protocol number of TCP.
pub const TCP: u8 = 6;
/// Protocol number of UDP.
pub const UDP: u8 = 17;

/// The outline of an IP packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IpPacket {
    /// Who sent it.
    pub source: IpAddr,
    /// Who shall receive it.
    pub destination: IpAddr,
    /// What follows the IP header. IPv6 extension headers are not walked.
    pub protocol: u8,
    /// Where the IP header ends.
    pub header_length: usize,
    /// Length of the packet as its header says; never more than the bytes given.
    pub total_length: usize,
    /// Whether it is one piece of a larger packet.
    pub is_fragment: bool,
}

impl IpPacket {
    /// Reads the outline; `None` when `bytes` do not start with a whole IP packet.
    pub fn parse(bytes: &[u8]) -> Option<IpPacket> {
        match bytes.first()? >> 4 {
            4 => parse_v4(bytes),
            6 => parse_v6(bytes),
            _ => None,
        }
    }

    /// Returns the offset of the checksum inside the transport header, for protocols that segmentation knows.
    pub fn checksum_offset(&self) -> Option<usize> {
        match self.protocol {
            _ if self.is_fragment => None,
            TCP => Some(16),
            UDP => Some(6),
            _ => None,
        }
    }

    /// Returns the sum of the pseudo header for a transport segment of `length` bytes.
    pub fn pseudo_sum(&self, length: usize) -> u16 {
        checksum::add(self.address_sum(), length as u16)
    }

    /// Returns the part of the pseudo header's sum that does not depend on the length.
    pub fn address_sum(&self) -> u16 {
        let addresses = match (self.source, self.destination) {
            (IpAddr::V4(a), IpAddr::V4(b)) => checksum::sum(&b.octets(), checksum::sum(&a.octets(), 0)),
            (IpAddr::V6(a), IpAddr::V6(b)) => checksum::sum(&b.octets(), checksum::sum(&a.octets(), 0)),
            _ => 0,
        };
        checksum::add(addresses, u16::from(self.protocol))
    }
}

fn parse_v4(bytes: &[u8]) -> Option<IpPacket> {
    let header: &[u8; 20] = bytes.get(..20)?.try_into().ok()?;
    let header_length = usize::from(header[0] & 15) * 4;
    let total_length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    if header_length < 20 || total_length < header_length || total_length > bytes.len() {
        return None;
    }
    let octets = |at: usize| [header[at], header[at + 1], header[at + 2], header[at + 3]];
    Some(IpPacket {
        source: octets(12).into(),
        destination: octets(16).into(),
        protocol: header[9],
        header_length,
        total_length,
        is_fragment: u16::from_be_bytes([header[6], header[7]]) & 0x3fff != 0,
    })
}

fn parse_v6(bytes: &[u8]) -> Option<IpPacket> {
    let header: &[u8; 40] = bytes.get(..40)?.try_into().ok()?;
    let total_length = 40 + usize::from(u16::from_be_bytes([header[4], header[5]]));
    if total_length > bytes.len() {
        return None;
    }
    let octets = |at: usize| <[u8; 16]>::try_from(&header[at..at + 16]).unwrap_or_default();
    Some(IpPacket {
        source: octets(8).into(),
        destination: octets(24).into(),
        protocol: header[6],
        header_length: 40,
        total_length,
        is_fragment: false,
    })
}

/// Writes the total length of the packet in `bytes` and, for IPv4, the header checksum that follows from it.
pub fn set_total_length(bytes: &mut [u8], header_length: usize, total_length: usize) {
    if bytes[0] >> 4 == 6 {
        bytes[4..6].copy_from_slice(&((total_length - 40) as u16).to_be_bytes());
        return;
    }
    bytes[2..4].copy_from_slice(&(total_length as u16).to_be_bytes());
    bytes[10..12].fill(0);
    let sum = !checksum::sum(&bytes[..header_length], 0);
    bytes[10..12].copy_from_slice(&sum.to_be_bytes());
}

/// Fills in the transport checksum over `bytes[start..]`, whose field holds the sum of the pseudo header.
///
/// Returns false when the field is outside of `bytes`.
pub fn complete_checksum(bytes: &mut [u8], start: usize, offset: usize) -> bool {
    let at = start + offset;
    if at + 2 > bytes.len() {
        return false;
    }
    let sum = !checksum::sum(&bytes[start..], 0);
    // RFC 768: a computed zero is sent as all ones; for TCP the two mean the same.
    let sum = if sum == 0 { 0xffff } else { sum };
    bytes[at..at + 2].copy_from_slice(&sum.to_be_bytes());
    true
}

/// Completes a partial checksum from scratch, whatever the field held.
pub fn fill_in_checksum(packet: &mut [u8], outline: &IpPacket) {
    let Some(offset) = outline.checksum_offset() else { return };
    let transport = outline.header_length;
    let pseudo = outline.pseudo_sum(outline.total_length - transport);
    if let Some(field) = packet.get_mut(transport + offset..transport + offset + 2) {
        field.copy_from_slice(&pseudo.to_be_bytes());
        complete_checksum(packet, transport, offset);
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Builds a TCP packet with the right checksums.
    pub fn tcp_packet(is_v6: bool, seq: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
        let mut tcp = vec![0u8; 20];
        tcp[0..4].copy_from_slice(&[0x12, 0x34, 0x56, 0x78]);
        tcp[4..8].copy_from_slice(&seq.to_be_bytes());
        tcp[8..12].copy_from_slice(&77u32.to_be_bytes());
        tcp[12] = 5 << 4;
        tcp[13] = flags;
        tcp[14..16].copy_from_slice(&5000u16.to_be_bytes());
        tcp.extend_from_slice(payload);
        wrap(is_v6, TCP, tcp)
    }

    /// Builds a UDP packet with the right checksums.
    pub fn udp_packet(is_v6: bool, payload: &[u8]) -> Vec<u8> {
        let mut udp = vec![0x12, 0x34, 0x56, 0x78];
        udp.extend_from_slice(&(8 + payload.len() as u16).to_be_bytes());
        udp.extend_from_slice(&[0, 0]);
        udp.extend_from_slice(payload);
        wrap(is_v6, UDP, udp)
    }

    fn wrap(is_v6: bool, protocol: u8, transport: Vec<u8>) -> Vec<u8> {
        let mut packet;
        if is_v6 {
            packet = vec![0u8; 40];
            packet[0] = 0x60;
            packet[6] = protocol;
            packet[7] = 64;
            packet[8] = 0xfd;
            packet[23] = 1;
            packet[24] = 0xfd;
            packet[39] = 2;
        } else {
            packet = vec![0x45, 0, 0, 0, 0x10, 0, 0x40, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
        }
        let header = packet.len();
        packet.extend_from_slice(&transport);
        let total = packet.len();
        set_total_length(&mut packet, header, total);
        let outline = IpPacket::parse(&packet).unwrap();
        let offset = outline.checksum_offset().unwrap();
        let pseudo = outline.pseudo_sum(total - header);
        packet[header + offset..header + offset + 2].copy_from_slice(&pseudo.to_be_bytes());
        complete_checksum(&mut packet, header, offset);
        packet
    }

    /// Returns whether the checksums of `packet` are right.
    pub fn is_valid(packet: &[u8]) -> bool {
        let outline = IpPacket::parse(packet).unwrap();
        let transport = &packet[outline.header_length..outline.total_length];
        let header_ok = packet[0] >> 4 == 6 || checksum::sum(&packet[..outline.header_length], 0) == 0xffff;
        header_ok && checksum::sum(transport, outline.pseudo_sum(transport.len())) == 0xffff
    }

    #[test]
    fn builds_and_reads_both_families() {
        for is_v6 in [false, true] {
            let packet = tcp_packet(is_v6, 1, 0x10, b"hello");
            assert!(is_valid(&packet));
            let outline = IpPacket::parse(&packet).unwrap();
            assert_eq!((outline.protocol, outline.total_length), (TCP, packet.len()));
            assert!(is_valid(&udp_packet(is_v6, b"x")));
        }
    }

    #[test]
    fn refuses_lengths_that_lie() {
        let mut packet = tcp_packet(false, 1, 0x10, b"hello");
        assert!(IpPacket::parse(&packet[..packet.len() - 1]).is_none());
        packet[0] = 0x44;
        assert!(IpPacket::parse(&packet).is_none());
        packet[0] = 0x55;
        assert!(IpPacket::parse(&packet).is_none());
    }

    proptest! {
        #[test]
        fn parses_anything(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            if let Some(outline) = IpPacket::parse(&bytes) {
                prop_assert!(outline.total_length <= bytes.len());
                prop_assert!(outline.header_length <= outline.total_length);
            }
        }
    }
}
