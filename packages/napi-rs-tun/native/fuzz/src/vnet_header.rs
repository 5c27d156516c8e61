//! A virtio-net header and a super-packet, taken apart and sealed, against a slow segmentation.

use crate::input::Input;
use crate::packet::{self, Outline, TCP, UDP};
use crate::path;
use crate::world::{self, Sent};
use dataplane::egress::{Egress, EgressCounters};
use dataplane::limits::{HEADERS_BYTES_MAX, SEND_BYTES_MAX};
use dataplane::segment::{segment, Refused};
use dataplane::session::Endpoint;
use dataplane::transport::{DataHeader, HEADER, TAG};
use dataplane::vnet::{Gso, VnetHeader, VNET_HEADER};

const REPAIRS_PACKET: u8 = 1;
const REPAIRS_HEADER: u8 = 2;
const TAKES_PARTIAL: u8 = 4;
const HAS_ROUTE: u8 = 8;
const IS_EXPIRED: u8 = 16;
const IS_RELAYED: u8 = 32;

/// In front of every datagram for the relay channel 0x01020304.
const RELAYED: &[u8] = &[0x12, 4, 3, 2, 1];

/// More pieces only take time.
const PIECES_MAX: usize = 300;

/// `[mode][datagram_max u16][more payload u16][vnet header][packet]`
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let (mode, datagram_max, more) = (input.u8(), usize::from(input.u16()), usize::from(input.u16()));
    let mut header = input.bytes(VNET_HEADER).to_vec();
    let mut packet = input.rest().to_vec();
    let gso_size = header.get(4..6).map_or(0, |size| usize::from(u16::from_ne_bytes([size[0], size[1]])));
    if !packet.is_empty() {
        packet.extend((0..more.min(gso_size * PIECES_MAX)).map(|i| (i * 7 + i / 256) as u8));
    }
    if mode & REPAIRS_PACKET != 0 {
        packet::repair(&mut packet);
    }
    if mode & REPAIRS_HEADER != 0 {
        repair_header(&mut header, &packet);
    }
    let Some(vnet) = decode(&header, &packet) else { return };
    let takes_partial = mode & TAKES_PARTIAL != 0;
    let room = datagram_max.saturating_sub(HEADER + TAG);
    let keeps = |length: usize| takes_partial && length < room;
    let expected = slow_segment(&vnet, &packet, keeps);
    let mut found = Vec::new();
    let done = segment(&vnet, &mut packet.clone(), keeps, |s| {
        assert_eq!(s.length(), s.headers.len() + s.payload.len());
        found.push(([s.headers, s.payload].concat(), s.is_partial));
    });
    assert_eq!(done.map(|()| found), expected);
    if let Ok(pieces) = &expected {
        check_pieces(&vnet, &packet, pieces);
    }
    through_egress(mode, datagram_max, &vnet, &packet);
}

/// Decodes twice: by hand, and by the code under test.
fn decode(header: &[u8], packet: &[u8]) -> Option<VnetHeader> {
    let bytes = [header, packet].concat();
    let decoded = VnetHeader::decode(&bytes);
    let Some((vnet, rest)) = decoded else {
        assert!(bytes.len() < VNET_HEADER || ![0, 1, 4, 5].contains(&(bytes[1] & 0x7f)));
        return None;
    };
    if header.len() < VNET_HEADER {
        return None;
    }
    assert_eq!(rest, packet);
    let encoded = vnet.encode();
    assert_eq!(encoded[0], bytes[0] & 1);
    assert_eq!(encoded[1], bytes[1] & 0x7f);
    assert_eq!(encoded[2..], bytes[2..VNET_HEADER]);
    Some(vnet)
}

/// Makes a header describe a packet as the kernel would.
fn repair_header(header: &mut [u8], packet: &[u8]) {
    let (Some(outline), true) = (packet::outline(packet), header.len() == VNET_HEADER) else { return };
    let is_v4 = outline.source.is_ipv4();
    let (kind, offset) = match outline.protocol {
        TCP => (if is_v4 { 1 } else { 4 }, 16u16),
        UDP => (5, 6),
        _ => (0, 0),
    };
    header[0] |= 1;
    header[1] = if header[1] & 1 == 0 { 0 } else { kind };
    header[6..8].copy_from_slice(&(outline.header as u16).to_ne_bytes());
    header[8..10].copy_from_slice(&offset.to_ne_bytes());
}

type Pieces = Result<Vec<(Vec<u8>, bool)>, Refused>;

