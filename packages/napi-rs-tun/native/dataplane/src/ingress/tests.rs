//! What becomes of datagrams of every kind, by example and at random.

use super::*;
use crate::egress::tests::{plane, tcp4, Kept};
use crate::egress::Egress;
use crate::ip::tests::{is_valid, tcp_packet};
use crate::plane::Plane;
use proptest::prelude::*;

#[derive(Default)]
struct Heard(Vec<(Option<u32>, String, Vec<u8>)>);

impl Listener for Heard {
    fn forward(&mut self, _to: Endpoint, _frames: &[u8], _size: usize) -> u64 {
        panic!("there is no relay channel")
    }

    fn notice(&mut self, session: Option<&Session>, _source: Endpoint, notice: Notice<'_>) {
        let bytes = match notice {
            Notice::Datagram(bytes) | Notice::Frame(bytes) | Notice::Packet(bytes) => bytes,
            Notice::Confirmed | Notice::Moved => &[],
        };
        let name = format!("{notice:?}").split('(').next().unwrap_or_default().to_owned();
        self.0.push((session.map(|s| s.local_index), name, bytes.to_vec()));
    }
}

fn source(port: u16) -> Endpoint {
    Endpoint::direct(0, ([192, 0, 2, 1], port).into())
}

/// Lets `plane` receive `datagrams`; returns what goes to the interface.
fn receive(
    plane: &Plane,
    datagrams: &[Vec<u8>],
    port: u16,
    heard: &mut Heard,
    ingress: &mut Ingress,
) -> Vec<Vec<u8>> {
    let mut arena = datagrams.concat();
    let mut at = 0;
    for datagram in datagrams {
        let range = at..at + datagram.len();
        let arrival = Arrival { source: source(port), now_ms: 0 };
        // An empty datagram is a train without datagrams.
        ingress.train(&plane.tables(), &mut arena, range, datagram.len(), arrival, heard);
        at += datagram.len();
    }
    let items: Vec<_> = ingress.coalescer.finish(&mut arena).iter().map(|i| i.parts.clone()).collect();
    ingress.coalescer.clear();
    items.into_iter().map(|parts| parts.into_iter().flat_map(|p| arena[p].to_vec()).collect()).collect()
}

fn sent_by_alice(payload: usize) -> (Plane, Vec<Vec<u8>>) {
    let alice = plane(1);
    let mut egress = Egress::default();
    let mut kept = Kept::default();
    let mut packet = tcp_packet(false, 1, 0x10, &vec![7; payload]);
    egress.packet(&alice.tables(), &tcp4(1380), &mut packet, &mut kept);
    egress.flush(&mut kept);
    (alice, kept.datagrams)
}

#[test]
fn what_one_end_takes_apart_the_other_puts_together() {
    let (_, datagrams) = sent_by_alice(10_000);
    let bob = plane(2);
    let mut heard = Heard::default();
    let mut ingress = Ingress::new(true, true);
    let packets = receive(&bob, &datagrams, 1, &mut heard, &mut ingress);
    let expected = tcp_packet(false, 1, 0x10, &[7; 10_000]);
    assert_eq!(packets.len(), 1);
    assert_eq!(packets[0][40..], expected[40..]);
    assert_eq!(heard.0, [(Some(2), "Confirmed".to_owned(), vec![])]);
    assert!(receive(&bob, &datagrams, 1, &mut heard, &mut ingress).is_empty());
    assert_eq!(
        ingress.counters,
        IngressCounters { opened: 8, replays: 8, noticed: 1, ..IngressCounters::default() }
    );
}

#[test]
fn packets_from_a_foreign_source_go_to_the_control_plane_with_a_whole_checksum() {
    let (_, datagrams) = sent_by_alice(100);
    let bob = plane(2);
    bob.withdraw_route([10, 0, 0, 1].into(), 32);
    let (mut heard, mut ingress) = (Heard::default(), Ingress::new(true, true));
    assert!(receive(&bob, &datagrams, 1, &mut heard, &mut ingress).is_empty());
    assert_eq!(heard.0[1].1, "Packet");
    assert!(is_valid(&heard.0[1].2));
    assert_eq!((ingress.counters.foreign_source, ingress.counters.foreign_destination), (1, 0));
    let troubles = bob.tables().session(2).unwrap().counters().troubles;
    assert_eq!((troubles.of(Trouble::ForeignSource), troubles.of(Trouble::Malformed)), (1, 0));
}

