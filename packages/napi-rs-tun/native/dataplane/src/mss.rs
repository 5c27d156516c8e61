//! Keeps the segments that a TCP connection announces within the path (RFC 9293 §3.7.1, as routers do it).

use crate::ip::{IpPacket, TCP};

const SYN: u8 = 0x02;
const OPTIONS_AT: usize = 20;
const OPTION_END: u8 = 0;
const OPTION_NOTHING: u8 = 1;
const OPTION_MSS: u8 = 2;
/// RFC 9293 §3.7.1: what a host assumes without the option; announcing less helps no path that IP can use.
const MSS_MIN: u16 = 536;

/// Returns whether `packet` is a SYN.
pub fn opens_connection(packet: &[u8], outline: &IpPacket) -> bool {
    let is_tcp = outline.protocol == TCP && !outline.is_fragment;
    is_tcp && packet.get(outline.header_length + 13).is_some_and(|flags| flags & SYN != 0)
}

/// Lowers the segment size that a SYN announces to what fits packets of `packet_max` bytes.
///
/// With a partial checksum the sum is completed later, over the new bytes.
pub fn clamp(packet: &mut [u8], outline: &IpPacket, packet_max: usize, is_partial: bool) {
    // What stands behind the packet is none of its options.
    let Some(packet) = packet.get_mut(..outline.total_length) else { return };
    if !opens_connection(packet, outline) {
        return;
    }
    let at = outline.header_length;
    let ip_header = if packet[0] >> 4 == 6 { 40 } else { 20 };
    let mss_max = packet_max.saturating_sub(ip_header + OPTIONS_AT).min(0xffff) as u16;
    let Some(field) = mss_field(packet, at) else { return };
    let announced = u16::from_be_bytes([packet[field], packet[field + 1]]);
    let wanted = mss_max.max(MSS_MIN);
    if announced <= wanted {
        return;
    }
    packet[field..field + 2].copy_from_slice(&wanted.to_be_bytes());
    if !is_partial {
        update_checksum(packet, at, field, announced, wanted);
    }
}

/// Returns where the value of the option stands.
fn mss_field(packet: &[u8], tcp: usize) -> Option<usize> {
    let end = tcp + usize::from(packet.get(tcp + 12)? >> 4) * 4;
    let options = packet.get(tcp + OPTIONS_AT..end)?;
    let mut at = 0;
    loop {
        match options.get(at)? {
            &OPTION_END => return None,
            &OPTION_NOTHING => at += 1,
            kind => {
                let length = usize::from(*options.get(at + 1)?);
                if *kind == OPTION_MSS && length == 4 && at + 4 <= options.len() {
                    return Some(tcp + OPTIONS_AT + at + 2);
                }
                at += length.max(2);
            }
        }
    }
}

/// RFC 1624: HC' = ~(~HC + ~m + m'). An option at an odd offset lies across two words, whose bytes are swapped.
fn update_checksum(packet: &mut [u8], tcp: usize, field: usize, old: u16, new: u16) {
    let is_odd = (field - tcp) % 2 == 1;
    let (old, new) = if is_odd { (old.swap_bytes(), new.swap_bytes()) } else { (old, new) };
    let sum = u16::from_be_bytes([packet[tcp + 16], packet[tcp + 17]]);
    let total = u32::from(!sum) + u32::from(!old) + u32::from(new);
    let folded = (total & 0xffff) + (total >> 16);
    let folded = (folded & 0xffff) + (folded >> 16);
    packet[tcp + 16..tcp + 18].copy_from_slice(&(!(folded as u16)).to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ip::tests::{is_valid, tcp_packet};
    use crate::ip::{fill_in_checksum, set_total_length};
    use proptest::prelude::*;

    /// Builds a segment with `options`, a multiple of four bytes.
    fn with_options(is_v6: bool, flags: u8, options: &[u8]) -> Vec<u8> {
        let mut packet = tcp_packet(is_v6, 1, flags, options);
        let tcp = if is_v6 { 40 } else { 20 };
        packet[tcp + 12] = ((20 + options.len() as u8) / 4) << 4;
        let total = packet.len();
        set_total_length(&mut packet, tcp, total);
        let outline = IpPacket::parse(&packet).unwrap();
        fill_in_checksum(&mut packet, &outline);
        packet
    }

    fn clamped(packet: &[u8], packet_max: usize) -> Vec<u8> {
        let mut packet = packet.to_vec();
        let outline = IpPacket::parse(&packet).unwrap();
        clamp(&mut packet, &outline, packet_max, false);
        packet
    }

    #[test]
    fn lowers_what_a_syn_announces_and_keeps_the_checksum_right() {
        for (is_v6, tcp, expected) in [(false, 20, 1_160u16), (true, 40, 1_140)] {
            for options in [&[2, 4, 5, 180][..], &[1, 2, 4, 5, 180, 0, 0, 0], &[8, 2, 2, 4, 9, 9, 1, 1]] {
                let packet = with_options(is_v6, 0x12, options);
                let result = clamped(&packet, 1_200);
                assert!(is_valid(&result));
                let field = mss_field(&result, tcp).unwrap();
                assert_eq!(result[field..field + 2], expected.to_be_bytes());
                assert_eq!(clamped(&packet, 9_000), packet);
            }
        }
    }

    #[test]
    fn leaves_other_segments_and_small_sizes_alone() {
        for packet in [
            with_options(false, 0x10, &[2, 4, 5, 180]),
            with_options(false, 0x02, &[2, 4, 2, 24]),
            with_options(false, 0x02, &[0, 2, 4, 5, 180, 0, 0, 0]),
            with_options(false, 0x02, &[2, 40, 5, 180]),
        ] {
            assert_eq!(clamped(&packet, 600), packet);
        }
        let packet = clamped(&with_options(false, 0x02, &[2, 4, 5, 180]), 100);
        assert_eq!(packet[42..44], MSS_MIN.to_be_bytes());
    }

    #[test]
    fn what_stands_behind_the_packet_is_no_option() {
        let whole = with_options(false, 0x02, &[1, 2, 4, 5, 180, 1, 1, 1]);
        for cut in 1..=8 {
            let mut packet = whole.clone();
            set_total_length(&mut packet, 20, whole.len() - cut);
            assert_eq!(clamped(&packet, 600), packet, "{cut}");
        }
    }

    proptest! {
        #[test]
        fn survives_any_options(options in prop::collection::vec(0u8..8, 0..10), odd in any::<[u8; 4]>(), max in 0usize..70_000) {
            let mut options = options;
            options.extend_from_slice(&odd);
            options.resize(options.len().div_ceil(4) * 4, 0);
            let packet = with_options(false, 0x02, &options);
            prop_assert!(is_valid(&clamped(&packet, max)));
        }
    }
}
