//! What a router answers to a packet that is too long for its path: RFC 1191 for IPv4, RFC 4443 for IPv6.

use crate::checksum;
use crate::ip::{set_total_length, IpPacket};
use crate::limits::{TOO_BIG_BURST_MAX, TOO_BIG_PER_SECOND_MAX};
use std::net::IpAddr;

const ICMP4: u8 = 1;
const ICMP6: u8 = 58;
const ICMP_HEADER: usize = 8;
const ANSWER_HOPS: u8 = 64;
/// RFC 1812 §4.3.2.5: errors have the precedence of internetwork control.
const ANSWER_TOS: u8 = 0xc0;
/// RFC 1812 §4.3.2.3: an ICMP error has at most 576 bytes.
const ANSWER4_BYTES_MAX: usize = 576;
/// RFC 4443 §2.4 (c): an ICMPv6 error fits the smallest MTU of IPv6.
const ANSWER6_BYTES_MAX: usize = 1_280;
/// RFC 8200 §5: no link of IPv6 is narrower, so hosts need not send less.
pub const IPV6_MTU_MIN: usize = 1_280;

/// Returns whether the sender forbade routers to cut `packet` into fragments.
pub fn forbids_fragments(packet: &[u8]) -> bool {
    packet[0] >> 4 == 6 || packet[6] & 0x40 != 0
}

/// Returns the answer to `packet`, whose pieces of `length` bytes do not fit an MTU of `mtu`.
///
/// It seems to come from the packet's destination: an answer from an address of the host itself would be dropped as a
/// spoofed one. `None` for packets that nobody may answer: RFC 1122 §3.2.2, RFC 4443 §2.4 (e).
pub fn too_big(packet: &[u8], outline: &IpPacket, length: usize, mtu: usize) -> Option<Vec<u8>> {
    if !is_answerable(packet, outline) {
        return None;
    }
    match (outline.source, outline.destination) {
        (IpAddr::V4(_), IpAddr::V4(_)) => Some(too_big4(packet, outline, length, mtu)),
        (IpAddr::V6(_), IpAddr::V6(_)) => Some(too_big6(packet, outline, length, mtu)),
        _ => None,
    }
}

fn is_answerable(packet: &[u8], outline: &IpPacket) -> bool {
    let kind = packet.get(outline.header_length).copied().unwrap_or_default();
    let is_error = match outline.protocol {
        ICMP4 => matches!(kind, 3 | 4 | 5 | 11 | 12),
        ICMP6 => kind < 128,
        _ => false,
    };
    let is_later_fragment = packet[0] >> 4 == 4 && (packet[6] & 0x1f, packet[7]) != (0, 0);
    let is_group = outline.destination.is_multicast() || outline.source.is_multicast();
    !is_error && !is_later_fragment && !is_group && !outline.source.is_unspecified()
}

/// Type 3, code 4: fragmentation needed.
fn too_big4(packet: &[u8], outline: &IpPacket, length: usize, mtu: usize) -> Vec<u8> {
    let quoted = length.min(ANSWER4_BYTES_MAX - 20 - ICMP_HEADER);
    let mut answer = vec![0x45, ANSWER_TOS, 0, 0, 0, 0, 0, 0, ANSWER_HOPS, ICMP4, 0, 0];
    answer.extend_from_slice(&packet[16..20]);
    answer.extend_from_slice(&packet[12..16]);
    answer.extend_from_slice(&[3, 4, 0, 0, 0, 0]);
    answer.extend_from_slice(&(mtu.min(0xffff) as u16).to_be_bytes());
    quote(&mut answer, packet, outline, length, quoted);
    let total = answer.len();
    set_total_length(&mut answer, 20, total);
    let sum = !checksum::sum(&answer[20..], 0);
    answer[22..24].copy_from_slice(&sum.to_be_bytes());
    answer
}

/// Type 2: packet too big.
fn too_big6(packet: &[u8], outline: &IpPacket, length: usize, mtu: usize) -> Vec<u8> {
    let quoted = length.min(ANSWER6_BYTES_MAX - 40 - ICMP_HEADER);
    let mut answer = vec![0x60, 0, 0, 0, 0, 0, ICMP6, ANSWER_HOPS];
    answer.extend_from_slice(&packet[24..40]);
    answer.extend_from_slice(&packet[8..24]);
    answer.extend_from_slice(&[2, 0, 0, 0]);
    answer.extend_from_slice(&(mtu as u32).to_be_bytes());
    quote(&mut answer, packet, outline, length, quoted);
    let total = answer.len();
    set_total_length(&mut answer, 40, total);
    let Some(made) = IpPacket::parse(&answer) else { return answer };
    let sum = !checksum::sum(&answer[40..], made.pseudo_sum(total - 40));
    answer[42..44].copy_from_slice(&sum.to_be_bytes());
    answer
}

/// Appends the beginning of the packet; of a super-packet, that of its first piece.
fn quote(answer: &mut Vec<u8>, packet: &[u8], outline: &IpPacket, length: usize, quoted: usize) {
    let at = answer.len();
    answer.extend_from_slice(&packet[..quoted.min(packet.len())]);
    if length != outline.total_length && answer.len() >= at + outline.header_length {
        set_total_length(&mut answer[at..], outline.header_length, length);
    }
}

/// A bucket of answers. RFC 4443 §2.4 (f) asks for one; bursts are what a host's open connections cause.
pub struct AnswerBudget {
    left: u64,
    filled_at_ms: u64,
}