/// Takes a super-packet apart packet by packet, by the rules of Documentation/networking/segmentation-offloads.rst.
fn slow_segment(vnet: &VnetHeader, packet: &[u8], keeps: impl Fn(usize) -> bool) -> Pieces {
    let outline = packet::outline(packet).ok_or(Refused)?;
    let packet = &packet[..outline.total];
    if vnet.gso == Gso::None {
        return slow_whole(vnet, packet, &outline, keeps);
    }
    let is_tcp = vnet.gso != Gso::Udp;
    let family_fits = match vnet.gso {
        Gso::Tcp4 => outline.source.is_ipv4(),
        Gso::Tcp6 => outline.source.is_ipv6(),
        Gso::Udp | Gso::None => true,
    };
    let size = usize::from(vnet.gso_size);
    let start_fits = !vnet.needs_checksum || usize::from(vnet.checksum_start) == outline.header;
    if !family_fits || !start_fits || size == 0 || outline.is_fragment {
        return Err(Refused);
    }
    if outline.protocol != if is_tcp { TCP } else { UDP } {
        return Err(Refused);
    }
    let headers = outline.header + slow_transport_length(packet, &outline, is_tcp).ok_or(Refused)?;
    if headers > packet.len() || headers > HEADERS_BYTES_MAX {
        return Err(Refused);
    }
    let chunks: Vec<&[u8]> = match packet[headers..].chunks(size).collect::<Vec<_>>() {
        none if none.is_empty() => vec![&[]],
        some => some,
    };
    let last = chunks.len() - 1;
    Ok(chunks
        .iter()
        .enumerate()
        .map(|(number, chunk)| {
            let mut piece = [&packet[..headers], chunk].concat();
            if outline.source.is_ipv4() {
                let id = u16::from_be_bytes([piece[4], piece[5]]).wrapping_add(number as u16);
                piece[4..6].copy_from_slice(&id.to_be_bytes());
            }
            if is_tcp {
                let tcp = &mut piece[outline.header..];
                let seq = u32::from_be_bytes([tcp[4], tcp[5], tcp[6], tcp[7]]);
                tcp[4..8].copy_from_slice(&seq.wrapping_add((number * size) as u32).to_be_bytes());
                tcp[13] &= if number == last { 0xff } else { !0x09 };
                tcp[13] &= if number == 0 { 0xff } else { !0x80 };
            }
            packet::repair(&mut piece);
            let is_partial = keeps(piece.len());
            finish_checksum(&mut piece, is_partial);
            (piece, is_partial)
        })
        .collect())
}

fn slow_transport_length(packet: &[u8], outline: &Outline, is_tcp: bool) -> Option<usize> {
    if !is_tcp {
        return Some(8);
    }
    let length = usize::from(*packet.get(outline.header + 12)? / 16) * 4;
    (length >= 20 && outline.header + length <= packet.len()).then_some(length)
}

fn finish_checksum(piece: &mut [u8], is_partial: bool) {
    let outline = packet::outline(piece).expect("a segment is a packet");
    if is_partial {
        let at = packet::checksum_field(&outline).expect("a segment has a checksum");
        let sum = packet::pseudo_sum(piece, &outline);
        piece[at..at + 2].copy_from_slice(&sum.to_be_bytes());
    } else {
        packet::complete(piece, &outline);
    }
}

/// One packet, whose checksum may be open: anywhere, since the kernel says where.
fn slow_whole(vnet: &VnetHeader, packet: &[u8], outline: &Outline, keeps: impl Fn(usize) -> bool) -> Pieces {
    let mut packet = packet.to_vec();
    let start = usize::from(vnet.checksum_start);
    let at = start + usize::from(vnet.checksum_offset);
    let mut is_partial = false;
    if vnet.needs_checksum {
        is_partial =
            start == outline.header && packet::checksum_field(outline) == Some(at) && keeps(packet.len());
        if !is_partial && at + 2 > packet.len() {
            return Err(Refused);
        }
        if !is_partial {
            let sum = match !packet::slow_sum(&packet[start..], 0) {
                0 => 0xffff,
                sum => sum,
            };
            packet[at..at + 2].copy_from_slice(&sum.to_be_bytes());
        }
    }
    Ok(vec![(packet, is_partial)])
}

/// What holds for every super-packet, whatever the slow segmentation says.
fn check_pieces(vnet: &VnetHeader, packet: &[u8], pieces: &[(Vec<u8>, bool)]) {
    if vnet.gso == Gso::None {
        return assert_eq!(pieces.len(), 1);
    }
    let whole = packet::outline(packet).expect("it was taken apart");
    let headers_of = |piece: &[u8]| {
        whole.header + if vnet.gso == Gso::Udp { 8 } else { usize::from(piece[whole.header + 12] >> 4) * 4 }
    };
    let mut payload = Vec::new();
    for (piece, is_partial) in pieces {
        let outline = packet::outline(piece).expect("a segment is a packet");
        assert_eq!(outline.total, piece.len());
        assert!(packet::header_verifies(piece, &outline));
        assert!(*is_partial || packet::checksum_verifies(piece, &outline));
        assert!(piece.len() - headers_of(piece) <= usize::from(vnet.gso_size));
        payload.extend_from_slice(&piece[headers_of(piece)..]);
    }
    assert_eq!(payload, packet[headers_of(packet)..whole.total]);
}

