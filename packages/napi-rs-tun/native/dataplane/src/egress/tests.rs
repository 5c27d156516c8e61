//! What becomes of packets on their way out, one kind after the other.

use super::*;
use crate::aead::Cipher;
use crate::ip::tests::{is_valid, tcp_packet};
use crate::plane::Plane;
use crate::session::{Endpoint, SessionKeys};
use crate::vnet::Gso;

/// Keeps what came out.
#[derive(Default)]
pub struct Kept {
    pub datagrams: Vec<Vec<u8>>,
    pub sends: Vec<usize>,
    pub punted: Vec<Vec<u8>>,
    pub answers: Vec<Vec<u8>>,
    /// Lengths of the datagrams that the network shall cut.
    pub exceeding: Vec<usize>,
}

impl Outlet for Kept {
    fn send(&mut self, batch: &SendBatch) {
        let (_, bytes, size) = batch.contents().unwrap();
        self.datagrams.extend(bytes.chunks(size).map(<[u8]>::to_vec));
        self.sends.push(batch.count());
        if batch.exceeds_path() {
            self.exceeding.push(bytes.len());
        }
    }
    fn punt(&mut self, packet: &Segment<'_>) {
        self.punted.push([packet.headers, packet.payload].concat());
    }
    fn answer(&mut self, packet: &[u8]) {
        self.answers.push(packet.to_vec());
    }
}

/// Makes the tables of node `own` (1 or 2), which reaches 10.0.0.X and fd00::X of the other.
pub fn plane(own: u32) -> Plane {
    let other = 3 - own;
    let plane = Plane::default();
    let (a, b) = ([1; 32], [2; 32]);
    let (send_key, receive_key) = if own == 1 { (&a, &b) } else { (&b, &a) };
    plane.install_peer(other, true, 1472).unwrap();
    plane.install_route([10, 0, 0, other as u8].into(), 32, other).unwrap();
    plane.install_route(format!("fd00::{other}").parse().unwrap(), 128, other).unwrap();
    let own_v6 = format!("fd00::{own}").parse().unwrap();
    plane.set_own_addresses(&[[10, 0, 0, own as u8].into(), own_v6]).unwrap();
    let cipher = Cipher::Aes256Gcm;
    let keys = SessionKeys {
        local_index: own,
        remote_index: other,
        peer: other,
        cipher,
        send_key,
        receive_key,
        sent: 0,
        received_below: 0,
        expires_at_ms: u64::MAX,
    };
    plane.install_session(&keys).unwrap();
    plane.use_session(own).unwrap();
    let endpoint = Endpoint::direct(0, ([192, 0, 2, other as u8], 4000).into());
    plane.move_peer(other, Some(endpoint)).unwrap();
    plane
}

/// Describes a TCP/IPv4 super-packet.
pub fn tcp4(gso_size: u16) -> VnetHeader {
    VnetHeader {
        needs_checksum: true,
        gso: Gso::Tcp4,
        gso_size,
        header_length: 40,
        checksum_start: 20,
        checksum_offset: 16,
    }
}

#[test]
fn seals_a_super_packet_into_one_send() {
    let plane = plane(1);
    let mut egress = Egress::default();
    let mut kept = Kept::default();
    let mut packet = tcp_packet(false, 1, 0x10, &[7; 10_000]);
    egress.packet(&plane.tables(), &tcp4(1380), &mut packet, &mut kept);
    assert_eq!(kept.sends, [8], "a short end closes the batch");
    egress.packet(&plane.tables(), &VnetHeader::default(), &mut tcp_packet(false, 1, 0x10, b""), &mut kept);
    assert_eq!(kept.sends, [8]);
    egress.flush(&mut kept);
    egress.flush(&mut kept);
    assert_eq!(kept.sends, [8, 1]);
    assert_eq!(kept.datagrams[0].len(), 16 + 1 + 20 + 20 + 1380 + 16);
    assert_eq!(egress.counters, EgressCounters { sealed: 9, ..EgressCounters::default() });
}

#[test]
fn completes_the_checksum_when_the_marker_would_not_fit() {
    let plane = plane(1);
    plane.install_peer(2, true, 1452).unwrap();
    let mut egress = Egress::default();
    let mut kept = Kept::default();
    let mut packet = tcp_packet(false, 1, 0x10, &[7; 1400]);
    egress.packet(&plane.tables(), &tcp4(1380), &mut packet, &mut kept);
    egress.flush(&mut kept);
    let sizes: Vec<usize> = kept.datagrams.iter().map(Vec::len).collect();
    assert_eq!(sizes, [1452, 16 + 1 + 40 + 20 + 16]);
}

#[test]
fn the_channel_of_a_relay_takes_its_bytes_from_the_datagram() {
    let plane = plane(1);
    let endpoint = plane.tables().route([10, 0, 0, 2].into()).unwrap().2;
    for (channel, datagram_max, length) in [(0, 1453, 1453), (7, 1458, 1458), (7, 1457, 1457)] {
        plane.install_peer(2, true, datagram_max).unwrap();
        plane.move_peer(2, Some(Endpoint { channel, ..endpoint })).unwrap();
        let (mut egress, mut kept) = (Egress::default(), Kept::default());
        let mut packet = tcp_packet(false, 1, 0x10, &[7; 1380]);
        egress.packet(&plane.tables(), &tcp4(1380), &mut packet, &mut kept);
        egress.flush(&mut kept);
        assert_eq!(kept.datagrams[0].len(), length, "with the marker only where it fits");
    }
}

