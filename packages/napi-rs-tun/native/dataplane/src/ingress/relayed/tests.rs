//! Relay frames by example.

use super::*;
use crate::egress::tests::{plane, tcp4, Kept};
use crate::egress::Egress;
use crate::ip::tests::tcp_packet;
use crate::plane::Plane;
use crate::relay::bucket::Quota;
use crate::relay::encode_header;
use crate::session::Session;

/// Keeps what came out; every frame as the datagram it would be.
#[derive(Default)]
pub struct Heard {
    pub forwarded: Vec<(Endpoint, Vec<u8>)>,
    sends: Vec<usize>,
    pub notices: Vec<(u32, String, Vec<u8>)>,
    loses: u64,
}

impl Listener for Heard {
    fn forward(&mut self, to: Endpoint, frames: &[u8], size: usize) -> u64 {
        assert!(frames.len() <= SEND_BYTES_MAX && frames.len().div_ceil(size) <= SEGMENTS_PER_SEND_MAX);
        self.forwarded.extend(frames.chunks(size).map(|frame| (to, frame.to_vec())));
        self.sends.push(frames.len().div_ceil(size));
        self.loses
    }

    fn notice(&mut self, _session: Option<&Session>, source: Endpoint, notice: Notice<'_>) {
        let (name, bytes): (_, &[u8]) = match notice {
            Notice::Datagram(bytes) => ("datagram", bytes),
            Notice::Frame(bytes) => ("frame", bytes),
            Notice::Packet(bytes) => ("packet", bytes),
            Notice::Confirmed => ("confirmed", &[]),
            Notice::Moved => ("moved", &[]),
        };
        self.notices.push((source.channel, name.to_owned(), bytes.to_vec()));
    }
}

pub fn at(port: u16) -> Endpoint {
    Endpoint::direct(0, ([192, 0, 2, 1], port).into())
}

pub fn through(port: u16, channel: u32) -> Endpoint {
    Endpoint { channel, ..at(port) }
}

pub fn frame(channel: u32, inner: &[u8]) -> Vec<u8> {
    [&encode_header(channel)[..], inner].concat()
}

pub fn forward(owner: u16, next: Endpoint) -> RelayRow {
    RelayRow::Forward { owner: at(owner), next, quota: Quota::NONE }
}

/// A plane that receives, and what it counted.
pub struct Node {
    pub plane: Plane,
    pub ingress: Ingress,
    pub heard: Heard,
}

impl Node {
    pub fn new(plane: Plane) -> Self {
        Node { plane, ingress: Ingress::new(true, true), heard: Heard::default() }
    }

    /// Receives a train of datagrams from `port`; returns what goes to the interface.
    pub fn receive(&mut self, datagrams: &[Vec<u8>], port: u16, now_ms: u64) -> Vec<Vec<u8>> {
        let mut arena = datagrams.concat();
        let size = datagrams.first().map_or(0, Vec::len);
        let (range, arrival) = (0..arena.len(), Arrival { source: at(port), now_ms });
        let tables = self.plane.tables();
        self.ingress.train(&tables, &mut arena, range, size, arrival, &mut self.heard);
        let items = self.ingress.coalescer.finish(&mut arena);
        let parts: Vec<_> = items.iter().map(|item| item.parts.clone()).collect();
        self.ingress.coalescer.clear();
        parts.into_iter().map(|parts| parts.into_iter().flat_map(|p| arena[p].to_vec()).collect()).collect()
    }
}

#[test]
fn a_relayed_packet_reaches_the_interface_of_the_other_end() {
    let alice = plane(1);
    alice.move_peer(2, Some(through(1, 5))).unwrap();
    let (mut egress, mut sent) = (Egress::default(), Kept::default());
    egress.packet(&alice.tables(), &tcp4(1380), &mut tcp_packet(false, 1, 0x10, &[7; 10_000]), &mut sent);
    egress.flush(&mut sent);

    let mut relay = Node::new(Plane::default());
    relay.plane.install_relay(5, forward(1, through(2, 6)), 0).unwrap();
    assert!(relay.receive(&sent.datagrams, 1, 0).is_empty());
    assert_eq!(relay.heard.sends, [8], "a train goes on as it came");
    assert!(
        relay.heard.notices.is_empty() && relay.heard.forwarded.iter().all(|(to, _)| *to == through(2, 6))
    );

    let mut bob = Node::new(plane(2));
    bob.plane.install_relay(6, RelayRow::End { relay: at(9) }, 0).unwrap();
    let frames: Vec<Vec<u8>> = relay.heard.forwarded.into_iter().map(|(_, frame)| frame).collect();
    let packets = bob.receive(&frames, 9, 0);
    assert_eq!(packets.len(), 1);
    assert_eq!(packets[0][40..], tcp_packet(false, 1, 0x10, &[7; 10_000])[40..]);
    assert_eq!(bob.heard.notices, [(6, "confirmed".to_owned(), vec![])]);
    let bytes = frames.iter().map(|frame| frame.len() as u64).sum();
    let counters = bob.plane.relay_counters(6).unwrap();
    assert_eq!((counters.packets, counters.bytes, counters.dropped), (8, bytes, 0));
    let counters = relay.plane.relay_counters(5).unwrap();
    assert_eq!((counters.packets, counters.bytes, counters.dropped), (8, bytes, 0));
}

