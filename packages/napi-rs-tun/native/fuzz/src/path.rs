//! What keeps packets within their path: lowered segment sizes and ICMP answers, against a second reading of the RFCs.

use crate::input::Input;
use crate::packet::{self, Outline, TCP};
use dataplane::icmp::{self, AnswerBudget};
use dataplane::ip::IpPacket;
use dataplane::mss;

const REPAIRS: u8 = 1;
const IS_PARTIAL: u8 = 2;
const COMPLETES: u8 = 4;
const IS_PIECE: u8 = 8;

/// `[mode][packet_max u16][length u16][mtu u16][eight steps of time][packet]`
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let mode = input.u8();
    let (packet_max, length, mtu) = (input.u16().into(), usize::from(input.u16()), input.u16().into());
    check_budget(input.bytes(8));
    let mut packet = input.rest().to_vec();
    if mode & REPAIRS != 0 {
        packet::repair(&mut packet);
    }
    let Some(outline) = packet::outline(&packet) else { return };
    if mode & COMPLETES != 0 {
        packet::complete(&mut packet, &outline);
    }
    check_clamp(&packet, &outline, packet_max, mode & IS_PARTIAL != 0);
    let is_piece = mode & IS_PIECE != 0;
    let length =
        if is_piece { outline.header + length % (outline.total - outline.header + 1) } else { outline.total };
    let parsed = IpPacket::parse(&packet).expect("both parsers agree");
    let answer = icmp::too_big(&packet, &parsed, length, mtu);
    assert_eq!(answer.is_some(), is_answerable(&packet, &outline));
    if let Some(answer) = answer {
        check_answer(&answer, &packet, &outline, length, mtu);
    }
}

/// In no time more answers than the burst and what the time earned.
fn check_budget(steps: &[u8]) {
    let mut budget = AnswerBudget::default();
    let (mut now_ms, mut given) = (0, 0);
    for step in steps {
        now_ms += u64::from(*step) * 3;
        given += (0..80).filter(|_| budget.take(now_ms)).count() as u64;
        assert!(given <= 64 + now_ms / 10);
    }
}

fn check_clamp(packet: &[u8], outline: &Outline, packet_max: usize, is_partial: bool) {
    let parsed = IpPacket::parse(packet).expect("both parsers agree");
    let mut found = packet.to_vec();
    mss::clamp(&mut found, &parsed, packet_max, is_partial);
    let mut expected = packet.to_vec();
    clamp(&mut expected, outline, packet_max, is_partial);
    assert_eq!(found, expected);
    let was_right = packet::checksum_field(outline).is_some() && packet::checksum_verifies(packet, outline);
    assert!(is_partial || !was_right || packet::checksum_verifies(&found, outline));
}

/// Lowers the segment size of a SYN, slowly: the sum is made anew from the old one's error.
pub fn clamp(packet: &mut [u8], outline: &Outline, packet_max: usize, is_partial: bool) {
    let headers = if outline.source.is_ipv4() { 40 } else { 60 };
    let wanted = packet_max.saturating_sub(headers).clamp(536, 0xffff);
    let Some(at) = segment_size_at(packet, outline) else { return };
    let announced = usize::from(packet[at]) << 8 | usize::from(packet[at + 1]);
    if announced <= wanted {
        return;
    }
    let sum_of = |packet: &[u8]| packet::slow_sum(&packet[outline.header..outline.total], 0);
    let before = sum_of(packet);
    packet[at..at + 2].copy_from_slice(&(wanted as u16).to_be_bytes());
    if is_partial {
        return;
    }
    let field = outline.header + 16;
    let old = u16::from_be_bytes([packet[field], packet[field + 1]]);
    packet[field..field + 2].fill(0);
    let without = sum_of(packet);
    // The sum over everything stays what it was, so a wrong checksum stays wrong by as much.
    let candidates = [u32::from(before), u32::from(before) + 0xffff];
    let value = candidates.iter().find_map(|sum| sum.checked_sub(u32::from(without)));
    let value = value.unwrap_or(u32::from(old)) as u16;
    packet[field..field + 2].copy_from_slice(&value.to_be_bytes());
}

/// Returns where in a SYN the value of the first maximum segment size option stands (RFC 9293 §3.2).
fn segment_size_at(packet: &[u8], outline: &Outline) -> Option<usize> {
    let tcp = &packet[outline.header..outline.total];
    let is_syn = outline.protocol == TCP && !outline.is_fragment && tcp.len() >= 20 && tcp[13] & 2 != 0;
    let end = usize::from(*tcp.get(12)? >> 4) * 4;
    if !is_syn || end < 20 || end > tcp.len() {
        return None;
    }
    let mut at = 20;
    while at < end && tcp[at] != 0 {
        if tcp[at] == 1 {
            at += 1;
            continue;
        }
        if at + 1 >= end {
            return None;
        }
        if tcp[at] == 2 && tcp[at + 1] == 4 && at + 4 <= end {
            return Some(outline.header + at + 2);
        }
        at += usize::from(tcp[at + 1]).max(2);
    }
    None
}

/// Returns whether anybody may answer `packet` with an error (RFC 1122 §3.2.2, RFC 4443 §2.4 e).
pub fn is_answerable(packet: &[u8], outline: &Outline) -> bool {
    let first = if outline.header < packet.len() { packet[outline.header] } else { 0 };
    let is_error =
        outline.protocol == 1 && [3, 4, 5, 11, 12].contains(&first) || outline.protocol == 58 && first < 128;
    let is_later_piece =
        outline.source.is_ipv4() && (u16::from(packet[6] & 0x1f) | u16::from(packet[7])) != 0;
    let is_strange = outline.source.is_unspecified()
        || outline.source.is_multicast()
        || outline.destination.is_multicast();
    !is_error && !is_later_piece && !is_strange
}

/// Checks an answer to `packet`, whose pieces have `length` bytes.
pub fn check_answer(answer: &[u8], packet: &[u8], outline: &Outline, length: usize, mtu: usize) {
    let made = packet::outline(answer).expect("an answer is a packet");
    assert_eq!(made.total, answer.len());
    assert_eq!((made.source, made.destination), (outline.destination, outline.source));
    let icmp = &answer[made.header..];
    let word = |at: usize| u32::from_be_bytes([icmp[at], icmp[at + 1], icmp[at + 2], icmp[at + 3]]);
    let is_v4 = outline.source.is_ipv4();
    if is_v4 {
        assert!(answer.len() <= 576 && packet::header_verifies(answer, &made));
        assert_eq!((made.protocol, icmp[0], icmp[1], word(4)), (1, 3, 4, mtu as u32));
        assert_eq!(packet::slow_sum(icmp, 0), 0xffff);
    } else {
        assert!(answer.len() <= 1_280);
        assert_eq!((made.protocol, icmp[0], icmp[1], word(4)), (58, 2, 0, mtu as u32));
        assert!(packet::checksum_verifies(answer, &made));
    }
    let room = if is_v4 { 548 } else { 1_232 };
    let quote = &icmp[8..];
    assert_eq!(quote.len(), length.min(room));
    let mut expected = packet[..quote.len()].to_vec();
    if length != outline.total && quote.len() >= outline.header {
        let field = if is_v4 { 2..4 } else { 4..6 };
        let said = if is_v4 { length } else { length - 40 };
        expected[field].copy_from_slice(&(said as u16).to_be_bytes());
        if is_v4 {
            expected[10..12].copy_from_slice(&quote[10..12]);
            assert_eq!(packet::slow_sum(&quote[..outline.header], 0), 0xffff);
        }
    }
    assert_eq!(quote, expected);
}