/// Lets a node send the packet; what the peer opens must be the segments.
fn through_egress(mode: u8, datagram_max: usize, vnet: &VnetHeader, packet: &[u8]) {
    let (alice, bob) = (world::plane(1), world::plane(2));
    alice.install_peer(2, mode & TAKES_PARTIAL != 0, datagram_max).expect("the peer is known");
    if mode & HAS_ROUTE != 0 {
        world::route_everything(&alice, 2);
    }
    let prefix = if mode & IS_RELAYED != 0 { RELAYED } else { &[] };
    if mode & IS_RELAYED != 0 {
        let relay = Endpoint { channel: 0x0102_0304, ..Endpoint::direct(0, ([192, 0, 2, 9], 9).into()) };
        alice.move_peer(2, Some(relay)).expect("the peer is known");
    }
    let mut sent = Sent::default();
    let mut egress = Egress::default();
    egress.now_ms = if mode & IS_EXPIRED != 0 { world::EXPIRES_AT_MS } else { 0 };
    egress.packet(&alice.tables(), vnet, &mut packet.to_vec(), &mut sent);
    egress.flush(&mut sent);
    let expected = expect(mode, datagram_max, vnet, packet, &sent);
    let opened: Vec<Vec<u8>> = sent.datagrams.iter().map(|datagram| open(&bob, prefix, datagram)).collect();
    assert_eq!(opened, expected.sealed);
    assert_eq!(sent.punted, expected.punted);
    assert_eq!(sent.answers.len(), usize::from(expected.is_answered));
    assert_eq!(sent.exceeding, if expected.is_cut { opened.len() } else { 0 });
    let counters = EgressCounters {
        sealed: expected.sealed.len() as u64,
        punted: expected.punted.len() as u64,
        refused: expected.refused,
        too_big: u64::from(expected.is_answered),
        fragmented: sent.exceeding as u64,
    };
    assert_eq!(egress.counters, counters);
}

#[derive(Default)]
struct Expected {
    sealed: Vec<Vec<u8>>,
    punted: Vec<Vec<u8>>,
    refused: u64,
    is_answered: bool,
    is_cut: bool,
}

fn has_route(mode: u8, outline: &Outline) -> bool {
    let is_host = |number| [false, true].iter().any(|v6| outline.destination == packet::address(*v6, number));
    mode & HAS_ROUTE != 0 || (1..4).any(is_host)
}

/// Says what must come out, and checks the answer when one is due.
fn expect(mode: u8, datagram_max: usize, vnet: &VnetHeader, packet: &[u8], sent: &Sent) -> Expected {
    let mut expected = Expected::default();
    let Some(outline) = packet::outline(packet) else { return Expected { refused: 1, ..expected } };
    let mut packet = packet.to_vec();
    let has_route = has_route(mode, &outline);
    let prefix = if mode & IS_RELAYED != 0 { RELAYED.len() } else { 0 };
    let room = datagram_max.saturating_sub(HEADER + TAG + prefix);
    if has_route {
        path::clamp(&mut packet, &outline, room, vnet.needs_checksum);
    }
    let keeps = |length: usize| has_route && mode & TAKES_PARTIAL != 0 && length < room;
    let pieces = slow_segment(vnet, &packet, keeps);
    // Whether a lone packet's checksum can be completed is found out only after it was found to fit.
    let longest = match &pieces {
        Err(Refused) if vnet.gso == Gso::None => Some(outline.total),
        Err(Refused) => None,
        Ok(pieces) => pieces.iter().map(|(piece, _)| piece.len()).max(),
    };
    let Some(longest) = longest else { return Expected { refused: 1, ..expected } };
    if has_route && longest > room {
        let is_v6 = outline.source.is_ipv6();
        let may_tell = if is_v6 { longest > 1_280 } else { packet[6] & 0x40 != 0 };
        if may_tell && path::is_answerable(&packet, &outline) {
            let mtu = if is_v6 { room.max(1_280) } else { room };
            path::check_answer(sent.answers.first().expect("an answer"), &packet, &outline, longest, mtu);
            return Expected { is_answered: true, ..expected };
        }
        expected.is_cut = true;
    }
    let Ok(pieces) = pieces else { return Expected { refused: 1, ..expected } };
    for (mut piece, is_partial) in pieces {
        if has_route && prefix + HEADER + usize::from(is_partial) + piece.len() + TAG > SEND_BYTES_MAX {
            expected.refused += 1;
        } else if has_route && mode & IS_EXPIRED == 0 {
            expected.sealed.push(if is_partial { [&[6][..], &piece].concat() } else { piece });
        } else {
            if is_partial {
                finish_checksum(&mut piece, false);
            }
            expected.punted.push(piece);
        }
    }
    expected
}

fn open(plane: &dataplane::plane::Plane, prefix: &[u8], datagram: &[u8]) -> Vec<u8> {
    let datagram = datagram.strip_prefix(prefix).expect("the channel in front");
    let header = DataHeader::decode(datagram).expect("transport data");
    let tables = plane.tables();
    let session = tables.session(header.receiver_index).expect("an installed session");
    let mut datagram = datagram.to_vec();
    let opened = session.open(&header, &mut datagram, None, 0).expect("an authentic datagram");
    datagram[opened.plaintext].to_vec()
}
