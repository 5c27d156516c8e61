//! From the virtual interface to the network: look up, take apart, seal, collect.

use crate::batch::{Pushed, SendBatch};
use crate::icmp::{self, AnswerBudget, IPV6_MTU_MIN};
use crate::ip::{fill_in_checksum, IpPacket};
use crate::mss;
use crate::plane::Tables;
use crate::segment::{longest, segment, Segment};
use crate::session::{trouble::Trouble, Endpoint, Session};
use crate::vnet::VnetHeader;

/// Where the results go.
pub trait Outlet {
    /// Sends the datagrams of `batch`.
    fn send(&mut self, batch: &SendBatch);
    /// Leaves a packet, its checksum complete, to the control plane.
    fn punt(&mut self, packet: &Segment<'_>);
    /// Writes a packet to the interface: an answer to what the host sent.
    fn answer(&mut self, packet: &[u8]);
}

/// What happened to packets from the interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct EgressCounters {
    /// Packets sealed.
    pub sealed: u64,
    /// Packets left to the control plane.
    pub punted: u64,
    /// Packets that contradicted themselves or were too long.
    pub refused: u64,
    /// Packets too long for their path, whose sender was told so.
    pub too_big: u64,
    /// Packets too long for their path that were sent to be cut by the network.
    pub fragmented: u64,
}

/// The sending half of a packet thread.
#[derive(Default)]
pub struct Egress {
    batch: SendBatch,
    answers: AnswerBudget,
    /// The plane's clock in milliseconds; set before each burst of packets.
    pub now_ms: u64,
    /// What happened so far.
    pub counters: EgressCounters,
}

impl Egress {
    /// Handles one read of the interface: a packet, or a super-packet that `vnet` describes.
    ///
    /// Sealed datagrams stay in the batch until it is full or `flush` is called.
    pub fn packet(
        &mut self,
        tables: &Tables,
        vnet: &VnetHeader,
        packet: &mut [u8],
        outlet: &mut impl Outlet,
    ) {
        let Some(outline) = IpPacket::parse(packet) else {
            self.counters.refused += 1;
            return;
        };
        let is_taken = match tables.route(outline.destination) {
            None => self.punt(vnet, packet, outlet),
            Some((peer, session, endpoint)) => {
                let room = peer.room();
                mss::clamp(packet, &outline, room, vnet.needs_checksum);
                match self.fit(vnet, packet, &outline, room, outlet) {
                    Fit::Answered => return session.note(Trouble::TooBig),
                    Fit::Refused => refused_of(session),
                    fit => {
                        let way = Way { session, endpoint, exceeds_path: fit == Fit::Exceeds };
                        let may_stay_partial = |length| peer.takes_partial && length < room;
                        self.seal(vnet, packet, &way, may_stay_partial, outlet) || refused_of(session)
                    }
                }
            }
        };
        if !is_taken {
            self.counters.refused += 1;
        }
        if self.batch.is_full() {
            send_and_clear(&mut self.batch, outlet);
        }
    }