#[test]
fn packets_to_a_foreign_destination_go_to_the_control_plane_with_a_whole_checksum() {
    for own in [vec![], vec![[10, 0, 0, 3].into(), "fd00::2".parse().unwrap()]] {
        let (_, datagrams) = sent_by_alice(100);
        let bob = plane(2);
        bob.set_own_addresses(&own).unwrap();
        let (mut heard, mut ingress) = (Heard::default(), Ingress::new(true, true));
        assert!(receive(&bob, &datagrams, 1, &mut heard, &mut ingress).is_empty());
        assert_eq!(heard.0[1].1, "Packet");
        assert!(is_valid(&heard.0[1].2));
        assert_eq!((ingress.counters.foreign_source, ingress.counters.foreign_destination), (0, 1));
        assert_eq!(ingress.counters.opened, 0);
    }
}

#[test]
fn control_frames_strangers_and_moves_go_to_the_control_plane() {
    let (alice, bob) = (plane(1), plane(2));
    let mut heard = Heard::default();
    let mut ingress = Ingress::new(true, true);
    let sealed = |bytes: &[u8]| crate::session::tests::sealed(alice.tables().session(1).unwrap(), bytes);
    receive(&bob, &[sealed(b"\x01ping"), sealed(b"")], 1, &mut heard, &mut ingress);
    receive(&bob, &[sealed(b"\x03overlay")], 2, &mut heard, &mut ingress);
    receive(&bob, &[vec![1; 148], vec![1], vec![4; 40]], 3, &mut heard, &mut ingress);
    let names: Vec<&str> = heard.0.iter().map(|(_, name, _)| name.as_str()).collect();
    assert_eq!(names, ["Confirmed", "Frame", "Frame", "Moved", "Frame", "Datagram", "Datagram", "Datagram"]);
    assert_eq!(heard.0[1].2, b"\x01ping");
    receive(&bob, &[sealed(&[0x06]), sealed(&[0x45, 1]), sealed(&[0x06, 0x45])], 2, &mut heard, &mut ingress);
    assert_eq!(ingress.counters.malformed, 3);
}

#[test]
fn a_flood_of_strangers_is_kept_from_the_control_plane_and_counted() {
    let (alice, bob) = (plane(1), plane(2));
    let (mut heard, mut ingress) = (Heard::default(), Ingress::new(true, true));
    for _ in 0..10 {
        receive(&bob, &vec![vec![1; 148]; 1_000], 3, &mut heard, &mut ingress);
    }
    let IngressCounters { noticed, flooded, .. } = ingress.counters;
    assert!(flooded > 5_000 && noticed + flooded == 10_000 && noticed == heard.0.len() as u64);
    let sealed = crate::session::tests::sealed(alice.tables().session(1).unwrap(), b"\x01ping");
    receive(&bob, &[sealed], 3, &mut heard, &mut ingress);
    assert_eq!((ingress.counters.noticed, ingress.counters.flooded), (noticed + 2, flooded));
}

#[test]
fn padding_behind_a_packet_is_cut_off() {
    let (alice, bob) = (plane(1), plane(2));
    let packet = tcp_packet(false, 1, 0x10, b"abc");
    let padded = [&packet[..], &[0; 13]].concat();
    let datagram = crate::session::tests::sealed(alice.tables().session(1).unwrap(), &padded);
    let got = receive(&bob, &[datagram], 1, &mut Heard::default(), &mut Ingress::new(true, true));
    assert_eq!(got, [packet]);
}

