//! What is joined, what is not, and that it comes apart into the same packets.

use super::*;
use crate::ip::tests::{is_valid, tcp_packet, udp_packet};
use crate::segment::segment;
use proptest::prelude::*;

/// Coalesces `packets` and returns what the kernel would get.
fn run(packets: &[Vec<u8>], is_partial: bool) -> Vec<(VnetHeader, Vec<u8>)> {
    let mut arena = packets.concat();
    let mut coalescer = Coalescer::new(true);
    let mut at = 0;
    for packet in packets {
        let outline = IpPacket::parse(packet).unwrap();
        coalescer.push(&arena, at..at + packet.len(), Admitted::unchecked(&outline), is_partial);
        at += packet.len();
    }
    let items: Vec<_> = coalescer.finish(&mut arena).iter().map(|i| (i.vnet, i.parts.clone())).collect();
    items
        .into_iter()
        .map(|(v, parts)| (v, parts.into_iter().flat_map(|p| arena[p].to_vec()).collect()))
        .collect()
}

/// Takes the super-packets apart again, as the kernel would.
fn taken_apart(items: Vec<(VnetHeader, Vec<u8>)>) -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    for (vnet, mut packet) in items {
        segment(&vnet, &mut packet, |_| false, |s| packets.push([s.headers, s.payload].concat())).unwrap();
    }
    packets
}

fn train(is_v6: bool, sizes: &[usize], last_flags: u8) -> Vec<Vec<u8>> {
    let mut seq = u32::MAX - 1500;
    let mut packets = Vec::new();
    for (number, &size) in sizes.iter().enumerate() {
        let flags = if number + 1 == sizes.len() { last_flags } else { ACK };
        packets.push(tcp_packet(is_v6, seq, flags, &vec![number as u8; size]));
        seq = seq.wrapping_add(size as u32);
    }
    packets
}

#[test]
fn joins_a_train_that_comes_apart_into_the_same_packets() {
    for is_v6 in [false, true] {
        let packets = train(is_v6, &[1000, 1000, 1000, 400], ACK | PSH);
        let items = run(&packets, false);
        assert_eq!(items.len(), 1);
        assert_eq!(items[0].0.gso_size, 1000);
        let mut apart = taken_apart(items);
        if !is_v6 {
            for packet in &mut apart {
                packet[4..6].copy_from_slice(&0x1000u16.to_be_bytes());
                let length = packet.len();
                ip::set_total_length(packet, 20, length);
            }
        }
        assert_eq!(apart, packets);
    }
}

#[test]
fn a_short_or_pushed_segment_ends_a_train() {
    assert_eq!(run(&train(false, &[1000, 400, 400], ACK), false).len(), 2);
    assert_eq!(run(&train(false, &[400, 1000], ACK), false).len(), 2);
    let mut packets = train(false, &[500, 500], ACK | PSH);
    packets.extend(train(false, &[500], ACK));
    assert_eq!(run(&packets, false).len(), 2);
}

#[test]
fn leaves_alone_what_segmentation_would_not_restore() {
    for flags in [0x11u8, 0x12, 0x14, 0x30, 0x50, 0x90] {
        assert_eq!(run(&train(false, &[500, 500, 500], flags), false).len(), 2);
    }
    let mut packets = train(false, &[500, 500], ACK);
    packets[1][8] = 3;
    let length = packets[1].len();
    ip::set_total_length(&mut packets[1], 20, length);
    assert_eq!(run(&packets, false).len(), 2);
    let mut packets = train(false, &[500, 500], ACK);
    packets[1][45] ^= 1;
    let items = run(&packets, false);
    assert_eq!(items.len(), 2);
    assert_eq!(items[1], (VnetHeader::default(), packets[1].clone()));
    let gap = [train(false, &[500], ACK), train(false, &[500], ACK)].concat();
    assert_eq!(run(&gap, false).len(), 2);
}

#[test]
fn a_damaged_header_stays_damaged() {
    for is_partial in [false, true] {
        for damaged in [0, 1] {
            let mut packets = train(false, &[500, 500], ACK);
            packets[damaged][10] ^= 1;
            let items = run(&packets, is_partial);
            assert_eq!(items.len(), 2);
            assert_eq!(items[damaged].1[..20], packets[damaged][..20]);
        }
    }
}

#[test]
fn nothing_of_a_flow_overtakes_a_packet_that_stays_alone() {
    let mut packets = train(false, &[500, 500, 500], ACK);
    packets.insert(1, tcp_packet(false, 7, 0x14, b""));
    let items = run(&packets, false);
    assert_eq!(items.len(), 3);
    assert_eq!(items[1].1, packets[1]);
}

#[test]
fn keeps_flows_apart_that_interleave() {
    let mut packets = train(false, &[500, 500], ACK);
    let mut others = train(true, &[300, 300], ACK);
    packets.insert(1, others.remove(0));
    packets.push(others.remove(0));
    assert_eq!(run(&packets, false).len(), 2);
}

#[test]
fn joins_udp_datagrams_of_one_size() {
    let packets = vec![udp_packet(false, &[1; 80]), udp_packet(false, &[2; 80]), udp_packet(false, &[3; 20])];
    let items = run(&packets, false);
    assert_eq!(items.len(), 1);
    assert_eq!(items[0].0.gso, Gso::Udp);
    let apart = taken_apart(items);
    assert_eq!(apart.len(), 3);
    assert!(apart.iter().zip(&packets).all(|(a, b)| is_valid(a) && a[28..] == b[28..]));
}

#[test]
fn a_lone_partial_packet_asks_the_kernel_for_its_checksum() {
    let mut packets = vec![tcp_packet(false, 1, 0x02, b"")];
    packets[0][36..38].fill(0);
    let items = run(&packets, true);
    assert!(items[0].0.needs_checksum);
    assert!(is_valid(&taken_apart(items)[0]));
}

proptest! {
    #[test]
    fn whatever_comes_keeps_each_flows_bytes_in_order(
        steps in prop::collection::vec((any::<bool>(), 0usize..4, 0u8..3, any::<bool>()), 1..60),
    ) {
        let mut seqs = [5u32, 9];
        let mut packets = Vec::new();
        for (is_v6, size, flags, gap) in steps {
            let seq = &mut seqs[usize::from(is_v6)];
            let size = [0usize, 7, 100, 100][size];
            if gap && size == 7 { *seq += 50; }
            packets.push(tcp_packet(is_v6, *seq, [ACK, ACK, ACK | PSH][usize::from(flags)], &vec![packets.len() as u8; size]));
            *seq += size as u32;
        }
        let apart = taken_apart(run(&packets, false));
        for version in [4, 6] {
            let of = |list: &[Vec<u8>]| -> Vec<Vec<u8>> {
                let header = if version == 4 { 20 } else { 40 };
                list.iter().filter(|p| p[0] >> 4 == version).map(|p| p[header..].to_vec()).collect()
            };
            prop_assert_eq!(of(&apart), of(&packets));
        }
        prop_assert!(apart.iter().all(|packet| is_valid(packet)));
    }
}
