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
mod tests;