#[test]
fn leaves_packets_to_the_control_plane_when_the_session_is_over() {
    let plane = plane(1);
    let mut egress = Egress { now_ms: u64::MAX, ..Egress::default() };
    let mut kept = Kept::default();
    let mut packet = tcp_packet(false, 1, 0x10, &[7; 2000]);
    egress.packet(&plane.tables(), &tcp4(1000), &mut packet, &mut kept);
    assert_eq!((kept.punted.len(), kept.datagrams.len()), (2, 0));
    assert!(kept.punted.iter().all(|packet| is_valid(packet)));
}

#[test]
fn leaves_packets_without_a_route_to_the_control_plane() {
    let plane = plane(1);
    plane.withdraw_route([10, 0, 0, 2].into(), 32);
    let mut egress = Egress::default();
    let mut kept = Kept::default();
    let mut packet = tcp_packet(false, 1, 0x10, &[7; 2000]);
    egress.packet(&plane.tables(), &tcp4(1000), &mut packet, &mut kept);
    assert_eq!(kept.punted.len(), 2);
    assert!(kept.punted.iter().all(|packet| is_valid(packet)));
    egress.packet(&plane.tables(), &tcp4(1000), &mut [1, 2, 3], &mut kept);
    assert_eq!(egress.counters, EgressCounters { punted: 2, refused: 1, ..EgressCounters::default() });
}

/// Sends `packet` over a path that carries datagrams of `datagram_max` bytes.
fn over(datagram_max: usize, vnet: &VnetHeader, packet: &[u8]) -> (Kept, EgressCounters) {
    let plane = plane(1);
    plane.install_peer(2, true, datagram_max).unwrap();
    let (mut egress, mut kept) = (Egress::default(), Kept::default());
    egress.packet(&plane.tables(), vnet, &mut packet.to_vec(), &mut kept);
    egress.flush(&mut kept);
    (kept, egress.counters)
}

#[test]
fn answers_packets_and_super_packets_that_the_path_does_not_carry() {
    let plain = VnetHeader::default();
    let packet = tcp_packet(false, 1, 0x10, &[7; 1_380]);
    for (vnet, packet) in [(plain, packet.clone()), (tcp4(1_380), tcp_packet(false, 1, 0x10, &[7; 9_000]))] {
        let (kept, counters) = over(1_252, &vnet, &packet);
        assert_eq!((kept.datagrams.len(), kept.answers.len(), counters.too_big), (0, 1, 1));
        assert_eq!(kept.answers[0][26..28], 1_220u16.to_be_bytes());
    }
    assert_eq!(over(1_452, &plain, &packet).0.answers.len(), 0);
    let (kept, _) = over(1_252, &plain, &tcp_packet(true, 1, 0x10, &[7; 1_300]));
    assert_eq!(kept.answers[0][44..48], 1_280u32.to_be_bytes(), "never less than IPv6 asks of every link");
}

#[test]
fn a_session_knows_which_of_its_packets_were_lost_and_why() {
    let plane = plane(1);
    plane.install_peer(2, true, 1_252).unwrap();
    let (mut egress, mut kept) = (Egress::default(), Kept::default());
    let plain = VnetHeader::default();
    let mut long = tcp_packet(false, 1, 0x10, &[7; 1_380]);
    egress.packet(&plane.tables(), &plain, &mut long.clone(), &mut kept);
    long[6] = 0;
    egress.packet(&plane.tables(), &plain, &mut long.clone(), &mut kept);
    egress.packet(&plane.tables(), &tcp4(0), &mut long, &mut kept);
    egress.now_ms = u64::MAX;
    egress.packet(&plane.tables(), &plain, &mut tcp_packet(false, 1, 0x10, b"late"), &mut kept);
    let troubles = plane.tables().session(1).unwrap().counters().troubles;
    let wanted = [Trouble::TooBig, Trouble::Fragmented, Trouble::Refused, Trouble::Punted];
    assert_eq!(wanted.map(|trouble| troubles.of(trouble)), [1; 4]);
}

#[test]
fn sends_to_be_cut_what_no_host_can_be_told_to_shorten() {
    let mut may_be_cut = tcp_packet(false, 1, 0x10, &[7; 1_380]);
    may_be_cut[6] = 0;
    let small = tcp_packet(true, 1, 0x10, &[7; 1_200]);
    for packet in [may_be_cut, small] {
        let (kept, counters) = over(1_232, &VnetHeader::default(), &packet);
        assert_eq!(kept.exceeding, [packet.len() + 32]);
        assert_eq!((kept.answers.len(), counters.fragmented, counters.sealed), (0, 1, 1));
    }
}

#[test]
#[cfg_attr(miri, ignore = "takes minutes when interpreted")]
fn sends_to_be_cut_what_exceeds_the_budget_of_answers() {
    let plane = plane(1);
    plane.install_peer(2, true, 1_252).unwrap();
    let (mut egress, mut kept) = (Egress::default(), Kept::default());
    for _ in 0..100 {
        let mut packet = tcp_packet(false, 1, 0x10, &[7; 2_760]);
        egress.packet(&plane.tables(), &tcp4(1_380), &mut packet, &mut kept);
    }
    assert_eq!((kept.answers.len(), kept.exceeding.len()), (64, 72));
    egress.flush(&mut kept);
    assert_eq!(kept.sends.len(), 72, "nothing is left in the batch");
}

#[test]
fn lowers_the_segment_size_of_connections_that_begin() {
    let mut syn = tcp_packet(false, 1, 0x02, &[2, 4, 5, 180]);
    syn[32] = 6 << 4;
    let (kept, _) = over(1_252, &VnetHeader::default(), &syn);
    let mut datagram = kept.datagrams[0].clone();
    let other = plane(2);
    let header = crate::transport::DataHeader::decode(&datagram).unwrap();
    let opened = other.tables().session(2).unwrap().open(&header, &mut datagram, None, 0).unwrap();
    assert_eq!(datagram[opened.plaintext][42..44], 1_180u16.to_be_bytes());
}
