//! From the virtual interface to the network: look up, take apart, seal, collect.

use crate::batch::{Pushed, SendBatch};
use crate::ip::{fill_in_checksum, IpPacket};
use crate::plane::Tables;
use crate::segment::{segment, Segment};
use crate::transport::{HEADER, TAG};
use crate::vnet::VnetHeader;

/// Where the results go.
pub trait Outlet {
    /// Sends the datagrams of `batch`.
    fn send(&mut self, batch: &SendBatch);
    /// Leaves a packet, its checksum complete, to the control plane.
    fn punt(&mut self, packet: &Segment<'_>);
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
}

/// The sending half of a packet thread.
#[derive(Default)]
pub struct Egress {
    batch: SendBatch,
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
        let Egress { batch, counters, now_ms } = self;
        let done = match tables.route(outline.destination) {
            None => segment(
                vnet,
                packet,
                |_| false,
                |part| {
                    counters.punted += 1;
                    outlet.punt(&part);
                },
            ),
            Some((peer, session, endpoint)) => {
                let room = peer.datagram_max.saturating_sub(HEADER + 1 + TAG);
                let may_stay_partial = |length| peer.takes_partial && length <= room;
                segment(vnet, packet, may_stay_partial, |part| {
                    let mut pushed = batch.push(endpoint, session, &part, *now_ms);
                    if pushed == Pushed::FlushFirst {
                        send_and_clear(batch, outlet);
                        pushed = batch.push(endpoint, session, &part, *now_ms);
                    }
                    match pushed {
                        Pushed::Taken => counters.sealed += 1,
                        // What the control plane sees it cannot miss: a new session is due.
                        Pushed::KeyUsedUp => {
                            counters.punted += 1;
                            punt_whole(&part, outlet);
                        }
                        Pushed::TooLong | Pushed::FlushFirst => counters.refused += 1,
                    }
                })
            }
        };
        if done.is_err() {
            counters.refused += 1;
        }
        if batch.is_full() {
            send_and_clear(batch, outlet);
        }
    }

    /// Sends what is in the batch; called whenever no more packets wait.
    pub fn flush(&mut self, outlet: &mut impl Outlet) {
        send_and_clear(&mut self.batch, outlet);
    }
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
    }

    impl Outlet for Kept {
        fn send(&mut self, batch: &SendBatch) {
            let (_, bytes, size) = batch.contents().unwrap();
            self.datagrams.extend(bytes.chunks(size).map(<[u8]>::to_vec));
            self.sends.push(batch.count());
        }
        fn punt(&mut self, packet: &Segment<'_>) {
            self.punted.push([packet.headers, packet.payload].concat());
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
        let endpoint = Endpoint { socket: 0, address: ([192, 0, 2, other as u8], 4000).into() };
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
        assert_eq!(egress.counters, EgressCounters { sealed: 9, punted: 0, refused: 0 });
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
        assert_eq!(egress.counters, EgressCounters { sealed: 0, punted: 2, refused: 1 });
    }
}
