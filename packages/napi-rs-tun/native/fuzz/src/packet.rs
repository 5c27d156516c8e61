//! IP packets as the fuzzers build and judge them: slowly, and without the code under test.

use crate::input::Input;
use std::collections::HashMap;
use std::net::IpAddr;

/// Protocol numbers.
pub const TCP: u8 = 6;
/// Protocol number of UDP.
pub const UDP: u8 = 17;

/// The outline of a packet by a second, independent reading of RFC 791 and RFC 8200.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outline {
    pub source: IpAddr,
    pub destination: IpAddr,
    pub protocol: u8,
    pub header: usize,
    pub total: usize,
    pub is_fragment: bool,
}

/// Reads the outline; `None` when `bytes` do not start with a whole packet.
pub fn outline(bytes: &[u8]) -> Option<Outline> {
    let word = |at: usize| usize::from(bytes[at]) << 8 | usize::from(bytes[at + 1]);
    let is_v6 = bytes.first()? & 0xf0 == 0x60;
    if is_v6 {
        if bytes.len() < 40 || 40 + word(4) > bytes.len() {
            return None;
        }
        let address = |at: usize| IpAddr::from(std::array::from_fn::<u8, 16, _>(|i| bytes[at + i]));
        let (source, destination) = (address(8), address(24));
        let (protocol, total) = (bytes[6], 40 + word(4));
        return Some(Outline { source, destination, protocol, header: 40, total, is_fragment: false });
    }
    let header = usize::from(bytes[0] % 16) * 4;
    if bytes[0] & 0xf0 != 0x40 || bytes.len() < 20 || header < 20 || header > word(2) || word(2) > bytes.len()
    {
        return None;
    }
    let address = |at: usize| IpAddr::from(std::array::from_fn::<u8, 4, _>(|i| bytes[at + i]));
    let (source, destination) = (address(12), address(16));
    let has_more = bytes[6] & 0x20 != 0;
    let is_fragment = has_more || word(6) % 0x2000 != 0;
    Some(Outline { source, destination, protocol: bytes[9], header, total: word(2), is_fragment })
}

/// Returns the Internet checksum of `bytes` word by word (RFC 1071), on top of `initial`, not complemented.
pub fn slow_sum(bytes: &[u8], initial: u64) -> u16 {
    let mut total = initial;
    for (at, byte) in bytes.iter().enumerate() {
        total += u64::from(*byte) << if at % 2 == 0 { 8 } else { 0 };
    }
    while total > 0xffff {
        total = (total & 0xffff) + (total >> 16);
    }
    total as u16
}

/// Returns the sum of the pseudo header (RFC 793, RFC 8200 section 8.1) for the transport part of `packet`.
pub fn pseudo_sum(packet: &[u8], outline: &Outline) -> u16 {
    let addresses = if outline.source.is_ipv4() { 12..20 } else { 8..40 };
    let length = (outline.total - outline.header) as u64;
    slow_sum(&packet[addresses], u64::from(outline.protocol) + length)
}

/// Returns where in the packet the transport checksum stands, when it has one and is not a piece of a packet.
pub fn checksum_field(outline: &Outline) -> Option<usize> {
    let offset = match outline.protocol {
        TCP => 16,
        UDP => 6,
        _ => return None,
    };
    let at = outline.header + offset;
    (!outline.is_fragment && at + 2 <= outline.total).then_some(at)
}

/// Returns whether the transport checksum of a whole packet is right.
pub fn checksum_verifies(packet: &[u8], outline: &Outline) -> bool {
    let transport = &packet[outline.header..outline.total];
    slow_sum(transport, u64::from(pseudo_sum(packet, outline))) == 0xffff
}

/// Returns whether the header checksum of an IPv4 packet is right; IPv6 has none.
pub fn header_verifies(packet: &[u8], outline: &Outline) -> bool {
    outline.source.is_ipv6() || slow_sum(&packet[..outline.header], 0) == 0xffff
}

/// Writes the transport checksum of a whole packet, where it has one.
pub fn complete(packet: &mut [u8], outline: &Outline) {
    let Some(at) = checksum_field(outline) else { return };
    packet[at..at + 2].fill(0);
    let pseudo = u64::from(pseudo_sum(packet, outline));
    let sum = !slow_sum(&packet[outline.header..outline.total], pseudo);
    packet[at..at + 2].copy_from_slice(&if sum == 0 { 0xffff } else { sum }.to_be_bytes());
}

/// Makes the lengths of a packet true, and the checksum of an IPv4 header.
pub fn repair(packet: &mut [u8]) {
    let total = packet.len().min(0xffff);
    match packet.first().map(|first| first >> 4) {
        Some(4) if total >= 20 => {
            let header = (usize::from(packet[0] & 15) * 4).clamp(20, total / 4 * 4);
            packet[0] = 0x40 | (header / 4) as u8;
            packet[2..4].copy_from_slice(&(total as u16).to_be_bytes());
            repair_udp(packet, header, total, 9);
            packet[10..12].fill(0);
            let sum = !slow_sum(&packet[..header], 0);
            packet[10..12].copy_from_slice(&sum.to_be_bytes());
        }
        Some(6) if total >= 40 => {
            packet[4..6].copy_from_slice(&(total as u16 - 40).to_be_bytes());
            repair_udp(packet, 40, total, 6);
        }
        _ => (),
    }
}

