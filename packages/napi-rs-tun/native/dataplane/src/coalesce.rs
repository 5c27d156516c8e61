//! Receive coalescing: consecutive segments of one flow become one super-packet for the kernel, without copying.

use crate::admission::Admitted;
use crate::checksum;
use crate::ip::{self, IpPacket, TCP, UDP};
use crate::limits::{COALESCE_FLOWS_MAX, PACKET_BYTES_MAX, SEGMENTS_PER_SEND_MAX};
use crate::segment::tcp_header_length;
use crate::vnet::{Gso, VnetHeader};
use std::ops::Range;

const ACK: u8 = 0x10;
const PSH: u8 = 0x08;

/// One packet or super-packet for the interface: its parts follow each other in an arena.
#[derive(Default)]
pub struct Item {
    /// What the kernel must know.
    pub vnet: VnetHeader,
    /// The first packet with its headers, then the payloads of the others.
    pub parts: Vec<Range<usize>>,
    is_partial: bool,
    flow: Option<Flow>,
}

/// What the next segment of a flow must look like to be appended.
#[derive(Clone, Copy)]
struct Flow {
    is_open: bool,
    is_tcp: bool,
    ends_with_push: bool,
    /// Where the headers end.
    headers: usize,
    transport: usize,
    gso_size: usize,
    next_seq: u32,
    total_length: usize,
}

/// Collects the packets of one batch. Order inside a flow is kept.
pub struct Coalescer {
    items: Vec<Item>,
    used: usize,
    /// Items of the flows seen last.
    recent: Vec<usize>,
    merges_udp: bool,
}

impl Coalescer {
    /// Makes an empty one. UDP super-packets are for interfaces whose kernel takes them.
    pub fn new(merges_udp: bool) -> Self {
        Coalescer { items: Vec::new(), used: 0, recent: Vec::new(), merges_udp }
    }

    /// Adds the packet at `range` of `arena`, which `admitted` describes.
    ///
    /// A super-packet has one source and one destination, those of its first packet: what passed for one passed for all.
    pub fn push(&mut self, arena: &[u8], range: Range<usize>, admitted: Admitted<'_>, is_partial: bool) {
        let outline = admitted.outline();
        let packet = &arena[range.clone()];
        let found = self.recent.iter().rposition(|&at| is_same_flow(arena, &self.items[at], packet, outline));
        let flow = self.flow_of(packet, outline, is_partial);
        if let (Some(at), Some(flow)) = (found, &flow) {
            let item = &mut self.items[self.recent[at]];
            if append(arena, item, packet, range.start, flow, is_partial) {
                return;
            }
        }
        // What comes later in this flow must not overtake this packet.
        if let Some(at) = found {
            self.recent.swap_remove(at);
        }
        let at = self.add(range, is_partial, flow);
        if flow.is_some_and(|flow| flow.is_open) {
            if self.recent.len() >= COALESCE_FLOWS_MAX {
                self.recent.remove(0);
            }
            self.recent.push(at);
        }
    }

    /// Completes the headers in `arena` and returns what to write, in order.
    pub fn finish(&mut self, arena: &mut [u8]) -> &[Item] {
        let items = &mut self.items[..self.used];
        for item in items.iter_mut() {
            complete(arena, item);
        }
        items
    }

    /// Forgets the batch, keeping its memory.
    pub fn clear(&mut self) {
        self.used = 0;
        self.recent.clear();
    }

    fn add(&mut self, range: Range<usize>, is_partial: bool, flow: Option<Flow>) -> usize {
        if self.used == self.items.len() {
            self.items.push(Item::default());
        }
        let item = &mut self.items[self.used];
        item.parts.clear();
        item.parts.push(range);
        item.vnet = VnetHeader::default();
        item.is_partial = is_partial;
        item.flow = flow;
        self.used += 1;
        self.used - 1
    }

    /// Returns how the packet could start or continue a super-packet; `None` when it must stay alone.
    fn flow_of(&self, packet: &[u8], outline: &IpPacket, is_partial: bool) -> Option<Flow> {
        let transport = outline.header_length;
        let has_options = packet[0] >> 4 == 4 && transport != 20;
        let is_tcp = outline.protocol == TCP;
        if outline.is_fragment || has_options || !(is_tcp || outline.protocol == UDP && self.merges_udp) {
            return None;
        }
        // A super-packet gets a new header checksum, which must not make a damaged header look whole.
        if packet[0] >> 4 == 4 && checksum::sum(&packet[..transport], 0) != 0xffff {
            return None;
        }
        let headers = transport + if is_tcp { tcp_header_length(packet, transport)? } else { 8 };
        let payload = packet.len().checked_sub(headers).filter(|&length| length > 0)?;
        let mut flow = Flow {
            is_open: true,
            is_tcp,
            ends_with_push: false,
            headers,
            transport,
            gso_size: payload,
            next_seq: 0,
            total_length: packet.len(),
        };
        if is_tcp {
            let tcp = &packet[transport..];
            if tcp[13] & !PSH != ACK {
                return None;
            }
            flow.ends_with_push = tcp[13] & PSH != 0;
            flow.is_open = !flow.ends_with_push;
            flow.next_seq = sequence(tcp).wrapping_add(payload as u32);
        } else if packet[transport + 4..transport + 6] != ((8 + payload) as u16).to_be_bytes() {
            return None;
        }
        (is_partial || has_valid_checksum(packet, outline)).then_some(flow)
    }
}

