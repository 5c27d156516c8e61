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
pub mod tests;