proptest! {
    /// One flow in numbers and ports, whose packets differ in their ends: what must not be joined would fit.
    #[test]
    fn super_packets_hold_only_packets_that_passed(
        ends in prop::collection::vec((1u8..5, 1u8..5), 1..40),
        own in prop::collection::vec(1u8..5, 0..3),
        routed in prop::collection::vec(1u8..5, 0..3),
        is_partial in any::<bool>(),
    ) {
        let (alice, bob) = (plane(1), plane(2));
        bob.withdraw_route([10, 0, 0, 1].into(), 32);
        for &number in &routed {
            bob.install_route([10, 0, 0, number].into(), 32, 1).unwrap();
        }
        let addresses: Vec<_> = own.iter().map(|&number| [10, 0, 0, number].into()).collect();
        bob.set_own_addresses(&addresses).unwrap();
        let mut datagrams = Vec::new();
        let (mut passed, mut foreign_source, mut foreign_destination) = (Vec::new(), 0, 0);
        for (number, &(source, destination)) in ends.iter().enumerate() {
            let mut packet = tcp_packet(false, 1 + 50 * number as u32, 0x10, &[number as u8; 50]);
            packet[15] = source;
            packet[19] = destination;
            crate::ip::set_total_length(&mut packet, 20, 90);
            let outline = IpPacket::parse(&packet).unwrap();
            fill_in_checksum(&mut packet, &outline);
            let plaintext = if is_partial { [&[0x06][..], &packet].concat() } else { packet };
            datagrams.push(crate::session::tests::sealed(alice.tables().session(1).unwrap(), &plaintext));
            if !routed.contains(&source) {
                foreign_source += 1;
            } else if !own.contains(&destination) {
                foreign_destination += 1;
            } else {
                passed.push((source, destination, number as u8));
            }
        }
        let (mut heard, mut ingress) = (Heard::default(), Ingress::new(true, true));
        let written = receive(&bob, &datagrams, 1, &mut heard, &mut ingress);
        let mut found: Vec<(u8, u8, u8)> = written
            .iter()
            .flat_map(|packet| packet[40..].chunks(50).map(|payload| (packet[15], packet[19], payload[0])))
            .collect();
        found.sort_by_key(|&(_, _, number)| number);
        prop_assert_eq!(found, passed);
        prop_assert_eq!(ingress.counters.foreign_source, foreign_source);
        prop_assert_eq!(ingress.counters.foreign_destination, foreign_destination);
        let strays = heard.0.iter().filter(|(_, name, _)| name == "Packet").count() as u64;
        prop_assert_eq!(strays, foreign_source + foreign_destination);
    }

    #[test]
    fn survives_any_authentic_plaintexts(
        plaintexts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..120), 1..8),
        starts in prop::collection::vec(prop::sample::select(vec![0x45u8, 0x06, 0x60, 0x46, 0x01]), 8),
    ) {
        let (alice, bob) = (plane(1), plane(2));
        bob.install_route([0, 0, 0, 0].into(), 0, 1).unwrap();
        bob.install_route("::".parse().unwrap(), 0, 1).unwrap();
        let datagrams: Vec<Vec<u8>> = plaintexts.iter().zip(starts).map(|(bytes, start)| {
            let mut bytes = bytes.clone();
            let at = usize::from(start == 0x06);
            if bytes.len() > at + 9 {
                bytes[0] = start;
                if at == 1 { bytes[1] = if bytes[2] & 1 == 0 { 0x45 } else { 0x60 }; }
                let length = (bytes.len() - at) as u16;
                if bytes[at] >> 4 == 4 {
                    bytes[at + 2..at + 4].copy_from_slice(&length.to_be_bytes());
                    bytes[at + 6..at + 8].fill(0);
                    bytes[at + 9] = if bytes[at + 5] & 1 == 0 { 6 } else { 17 };
                    if let Some(destination) = bytes.get_mut(at + 16..at + 20) {
                        destination.copy_from_slice(&[10, 0, 0, 2]);
                    }
                } else {
                    bytes[at + 4..at + 6].copy_from_slice(&length.saturating_sub(40).to_be_bytes());
                    bytes[at + 6] = if bytes[at + 7] & 1 == 0 { 6 } else { 17 };
                    if let Some(destination) = bytes.get_mut(at + 24..at + 40) {
                        destination.copy_from_slice(&[0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
                    }
                }
            }
            crate::session::tests::sealed(alice.tables().session(1).unwrap(), &bytes)
        }).collect();
        receive(&bob, &datagrams, 1, &mut Heard::default(), &mut Ingress::new(true, true));
    }
}