fn repair_udp(packet: &mut [u8], header: usize, total: usize, protocol_at: usize) {
    if packet[protocol_at] == UDP && total >= header + 8 {
        packet[header + 4..header + 6].copy_from_slice(&((total - header) as u16).to_be_bytes());
    }
}

/// The next sequence number of each TCP flow that was built.
pub type Flows = HashMap<(bool, u8, u8), u32>;

const V6: u8 = 1;
const IS_UDP: u8 = 2;
const IS_OTHER: u8 = 4;
const HAS_OPTIONS: u8 = 8;
const CONTINUES: u8 = 16;
const IS_PIECE: u8 = 32;
const IS_WRONG: u8 = 64;
const IS_MUTATED: u8 = 128;

/// Payload lengths that trains are made of.
const LENGTHS: [usize; 8] = [0, 1, 7, 100, 100, 101, 500, 1380];

/// Returns one of a few addresses, so that packets meet: 10.0.0.N or fd00::N.
pub fn address(is_v6: bool, number: u8) -> IpAddr {
    if is_v6 {
        let mut octets = [0; 16];
        (octets[0], octets[15]) = (0xfd, number);
        octets.into()
    } else {
        [10, 0, 0, number].into()
    }
}

/// Builds a packet: `[what][addresses][ports][flags][length]`, then what these ask for.
pub fn build(input: &mut Input<'_>, flows: &mut Flows) -> Vec<u8> {
    let what = input.u8();
    let (ends, ports, flags) = (input.u8(), input.u8() % 4, input.u8());
    let length = LENGTHS[usize::from(input.u8() % 8)];
    let is_v6 = what & V6 != 0;
    let mut protocol = if what & IS_UDP != 0 { UDP } else { TCP };
    if what & IS_OTHER != 0 {
        protocol = input.u8();
    }
    let flow = (is_v6, ends, ports);
    let is_next = what & CONTINUES != 0;
    let seq = if is_next { flows.get(&flow).copied().unwrap_or(7) } else { u32::from(input.u16()) << 16 };
    let mut transport = match protocol {
        UDP => vec![0x10, ports, 0x20, 0, 0, 0, 0, 0],
        _ => tcp_header(seq, ports, flags, input, what & HAS_OPTIONS != 0),
    };
    flows.insert(flow, seq.wrapping_add(length as u32));
    transport.extend((0..length).map(|i| i as u8 ^ ends));
    let mut packet = if is_v6 { v6_header(protocol, ends) } else { v4_header(protocol, ends) };
    if what & HAS_OPTIONS != 0 {
        add_options(&mut packet, input, is_v6);
    }
    if what & IS_PIECE != 0 && !is_v6 {
        packet[6..8].copy_from_slice(&input.u16().to_be_bytes());
    }
    packet.extend_from_slice(&transport);
    finish(&mut packet, what, input);
    packet
}

fn finish(packet: &mut [u8], what: u8, input: &mut Input<'_>) {
    repair(packet);
    if let Some(outline) = outline(packet) {
        complete(packet, &outline);
        if what & IS_WRONG != 0 {
            packet[outline.header..outline.total]
                .iter_mut()
                .take(19)
                .last()
                .into_iter()
                .for_each(|b| *b ^= 1);
        }
    }
    if what & IS_MUTATED != 0 {
        let (at, change) = (usize::from(input.u16()) % packet.len(), input.u8());
        packet[at] ^= change;
        if change & 1 != 0 {
            repair(packet);
        }
    }
}

fn tcp_header(seq: u32, ports: u8, flags: u8, input: &mut Input<'_>, has_options: bool) -> Vec<u8> {
    let words = if has_options { input.below(11) } else { 0 };
    let mut tcp = vec![0x10, ports, 0x20, 0];
    tcp.extend_from_slice(&seq.to_be_bytes());
    tcp.extend_from_slice(&[0, 0, 0, 77, (5 + words) << 4, flags, 0x13, 0x88, 0, 0, 0, 0]);
    tcp.resize(20 + usize::from(words) * 4, 1);
    tcp
}

fn v4_header(protocol: u8, ends: u8) -> Vec<u8> {
    let (source, destination) = (ends & 3, ends >> 2 & 3);
    vec![0x45, 0, 0, 0, 0x10, 0, 0x40, 0, 64, protocol, 0, 0, 10, 0, 0, source, 10, 0, 0, destination]
}

fn v6_header(protocol: u8, ends: u8) -> Vec<u8> {
    let mut header = vec![0; 40];
    (header[0], header[6], header[7]) = (0x60, protocol, 64);
    (header[8], header[23]) = (0xfd, ends & 3);
    (header[24], header[39]) = (0xfd, ends >> 2 & 3);
    header
}

/// Adds up to ten words of IPv4 options, or up to three IPv6 extension headers.
fn add_options(packet: &mut Vec<u8>, input: &mut Input<'_>, is_v6: bool) {
    let count = input.u8();
    if !is_v6 {
        let words = count % 11;
        packet[0] = 0x45 + words;
        packet.resize(20 + usize::from(words) * 4, 1);
        return;
    }
    let last = packet[6];
    let mut next_at = 6;
    for _ in 0..count % 4 {
        packet[next_at] = [0, 43, 44, 60, 51][usize::from(input.below(5))];
        next_at = packet.len();
        let length = input.below(3);
        packet.extend_from_slice(&[last, length]);
        packet.extend_from_slice(&vec![0; 6 + 8 * usize::from(length)]);
    }
}
