//! Takes super-packets of the kernel apart: TCP and UDP segmentation, and checksums the kernel left open.

use crate::checksum;
use crate::ip::{self, IpPacket, TCP, UDP};
use crate::limits::HEADERS_BYTES_MAX;
use crate::vnet::{Gso, VnetHeader};

const TCP_FIN_PSH: u8 = 0x09;
const TCP_CWR: u8 = 0x80;

/// One packet of at most the interface's MTU, in two parts that follow each other.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// The headers, or the whole packet when it was not a super-packet.
    pub headers: &'a [u8],
    /// What follows.
    pub payload: &'a [u8],
    /// Whether the transport checksum holds only the sum of the pseudo header.
    pub is_partial: bool,
}

impl Segment<'_> {
    /// Returns the length of the packet.
    pub fn length(&self) -> usize {
        self.headers.len() + self.payload.len()
    }
}

/// A packet that contradicts itself or its virtio-net header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refused;

/// Calls `emit` with every packet in `packet`, which the kernel described by `vnet`.
///
/// Checksums stay partial only where `may_stay_partial` says so for the length of a packet. `packet` is changed.
pub fn segment(
    vnet: &VnetHeader,
    packet: &mut [u8],
    may_stay_partial: impl Fn(usize) -> bool,
    emit: impl FnMut(Segment<'_>),
) -> Result<(), Refused> {
    let outline = IpPacket::parse(packet).ok_or(Refused)?;
    let packet = &mut packet[..outline.total_length];
    if vnet.gso == Gso::None {
        return whole(vnet, &outline, packet, may_stay_partial, emit);
    }
    let layout = Layout::of(vnet, &outline, packet)?;
    split(&layout, &outline, packet, may_stay_partial, emit);
    Ok(())
}

fn whole(
    vnet: &VnetHeader,
    outline: &IpPacket,
    packet: &mut [u8],
    may_stay_partial: impl Fn(usize) -> bool,
    mut emit: impl FnMut(Segment<'_>),
) -> Result<(), Refused> {
    let mut is_partial = false;
    if vnet.needs_checksum {
        let (start, offset) = (usize::from(vnet.checksum_start), usize::from(vnet.checksum_offset));
        let is_plain = start == outline.header_length && outline.checksum_offset() == Some(offset);
        is_partial = is_plain && start + offset + 2 <= packet.len() && may_stay_partial(packet.len());
        if !is_partial && !ip::complete_checksum(packet, start, offset) {
            return Err(Refused);
        }
    }
    emit(Segment { headers: packet, payload: &[], is_partial });
    Ok(())
}

/// Returns the length of the longest packet in `packet`; `None` when `vnet` contradicts it.
pub fn longest(vnet: &VnetHeader, outline: &IpPacket, packet: &[u8]) -> Option<usize> {
    if vnet.gso == Gso::None {
        return Some(outline.total_length);
    }
    let layout = Layout::of(vnet, outline, &packet[..outline.total_length]).ok()?;
    Some(outline.total_length.min(layout.payload + layout.gso_size))
}

/// Where things are in a super-packet, checked against its length.
struct Layout {
    is_tcp: bool,
    transport: usize,
    checksum: usize,
    payload: usize,
    gso_size: usize,
}

impl Layout {
    fn of(vnet: &VnetHeader, outline: &IpPacket, packet: &[u8]) -> Result<Layout, Refused> {
        let transport = outline.header_length;
        let is_tcp = vnet.gso != Gso::Udp;
        let is_v6 = packet[0] >> 4 == 6;
        let family_fits = match vnet.gso {
            Gso::Tcp4 => !is_v6,
            Gso::Tcp6 => is_v6,
            _ => true,
        };
        let protocol_fits = outline.protocol == if is_tcp { TCP } else { UDP };
        let offset = outline.checksum_offset().ok_or(Refused)?;
        let transport_length = if is_tcp { tcp_header_length(packet, transport).ok_or(Refused)? } else { 8 };
        let payload = transport + transport_length;
        let start_fits = !vnet.needs_checksum || usize::from(vnet.checksum_start) == transport;
        let gso_size = usize::from(vnet.gso_size);
        if !family_fits || !protocol_fits || !start_fits || gso_size == 0 {
            return Err(Refused);
        }
        if payload > packet.len() || payload > HEADERS_BYTES_MAX {
            return Err(Refused);
        }
        Ok(Layout { is_tcp, transport, checksum: transport + offset, payload, gso_size })
    }
}

/// Returns the length of the TCP header at `transport`; `None` when it is not all there.
pub fn tcp_header_length(packet: &[u8], transport: usize) -> Option<usize> {
    let length = usize::from(packet.get(transport + 12)? >> 4) * 4;
    (length >= 20 && transport + length <= packet.len()).then_some(length)
}

fn split(
    layout: &Layout,
    outline: &IpPacket,
    packet: &[u8],
    may_stay_partial: impl Fn(usize) -> bool,
    mut emit: impl FnMut(Segment<'_>),
) {
    let (original, payload) = packet.split_at(layout.payload);
    let mut buffer = [0u8; HEADERS_BYTES_MAX];
    let headers = &mut buffer[..layout.payload];
    let count = payload.len().div_ceil(layout.gso_size).max(1);
    let address_sum = outline.address_sum();
    for number in 0..count {
        let start = number * layout.gso_size;
        let chunk = &payload[start..payload.len().min(start + layout.gso_size)];
        headers.copy_from_slice(original);
        let length = headers.len() + chunk.len();
        if headers[0] >> 4 == 4 {
            let id = u16::from_be_bytes([headers[4], headers[5]]).wrapping_add(number as u16);
            headers[4..6].copy_from_slice(&id.to_be_bytes());
        }
        ip::set_total_length(headers, layout.transport, length);
        let transport_length = length - layout.transport;
        if layout.is_tcp {
            set_tcp_fields(&mut headers[layout.transport..], start as u32, number == 0, number + 1 == count);
        } else {
            headers[layout.transport + 4..layout.transport + 6]
                .copy_from_slice(&(transport_length as u16).to_be_bytes());
        }
        let is_partial = may_stay_partial(length);
        let pseudo = checksum::add(address_sum, transport_length as u16);
        set_checksum(headers, layout, pseudo, (!is_partial).then_some(chunk));
        emit(Segment { headers, payload: chunk, is_partial });
    }
}

/// FIN and PSH belong to the last segment, CWR to the first.
fn set_tcp_fields(tcp: &mut [u8], offset: u32, is_first: bool, is_last: bool) {
    let seq = u32::from_be_bytes([tcp[4], tcp[5], tcp[6], tcp[7]]).wrapping_add(offset);
    tcp[4..8].copy_from_slice(&seq.to_be_bytes());
    if !is_last {
        tcp[13] &= !TCP_FIN_PSH;
    }
    if !is_first {
        tcp[13] &= !TCP_CWR;
    }
}

/// Writes the sum of the pseudo header, or the whole checksum when the payload is given.
fn set_checksum(headers: &mut [u8], layout: &Layout, pseudo: u16, payload: Option<&[u8]>) {
    let at = layout.checksum;
    headers[at..at + 2].copy_from_slice(&pseudo.to_be_bytes());
    if let Some(payload) = payload {
        // All headers are of even length, so the sums of header and payload can be added.
        let sum = !checksum::sum(payload, checksum::sum(&headers[layout.transport..], 0));
        let sum = if sum == 0 { 0xffff } else { sum };
        headers[at..at + 2].copy_from_slice(&sum.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ip::tests::{is_valid, tcp_packet, udp_packet};
    use proptest::prelude::*;

    fn all(vnet: &VnetHeader, packet: &[u8], partial: bool) -> Result<Vec<(Vec<u8>, bool)>, Refused> {
        let mut found = Vec::new();
        segment(
            vnet,
            &mut packet.to_vec(),
            |_| partial,
            |s| {
                found.push(([s.headers, s.payload].concat(), s.is_partial));
            },
        )?;
        Ok(found)
    }

    fn vnet(gso: Gso, gso_size: u16, start: u16, offset: u16) -> VnetHeader {
        VnetHeader {
            needs_checksum: true,
            gso,
            gso_size,
            header_length: 0,
            checksum_start: start,
            checksum_offset: offset,
        }
    }

    #[test]
    fn splits_tcp_with_sequence_numbers_ids_and_flags() {
        let payload: Vec<u8> = (0..3001u32).map(|i| i as u8).collect();
        for is_v6 in [false, true] {
            let packet = tcp_packet(is_v6, u32::MAX - 500, 0x99, &payload);
            let (gso, start) = if is_v6 { (Gso::Tcp6, 40) } else { (Gso::Tcp4, 20) };
            let segments = all(&vnet(gso, 1000, start, 16), &packet, false).unwrap();
            assert_eq!(segments.len(), 4);
            let at = usize::from(start);
            let mut joined = Vec::new();
            for (number, (segment, is_partial)) in segments.iter().enumerate() {
                assert!(is_valid(segment) && !is_partial);
                let seq = u32::from_be_bytes(segment[at + 4..at + 8].try_into().unwrap());
                assert_eq!(seq, (u32::MAX - 500).wrapping_add(number as u32 * 1000));
                assert_eq!(segment[at + 13], [0x90, 0x10, 0x10, 0x19][number]);
                if !is_v6 {
                    assert_eq!(segment[4..6], (0x1000 + number as u16).to_be_bytes());
                }
                joined.extend_from_slice(&segment[at + 20..]);
            }
            assert_eq!(joined, payload);
        }
    }

    #[test]
    fn splits_udp_into_datagrams() {
        for is_v6 in [false, true] {
            let packet = udp_packet(is_v6, &[7; 250]);
            let start = if is_v6 { 40 } else { 20 };
            let segments = all(&vnet(Gso::Udp, 100, start, 6), &packet, false).unwrap();
            let lengths: Vec<usize> =
                segments.iter().map(|(s, _)| s.len() - usize::from(start) - 8).collect();
            assert_eq!(lengths, [100, 100, 50]);
            assert!(segments.iter().all(|(s, _)| is_valid(s)));
        }
    }

    #[test]
    fn completes_or_keeps_a_partial_checksum() {
        let mut packet = tcp_packet(false, 1, 0x10, b"data");
        let valid = packet.clone();
        let pseudo = IpPacket::parse(&packet).unwrap().pseudo_sum(24);
        packet[36..38].copy_from_slice(&pseudo.to_be_bytes());
        let header = vnet(Gso::None, 0, 20, 16);
        assert_eq!(all(&header, &packet, false).unwrap(), [(valid, false)]);
        assert_eq!(all(&header, &packet, true).unwrap(), [(packet.clone(), true)]);
        assert_eq!(all(&vnet(Gso::None, 0, 60, 16), &packet, true), Err(Refused));
    }

    #[test]
    fn keeps_the_pseudo_sum_of_each_segment_when_partial() {
        let packet = tcp_packet(false, 1, 0x10, &[1; 2500]);
        for (mut segment, is_partial) in all(&vnet(Gso::Tcp4, 1000, 20, 16), &packet, true).unwrap() {
            assert!(is_partial && !is_valid(&segment));
            ip::complete_checksum(&mut segment, 20, 16);
            assert!(is_valid(&segment));
        }
    }

    #[test]
    fn refuses_headers_that_contradict_the_packet() {
        let packet = tcp_packet(false, 1, 0x10, &[1; 100]);
        for header in [
            vnet(Gso::Tcp6, 50, 20, 16),
            vnet(Gso::Udp, 50, 20, 6),
            vnet(Gso::Tcp4, 0, 20, 16),
            vnet(Gso::Tcp4, 50, 24, 16),
        ] {
            assert_eq!(all(&header, &packet, false), Err(Refused));
        }
    }

    proptest! {
        #[test]
        fn survives_anything(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            header in prop::collection::vec(any::<u8>(), 10),
            version in prop::sample::select(vec![0x45u8, 0x46, 0x60, 0x4f]),
            protocol in prop::sample::select(vec![6u8, 17, 1]),
        ) {
            let mut bytes = bytes;
            let length = bytes.len() as u16;
            if bytes.len() > 10 {
                bytes[0] = version;
                if version == 0x60 {
                    bytes[4..6].copy_from_slice(&length.saturating_sub(40).to_be_bytes());
                    bytes[6] = protocol;
                } else {
                    bytes[2..4].copy_from_slice(&length.to_be_bytes());
                    bytes[6..8].fill(0);
                    bytes[9] = protocol;
                }
            }
            let mut header = header;
            header[1] %= 6;
            if let Some((vnet, _)) = VnetHeader::decode(&header) {
                let _ = segment(&vnet, &mut bytes, |length| length % 2 == 0, |_| ());
            }
        }
    }
}