fn sequence(tcp: &[u8]) -> u32 {
    u32::from_be_bytes([tcp[4], tcp[5], tcp[6], tcp[7]])
}

/// A zero UDP checksum means "none": it cannot be segmented again.
fn has_valid_checksum(packet: &[u8], outline: &IpPacket) -> bool {
    let transport = &packet[outline.header_length..];
    let is_absent = outline.protocol == UDP && transport[6..8] == [0, 0];
    !is_absent && checksum::sum(transport, outline.pseudo_sum(transport.len())) == 0xffff
}

/// Compares addresses, protocol and ports with those of the item's first packet.
fn is_same_flow(arena: &[u8], item: &Item, packet: &[u8], outline: &IpPacket) -> bool {
    let (Some(flow), Some(first)) = (&item.flow, item.parts.first()) else { return false };
    let first = &arena[first.clone()];
    let addresses = if packet[0] >> 4 == 4 { 12..20 } else { 8..40 };
    let protocol_at = if packet[0] >> 4 == 4 { 9 } else { 6 };
    first[0] >> 4 == packet[0] >> 4
        && first[protocol_at] == packet[protocol_at]
        && first[addresses.clone()] == packet[addresses]
        && first.get(flow.transport..flow.transport + 4)
            == packet.get(outline.header_length..outline.header_length + 4)
}

/// Appends the payload of `packet` to `item` when it continues it exactly; returns whether it did.
fn append(arena: &[u8], item: &mut Item, packet: &[u8], start: usize, next: &Flow, is_partial: bool) -> bool {
    let Some(flow) = &mut item.flow else { return false };
    let first = &arena[item.parts[0].clone()];
    let payload = next.gso_size;
    let fits = flow.is_open
        && is_partial == item.is_partial
        && next.headers == flow.headers
        && payload <= flow.gso_size
        && flow.total_length + payload <= PACKET_BYTES_MAX
        && (flow.is_tcp || item.parts.len() < SEGMENTS_PER_SEND_MAX)
        && item.parts.len() < PARTS_MAX
        && has_same_headers(first, packet, flow)
        && (!flow.is_tcp || sequence(&packet[flow.transport..]) == flow.next_seq);
    if !fits {
        return false;
    }
    item.parts.push(start + next.headers..start + packet.len());
    flow.total_length += payload;
    flow.next_seq = next.next_seq;
    flow.ends_with_push = next.ends_with_push;
    flow.is_open = payload == flow.gso_size && !next.ends_with_push;
    true
}

/// One write takes at most 1,024 parts (UIO_MAXIOV), one of which is the virtio-net header.
const PARTS_MAX: usize = 1_000;

/// Compares what segmentation copies unchanged from the first packet to all others.
fn has_same_headers(first: &[u8], packet: &[u8], flow: &Flow) -> bool {
    let same_ip = if first[0] >> 4 == 4 {
        // Type of service, the fragment flags and the time to live.
        first[1] == packet[1] && first[6..9] == packet[6..9]
    } else {
        first[0..4] == packet[0..4] && first[7] == packet[7]
    };
    let at = flow.transport;
    // Acknowledgement and data offset, window, urgent pointer and options.
    let same_tcp = !flow.is_tcp
        || first[at + 8..at + 13] == packet[at + 8..at + 13]
            && first[at + 14..at + 16] == packet[at + 14..at + 16]
            && first[at + 18..flow.headers] == packet[at + 18..flow.headers];
    same_ip && same_tcp
}

/// Writes the headers of the super-packet, or of a packet whose checksum is partial.
fn complete(arena: &mut [u8], item: &mut Item) {
    let is_super = item.parts.len() > 1;
    if !is_super && !item.is_partial {
        return;
    }
    let range = item.parts[0].clone();
    let first = &mut arena[range];
    let Some(outline) = IpPacket::parse(first) else { return };
    let (Some(offset), transport) = (outline.checksum_offset(), outline.header_length) else { return };
    let mut total = outline.total_length;
    if let (true, Some(flow)) = (is_super, &item.flow) {
        total = flow.total_length;
        ip::set_total_length(first, transport, total);
        if flow.is_tcp {
            first[transport + 13] |= if flow.ends_with_push { PSH } else { 0 };
        } else {
            first[transport + 4..transport + 6].copy_from_slice(&((total - transport) as u16).to_be_bytes());
        }
        item.vnet.gso = match (flow.is_tcp, first[0] >> 4) {
            (true, 4) => Gso::Tcp4,
            (true, _) => Gso::Tcp6,
            (false, _) => Gso::Udp,
        };
        item.vnet.gso_size = flow.gso_size as u16;
        item.vnet.header_length = flow.headers as u16;
    }
    let pseudo = outline.pseudo_sum(total - transport);
    first[transport + offset..transport + offset + 2].copy_from_slice(&pseudo.to_be_bytes());
    item.vnet.needs_checksum = true;
    item.vnet.checksum_start = transport as u16;
    item.vnet.checksum_offset = offset as u16;
}

#[cfg(test)]
mod tests {
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
            segment(&vnet, &mut packet, |_| false, |s| packets.push([s.headers, s.payload].concat()))
                .unwrap();
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
        let packets =
            vec![udp_packet(false, &[1; 80]), udp_packet(false, &[2; 80]), udp_packet(false, &[3; 20])];
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
}