impl Default for AnswerBudget {
    fn default() -> Self {
        AnswerBudget { left: TOO_BIG_BURST_MAX, filled_at_ms: 0 }
    }
}

impl AnswerBudget {
    /// Takes one answer out of the bucket; returns false when it is empty.
    pub fn take(&mut self, now_ms: u64) -> bool {
        let earned = now_ms.saturating_sub(self.filled_at_ms).saturating_mul(TOO_BIG_PER_SECOND_MAX) / 1_000;
        if earned > 0 {
            self.left = self.left.saturating_add(earned).min(TOO_BIG_BURST_MAX);
            self.filled_at_ms = now_ms;
        }
        let is_given = self.left > 0;
        self.left -= u64::from(is_given);
        is_given
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ip::tests::{tcp_packet, udp_packet};
    use proptest::prelude::*;

    fn answer_to(packet: &[u8], length: usize, mtu: usize) -> Option<Vec<u8>> {
        too_big(packet, &IpPacket::parse(packet).unwrap(), length, mtu)
    }

    #[test]
    fn says_fragmentation_needed_with_the_mtu_and_a_quote_of_576_bytes() {
        let packet = tcp_packet(false, 1, 0x10, &[7; 1380]);
        let answer = answer_to(&packet, packet.len(), 1_220).unwrap();
        let outline = IpPacket::parse(&answer).unwrap();
        assert_eq!((outline.source, outline.destination), ([10, 0, 0, 2].into(), [10, 0, 0, 1].into()));
        assert_eq!((outline.protocol, outline.total_length, answer.len()), (1, 576, 576));
        assert_eq!(answer[20..22], [3, 4]);
        assert_eq!(answer[24..28], [0, 0, 0x04, 0xc4]);
        assert_eq!(answer[28..], packet[..548]);
        assert_eq!(checksum::sum(&answer[..20], 0), 0xffff);
        assert_eq!(checksum::sum(&answer[20..], 0), 0xffff);
    }

    #[test]
    fn says_packet_too_big_with_a_quote_within_1280_bytes() {
        let packet = udp_packet(true, &[7; 1350]);
        let answer = answer_to(&packet, packet.len(), 1_300).unwrap();
        let outline = IpPacket::parse(&answer).unwrap();
        assert_eq!((outline.protocol, answer.len()), (58, 1_280));
        assert_eq!(outline.source, IpPacket::parse(&packet).unwrap().destination);
        assert_eq!(answer[40..42], [2, 0]);
        assert_eq!(answer[44..48], [0, 0, 0x05, 0x14]);
        assert_eq!(answer[48..], packet[..1_232]);
        assert_eq!(checksum::sum(&answer[40..], outline.pseudo_sum(1_240)), 0xffff);
    }

    #[test]
    fn quotes_the_first_piece_of_a_super_packet() {
        let packet = tcp_packet(false, 1, 0x10, &[7; 9_000]);
        let answer = answer_to(&packet, 1_420, 1_220).unwrap();
        assert_eq!(answer[30..32], 1_420u16.to_be_bytes());
        assert_eq!(checksum::sum(&answer[28..48], 0), 0xffff);
        assert_eq!(answer[48..], packet[20..548]);
    }

    #[test]
    fn never_answers_errors_groups_and_later_fragments() {
        let mut error = udp_packet(false, &[3; 100]);
        error[9] = 1;
        error[20] = 3;
        assert_eq!(answer_to(&error, 128, 100), None);
        error[20] = 8;
        assert!(answer_to(&error, 128, 100).is_some(), "an echo request is no error");
        let mut fragment = tcp_packet(false, 1, 0x10, &[1; 100]);
        fragment[7] = 9;
        assert_eq!(answer_to(&fragment, 140, 100), None);
        let mut group = tcp_packet(false, 1, 0x10, &[1; 100]);
        group[16] = 224;
        assert_eq!(answer_to(&group, 140, 100), None);
        let mut error = udp_packet(true, &[3; 100]);
        (error[6], error[40]) = (58, 2);
        assert_eq!(answer_to(&error, 148, 100), None);
    }

    #[test]
    fn the_budget_is_a_burst_and_then_a_rate() {
        let mut budget = AnswerBudget::default();
        let given =
            |budget: &mut AnswerBudget, now_ms| (0..1_000).filter(|_| budget.take(now_ms)).count() as u64;
        assert_eq!(given(&mut budget, 5), TOO_BIG_BURST_MAX);
        assert_eq!(given(&mut budget, 6), 0);
        assert_eq!(given(&mut budget, 1_005), TOO_BIG_BURST_MAX.min(TOO_BIG_PER_SECOND_MAX));
        assert_eq!(given(&mut budget, u64::MAX), TOO_BIG_BURST_MAX);
    }

    proptest! {
        #[test]
        fn answers_anything(mut bytes in prop::collection::vec(any::<u8>(), 40..2000), is_v6: bool, length in 40usize..70_000) {
            let total = bytes.len() as u16;
            if is_v6 {
                bytes[0] = 0x60;
                bytes[4..6].copy_from_slice(&(total - 40).to_be_bytes());
            } else {
                bytes[0] = 0x45;
                bytes[2..4].copy_from_slice(&total.to_be_bytes());
            }
            let outline = IpPacket::parse(&bytes).unwrap();
            if let Some(answer) = too_big(&bytes, &outline, length.min(bytes.len()), 1_280) {
                prop_assert!(IpPacket::parse(&answer).is_some_and(|made| made.total_length == answer.len()));
            }
        }
    }
}
