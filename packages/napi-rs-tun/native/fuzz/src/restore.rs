//! What was joined for the interface comes apart into what arrived, flow by flow, in order.

use crate::packet::{self, Outline, TCP, UDP};
use dataplane::coalesce::Coalescer;
use dataplane::limits::PACKET_BYTES_MAX;
use dataplane::segment::segment;
use dataplane::vnet::{Gso, VnetHeader};
use std::collections::HashMap;
use std::net::IpAddr;

/// A packet that was pushed.
pub struct Arrived {
    /// Its bytes.
    pub packet: Vec<u8>,
    /// Whether its transport checksum was left open.
    pub is_partial: bool,
}

type Flow = (IpAddr, IpAddr, u8, Vec<u8>);

/// Finishes the batch and compares what the kernel would make of it with what was pushed.
pub fn check(coalescer: &mut Coalescer, arena: &mut [u8], arrived: Vec<Arrived>) {
    let expected = arrived.into_iter().map(|Arrived { mut packet, is_partial }| {
        if is_partial {
            let outline = packet::outline(&packet).expect("only packets are pushed");
            packet::complete(&mut packet, &outline);
        }
        packet
    });
    let expected = by_flow(expected.collect());
    let items: Vec<_> = coalescer.finish(arena).iter().map(|item| (item.vnet, item.parts.clone())).collect();
    let mut restored = Vec::new();
    for (vnet, parts) in items {
        let whole: Vec<u8> = parts.iter().flat_map(|part| arena[part.clone()].to_vec()).collect();
        check_item(&vnet, &whole, parts.len());
        let before = restored.len();
        let done = segment(
            &vnet,
            &mut whole.clone(),
            |_| false,
            |s| {
                restored.push([s.headers, s.payload].concat());
            },
        );
        assert_eq!(done, Ok(()), "the kernel would refuse it");
        assert_eq!(restored.len() - before, parts.len());
    }
    coalescer.clear();
    let restored = by_flow(restored);
    assert_eq!(restored.len(), expected.len());
    for (flow, packets) in expected {
        let found = restored.get(&flow).expect("every flow comes out");
        assert_eq!(found.len(), packets.len());
        for (found, packet) in found.iter().zip(&packets) {
            assert_eq!(without_id(found), without_id(packet));
        }
    }
}

/// What the kernel demands of an item with its header.
fn check_item(vnet: &VnetHeader, whole: &[u8], parts: usize) {
    assert!(whole.len() <= PACKET_BYTES_MAX && parts < 1_024);
    let outline = packet::outline(whole).expect("an item is a packet");
    assert_eq!(outline.total, whole.len());
    if vnet.needs_checksum {
        let at = packet::checksum_field(&outline).expect("a partial checksum has a place");
        assert_eq!(usize::from(vnet.checksum_start), outline.header);
        assert_eq!(usize::from(vnet.checksum_start + vnet.checksum_offset), at);
        assert_eq!(whole[at..at + 2], packet::pseudo_sum(whole, &outline).to_be_bytes());
    }
    if vnet.gso == Gso::None {
        return assert_eq!(parts, 1);
    }
    assert!(vnet.needs_checksum && parts > 1);
    assert!(packet::header_verifies(whole, &outline));
    assert_eq!(outline.protocol, if vnet.gso == Gso::Udp { UDP } else { TCP });
    let payload = whole.len() - usize::from(vnet.header_length);
    assert_eq!(payload.div_ceil(usize::from(vnet.gso_size)), parts);
}

/// Sorts packets into flows, which each keep their order.
fn by_flow(packets: Vec<Vec<u8>>) -> HashMap<Flow, Vec<Vec<u8>>> {
    let mut flows: HashMap<Flow, Vec<Vec<u8>>> = HashMap::new();
    for packet in packets {
        let Outline { source, destination, protocol, header, total, .. } =
            packet::outline(&packet).expect("only packets come out");
        let ports = packet[header..total.min(header + 4)].to_vec();
        flows.entry((source, destination, protocol, ports)).or_default().push(packet);
    }
    flows
}

/// The identification of an IPv4 packet may change (it says nothing where packets are not cut, RFC 6864), and with it
/// the header's checksum, of which only matters whether it is right.
fn without_id(packet: &[u8]) -> (Vec<u8>, bool) {
    let outline = packet::outline(packet).expect("only packets come out");
    let is_right = packet::header_verifies(packet, &outline);
    let mut packet = packet.to_vec();
    if outline.source.is_ipv4() {
        packet[4..6].fill(0);
        packet[10..12].fill(0);
    }
    (packet, is_right)
}