    /// Leaves everything in `packet` to the control plane; returns false when it contradicts itself.
    fn punt(&mut self, vnet: &VnetHeader, packet: &mut [u8], outlet: &mut impl Outlet) -> bool {
        let emit = |part: Segment<'_>| {
            self.counters.punted += 1;
            outlet.punt(&part);
        };
        segment(vnet, packet, |_| false, emit).is_ok()
    }

    /// Seals everything in `packet`; returns false when it contradicts itself.
    fn seal(
        &mut self,
        vnet: &VnetHeader,
        packet: &mut [u8],
        way: &Way<'_>,
        may_stay_partial: impl Fn(usize) -> bool,
        outlet: &mut impl Outlet,
    ) -> bool {
        let Egress { batch, counters, now_ms, .. } = self;
        let emit = |part: Segment<'_>| {
            if way.exceeds_path {
                send_and_clear(batch, outlet);
            }
            let mut pushed = batch.push(way.endpoint, way.session, &part, *now_ms);
            if pushed == Pushed::FlushFirst {
                send_and_clear(batch, outlet);
                pushed = batch.push(way.endpoint, way.session, &part, *now_ms);
            }
            match pushed {
                Pushed::Taken => counters.sealed += 1,
                // What the control plane sees it cannot miss: a new session is due.
                Pushed::KeyUsedUp => {
                    counters.punted += 1;
                    way.session.note(Trouble::Punted);
                    punt_whole(&part, outlet);
                }
                Pushed::TooLong | Pushed::FlushFirst => {
                    counters.refused += 1;
                    refused_of(way.session);
                }
            }
            if way.exceeds_path && pushed == Pushed::Taken {
                counters.fragmented += 1;
                way.session.note(Trouble::Fragmented);
                batch.mark_exceeding();
                send_and_clear(batch, outlet);
            }
        };
        segment(vnet, packet, may_stay_partial, emit).is_ok()
    }

    /// Compares a packet with its path, which carries packets of `room` bytes whole; answers one that is too long.
    fn fit(
        &mut self,
        vnet: &VnetHeader,
        packet: &[u8],
        outline: &IpPacket,
        room: usize,
        outlet: &mut impl Outlet,
    ) -> Fit {
        let Some(length) = longest(vnet, outline, packet) else { return Fit::Refused };
        if length <= room {
            return Fit::Whole;
        }
        // A host may not be told of less than the smallest MTU of IPv6: such packets are cut outside.
        let is_small = outline.source.is_ipv6() && length <= IPV6_MTU_MIN;
        if is_small || !icmp::forbids_fragments(packet) || !self.answers.take(self.now_ms) {
            return Fit::Exceeds;
        }
        let mtu = if outline.source.is_ipv6() { room.max(IPV6_MTU_MIN) } else { room };
        match icmp::too_big(packet, outline, length, mtu) {
            Some(answer) => {
                self.counters.too_big += 1;
                outlet.answer(&answer);
                Fit::Answered
            }
            None => Fit::Exceeds,
        }
    }

    /// Sends what is in the batch; called whenever no more packets wait.
    pub fn flush(&mut self, outlet: &mut impl Outlet) {
        send_and_clear(&mut self.batch, outlet);
    }
}

/// Counts a packet that is not taken; returns false for that.
fn refused_of(session: &Session) -> bool {
    session.note(Trouble::Refused);
    false
}

/// How a packet relates to its path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// It goes in one datagram that fits.
    Whole,
    /// It goes, and the network cuts its datagram.
    Exceeds,
    /// Its sender was told to send less.
    Answered,
    /// It contradicts itself.
    Refused,
}

/// How packets for a peer leave.
struct Way<'a> {
    session: &'a Session,
    endpoint: Endpoint,
    exceeds_path: bool,
}

/// Leaves a packet to the control plane that was about to be sealed, perhaps with a partial checksum.
fn punt_whole(part: &Segment<'_>, outlet: &mut impl Outlet) {
    let mut packet = [part.headers, part.payload].concat();
    if let (true, Some(outline)) = (part.is_partial, IpPacket::parse(&packet)) {
        fill_in_checksum(&mut packet, &outline);
    }
    outlet.punt(&Segment { headers: &packet, payload: &[], is_partial: false });
}

fn send_and_clear(batch: &mut SendBatch, outlet: &mut impl Outlet) {
    if batch.count() > 0 {
        outlet.send(batch);
        batch.clear();
    }
}

#[cfg(test)]
pub mod tests {
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
        egress.packet(
            &plane.tables(),
            &VnetHeader::default(),
            &mut tcp_packet(false, 1, 0x10, b""),
            &mut kept,
        );
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
        for (vnet, packet) in
            [(plain, packet.clone()), (tcp4(1_380), tcp_packet(false, 1, 0x10, &[7; 9_000]))]
        {
            let (kept, counters) = over(1_252, &vnet, &packet);
            assert_eq!((kept.datagrams.len(), kept.answers.len(), counters.too_big), (0, 1, 1));
            assert_eq!(kept.answers[0][26..28], 1_220u16.to_be_bytes());
        }
        assert_eq!(over(1_452, &plain, &packet).0.answers.len(), 0);
        let (kept, _) = over(1_252, &plain, &tcp_packet(true, 1, 0x10, &[7; 1_300]));
        assert_eq!(
            kept.answers[0][44..48],
            1_280u32.to_be_bytes(),
            "never less than IPv6 asks of every link"
        );
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
}
