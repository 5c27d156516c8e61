//! Inner packets: read, completed, admitted, joined, and taken apart again into the same packets.

use crate::input::Input;
use crate::packet::{self, Flows, Outline};
use crate::restore::{self, Arrived};
use crate::world;
use dataplane::admission::{Gate, Stray};
use dataplane::coalesce::Coalescer;
use dataplane::ip::{self, IpPacket};
use dataplane::limits::OWN_ADDRESSES_MAX;
use std::net::IpAddr;

const PACKETS_MAX: usize = 80;

/// `[own addresses][routed addresses][merges UDP]`, then packets: `[kind][peer]` and a recipe or raw bytes.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let (own_numbers, routed, merges_udp) = (input.u8(), input.u8(), input.u8() & 1 != 0);
    let mut flows = Flows::new();
    let mut packets = Vec::new();
    while !input.is_empty() && packets.len() < PACKETS_MAX {
        let kind = input.u8();
        let bytes = if kind & 1 == 0 {
            packet::build(&mut input, &mut flows)
        } else {
            let length = usize::from(input.u8());
            input.bytes(length).to_vec()
        };
        if let Some(outline) = parse(&bytes) {
            let packet = bytes[..outline.total].to_vec();
            check_completion(&packet, &outline);
            packets.push((packet, outline, kind & 2 != 0, 2 + u32::from(kind >> 2 & 1)));
        }
    }
    let own = own_addresses(own_numbers, &packets.iter().map(|p| p.1.destination).collect::<Vec<_>>());
    let plane = world::plane(1);
    assert_eq!(plane.install_peer(3, true, 1472), Ok(()));
    assert_eq!(plane.set_own_addresses(&own), Ok(()));
    let routes = install_routes(&plane, routed);
    let mut arena: Vec<u8> = packets.iter().flat_map(|p| p.0.clone()).collect();
    let mut coalescer = Coalescer::new(merges_udp);
    let (mut at, mut admitted) = (0, Vec::new());
    let tables = plane.tables();
    let mut gate = Gate::new(&tables);
    for (packet, outline, is_partial, peer) in packets {
        let parsed = IpPacket::parse(&packet).expect("it was parsed before");
        let is_routed = slow_owner(&routes, outline.source) == Some(peer);
        match gate.check(peer, &parsed) {
            Err(Stray::Source) => assert!(!is_routed),
            Err(Stray::Destination) => assert!(is_routed && !own.contains(&outline.destination)),
            Ok(passed) => {
                assert!(is_routed && own.contains(&outline.destination));
                let is_partial = is_partial && packet::checksum_field(&outline).is_some();
                coalescer.push(&arena, at..at + packet.len(), passed, is_partial);
                admitted.push(Arrived { packet: packet.clone(), is_partial });
            }
        }
        at += packet.len();
    }
    restore::check(&mut coalescer, &mut arena, admitted);
}

/// Parses twice: slowly, and by the code under test.
fn parse(bytes: &[u8]) -> Option<Outline> {
    let slow = packet::outline(bytes);
    let found = IpPacket::parse(bytes).map(|p| Outline {
        source: p.source,
        destination: p.destination,
        protocol: p.protocol,
        header: p.header_length,
        total: p.total_length,
        is_fragment: p.is_fragment,
    });
    assert_eq!(found, slow);
    slow
}

/// Filling in a checksum changes its field alone, and makes it right.
fn check_completion(packet: &[u8], outline: &Outline) {
    let parsed = IpPacket::parse(packet).expect("it was parsed before");
    let mut filled = packet.to_vec();
    ip::fill_in_checksum(&mut filled, &parsed);
    match packet::checksum_field(outline) {
        None => assert_eq!(filled, packet),
        Some(at) => {
            assert!(packet::checksum_verifies(&filled, outline));
            assert_ne!(filled[at..at + 2], [0, 0]);
            filled[at..at + 2].copy_from_slice(&packet[at..at + 2]);
            assert_eq!(filled, packet);
        }
    }
}

/// Takes some of the destinations, so that packets of all kinds are admitted.
fn own_addresses(numbers: u8, destinations: &[IpAddr]) -> Vec<IpAddr> {
    let mut own: Vec<IpAddr> = (1..4)
        .filter(|number| numbers >> number & 1 != 0)
        .flat_map(|number| [packet::address(false, number), packet::address(true, number)])
        .collect();
    if numbers & 1 != 0 {
        let is_unicast =
            |a: &IpAddr| !a.is_multicast() && !a.is_unspecified() && *a != IpAddr::from([255, 255, 255, 255]);
        own.extend(destinations.iter().filter(|a| is_unicast(a)).take(OWN_ADDRESSES_MAX - own.len()));
    }
    own
}

type Routes = Vec<(IpAddr, u8, u32)>;

/// Gives some addresses and networks to the peers 2 and 3; returns all rows of the table.
fn install_routes(plane: &dataplane::plane::Plane, routed: u8) -> Routes {
    let mut routes: Routes = Vec::new();
    for number in 1..4 {
        let peer = 2 + u32::from(routed >> number & 1);
        routes.push((packet::address(false, number), 32, peer));
        routes.push((packet::address(true, number), 128, peer));
    }
    if routed & 1 != 0 {
        let peer = 2 + u32::from(routed >> 4 & 1);
        routes.push(([0, 0, 0, 0].into(), 0, peer));
        routes.push(([0; 16].into(), 0, peer));
    }
    for (address, length, peer) in &routes {
        assert_eq!(plane.install_route(*address, *length, *peer), Ok(()));
    }
    routes
}

/// Of the rows, which are hosts or everything, the one for `source`.
fn slow_owner(routes: &Routes, source: IpAddr) -> Option<u32> {
    let host = routes.iter().find(|(address, length, _)| *length != 0 && *address == source);
    let default =
        routes.iter().find(|(address, length, _)| *length == 0 && address.is_ipv4() == source.is_ipv4());
    host.or(default).map(|(_, _, peer)| *peer)
}