#[test]
fn the_way_through_a_relay_is_another_than_the_direct_one() {
    let (alice, mut bob) = (plane(1), Node::new(plane(2)));
    bob.plane.install_relay(6, RelayRow::End { relay: at(1) }, 0).unwrap();
    let sealed = || crate::session::tests::sealed(alice.tables().session(1).unwrap(), b"\x01");
    bob.receive(&[sealed()], 1, 0);
    bob.receive(&[frame(6, &sealed())], 1, 0);
    bob.receive(&[frame(6, &sealed())], 1, 0);
    let kinds: Vec<_> = bob.heard.notices.iter().map(|(channel, kind, _)| (*channel, &kind[..])).collect();
    assert_eq!(kinds, [(0, "confirmed"), (0, "frame"), (6, "moved"), (6, "frame"), (6, "frame")]);
}

#[test]
fn what_no_session_opens_goes_up_with_its_channel_and_what_no_row_knows_as_it_is() {
    let mut node = Node::new(plane(2));
    node.plane.install_relay(6, RelayRow::End { relay: at(1) }, 0).unwrap();
    node.receive(&[frame(6, b"\x01hello"), frame(7, b"\x01hello"), frame(0, b"x")], 1, 0);
    node.receive(&[vec![0x12, 6, 0]], 1, 0);
    let expected =
        [(6, b"\x01hello".to_vec()), (0, frame(7, b"\x01hello")), (0, frame(0, b"x")), (0, vec![0x12, 6, 0])];
    let found: Vec<_> =
        node.heard.notices.iter().map(|(channel, _, bytes)| (*channel, bytes.clone())).collect();
    assert_eq!(found, expected);
    assert_eq!(node.ingress.counters.noticed, 4);
}

#[test]
fn frames_from_another_path_go_up_and_relays_over_relays_are_refused() {
    let mut relay = Node::new(plane(2));
    relay.plane.install_relay(5, forward(1, through(2, 6)), 0).unwrap();
    relay.plane.install_relay(6, RelayRow::End { relay: at(1) }, 0).unwrap();
    let mut expected = Vec::new();
    for channel in [5, 6] {
        let frames = [frame(channel, b"ab"), frame(channel, b"cd")];
        relay.receive(&frames, 2, 0);
        expected.extend(frames.map(|frame| (0, "datagram".to_owned(), frame)));
        for port in [1, 2] {
            relay.receive(&[frame(channel, &frame(9, b"x")), frame(channel, b"")], port, 0);
        }
        let counters = relay.plane.relay_counters(channel).unwrap();
        assert_eq!((counters.packets, counters.dropped), (0, 4));
    }
    assert!(relay.heard.forwarded.is_empty());
    assert_eq!(relay.heard.notices, expected);
    assert_eq!((relay.ingress.counters.noticed, relay.ingress.counters.relay_refused), (4, 8));
}

#[test]
fn a_lost_send_is_no_relayed_frame() {
    let mut relay = Node::new(Plane::default());
    relay.plane.install_relay(5, forward(1, through(2, 6)), 0).unwrap();
    relay.heard.loses = u64::MAX;
    relay.receive(&[frame(5, b"ab"), frame(5, b"c")], 1, 0);
    relay.heard.loses = 0;
    relay.receive(&[frame(5, b"ab"), frame(5, b"c")], 1, 0);
    let counters = relay.plane.relay_counters(5).unwrap();
    assert_eq!((counters.packets, counters.bytes, counters.dropped), (2, 13, 2));
    assert_eq!((relay.ingress.counters.relayed, relay.ingress.counters.relayed_bytes), (2, 13));
}

#[test]
fn a_train_that_no_send_takes_goes_on_in_several() {
    let mut relay = Node::new(Plane::default());
    relay.plane.install_relay(5, forward(1, through(2, 6)), 0).unwrap();
    relay.receive(&vec![frame(5, &[1; 2]); 65], 1, 0);
    relay.receive(&vec![frame(5, &[1; 13_100]); 5], 1, 0);
    assert_eq!(relay.heard.sends, [64, 1, 4, 1]);
}
