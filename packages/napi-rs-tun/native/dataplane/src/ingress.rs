//! From the network to the virtual interface: open, check, coalesce; what is in relay frames, too, or the frames go on.
//! The rest goes to the control plane.

use crate::admission::{Gate, Stray};
use crate::coalesce::Coalescer;
use crate::ip::{fill_in_checksum, IpPacket};
use crate::mss;
use crate::plane::Tables;
use crate::relay::Run;
use crate::session::{trouble::Trouble, Endpoint, Rejected, Session};
use crate::transport::{classify, Content, DataHeader};
use std::ops::Range;

mod relayed;

/// What the control plane is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notice<'a> {
    /// A datagram that is not transport data of an installed session.
    Datagram(&'a [u8]),
    /// The plaintext of an authentic datagram that is not an IP packet; empty for a keepalive.
    Frame(&'a [u8]),
    /// An authentic IP packet whose source is not known to be the peer's, or whose destination is not ours.
    Packet(&'a [u8]),
    /// The first authentic datagram of a session arrived: the peer has the keys.
    Confirmed,
    /// An authentic datagram came from another endpoint than the one before.
    Moved,
}

/// Where notices and relayed frames go. The session is given for all notices but `Datagram`.
pub trait Listener {
    /// Sends frames on that stand side by side, `size` bytes each but the last; returns how many were lost.
    ///
    /// They are as many as one UDP_SEGMENT send takes, and have the channel of `to` in front already.
    fn forward(&mut self, to: Endpoint, frames: &[u8], size: usize) -> u64;
    /// Takes one notice; the bytes are borrowed.
    fn notice(&mut self, session: Option<&Session>, source: Endpoint, notice: Notice<'_>);
}

/// What happened to datagrams from the network.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct IngressCounters {
    /// Packets for the interface.
    pub opened: u64,
    /// Datagrams with a counter seen before.
    pub replays: u64,
    /// Datagrams with a wrong tag.
    pub auth_failures: u64,
    /// Datagrams under a key that is too old.
    pub expired: u64,
    /// Authentic plaintexts that claim to be IP packets and are not.
    pub malformed: u64,
    /// Packets that were left to the control plane because no route gives their source to the peer.
    pub foreign_source: u64,
    /// Packets that were left to it because their destination is not one of our addresses.
    pub foreign_destination: u64,
    /// Notices to the control plane.
    pub noticed: u64,
    /// Datagrams without a session that were kept from it because there are too many.
    pub flooded: u64,
    /// Relay frames that were passed on.
    pub relayed: u64,
    /// Their bytes.
    pub relayed_bytes: u64,
    /// Relay frames from somebody else than the owner of the channel, empty ones, and those in relay frames.
    pub relay_refused: u64,
    /// Relay frames above the quota of their channel or of all.
    pub relay_over_quota: u64,
}

impl IngressCounters {
    fn reject(&mut self, reason: Rejected) {
        match reason {
            Rejected::Expired => self.expired += 1,
            Rejected::Replayed => self.replays += 1,
            Rejected::Forged => self.auth_failures += 1,
        }
    }
}

/// The receiving half of a packet thread.
pub struct Ingress {
    /// Packets of this batch.
    pub coalescer: Coalescer,
    /// What happened so far.
    pub counters: IngressCounters,
    has_interface: bool,
}

impl Ingress {
    /// Makes one for an interface, or for none: then packets go to the control plane.
    pub fn new(has_interface: bool, merges_udp: bool) -> Self {
        let counters = IngressCounters::default();
        Ingress { coalescer: Coalescer::new(merges_udp), counters, has_interface }
    }

    /// Handles a train: datagrams of `size` bytes side by side at `range` of `arena`; only the last may be shorter.
    ///
    /// Packets stay in `arena` until the coalescer is finished.
    pub fn train(
        &mut self,
        tables: &Tables,
        arena: &mut [u8],
        range: Range<usize>,
        size: usize,
        arrival: Arrival,
        listener: &mut impl Listener,
    ) {
        let mut known = Known { tables, session: None, gate: Gate::new(tables) };
        let mut start = range.start;
        while start < range.end {
            let end = range.end.min(start + size.max(1));
            start = match Run::at(arena, start..range.end, size) {
                None => {
                    self.datagram(&mut known, arena, start..end, arrival, listener);
                    end
                }
                Some(run) => {
                    self.relayed(&mut known, arena, &run, arrival, listener);
                    run.range.end
                }
            }
        }
    }

    fn datagram(
        &mut self,
        known: &mut Known<'_>,
        arena: &mut [u8],
        range: Range<usize>,
        arrival: Arrival,
        listener: &mut impl Listener,
    ) {
        let source = arrival.source;
        let datagram = &mut arena[range.clone()];
        let header = DataHeader::decode(datagram);
        let Some((header, session)) = header.and_then(|h| Some((h, known.session(h.receiver_index)?))) else {
            if !known.tables.admits(datagram, source, arrival.now_ms) {
                self.counters.flooded += 1;
                return;
            }
            self.counters.noticed += 1;
            return listener.notice(None, source, Notice::Datagram(datagram));
        };
        let opened = match session.try_open(&header, datagram, Some(source), arrival.now_ms) {
            Ok(opened) => opened,
            Err(reason) => return self.counters.reject(reason),
        };
        let mut tell = |notice: Notice<'_>| {
            self.counters.noticed += 1;
            listener.notice(Some(session), source, notice);
        };
        if opened.is_first {
            tell(Notice::Confirmed);
        } else if opened.has_moved {
            tell(Notice::Moved);
        }
        let start = range.start + opened.plaintext.start;
        let plaintext = &mut datagram[opened.plaintext];
        let is_partial = match classify(plaintext) {
            Content::Keepalive | Content::Control => return tell(Notice::Frame(plaintext)),
            Content::Packet => false,
            Content::PartialPacket => true,
        };
        let (start, packet) = if is_partial { (start + 1, &mut plaintext[1..]) } else { (start, plaintext) };
        let Some(outline) = outline_of(packet, is_partial) else {
            self.counters.malformed += 1;
            session.note(Trouble::Malformed);
            return;
        };
        // A peer may pad its plaintexts.
        let packet = &mut packet[..outline.total_length];
        if self.has_interface {
            match known.gate.check(session.peer, &outline) {
                Ok(admitted) => {
                    self.counters.opened += 1;
                    if mss::opens_connection(packet, &outline) {
                        let room = known.tables.room(session.peer).unwrap_or(usize::MAX);
                        mss::clamp(packet, &outline, room, is_partial);
                    }
                    self.coalescer.push(arena, start..start + outline.total_length, admitted, is_partial);
                    return;
                }
                Err(Stray::Source) => {
                    self.counters.foreign_source += 1;
                    session.note(Trouble::ForeignSource);
                }
                Err(Stray::Destination) => {
                    self.counters.foreign_destination += 1;
                    session.note(Trouble::ForeignDestination);
                }
            }
        }
        if is_partial {
            fill_in_checksum(packet, &outline);
        }
        tell(Notice::Packet(packet));
    }
}

/// What the datagrams of a train have in common.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// Who sent them, and through which channel if through a relay.
    pub source: Endpoint,
    /// When they arrived, in milliseconds of the plane's clock.
    pub now_ms: u64,
}

/// The rows that the last datagram of a train needed: mostly the next one needs the same.
struct Known<'a> {
    tables: &'a Tables,
    session: Option<&'a Session>,
    gate: Gate<'a>,
}

impl<'a> Known<'a> {
    fn session(&mut self, index: u32) -> Option<&'a Session> {
        if self.session.is_none_or(|session| session.local_index != index) {
            self.session = Some(self.tables.session(index)?);
        }
        self.session
    }
}

/// Returns the outline of a packet; a partial one must have room for its checksum.
fn outline_of(packet: &[u8], is_partial: bool) -> Option<IpPacket> {
    let outline = IpPacket::parse(packet)?;
    if is_partial {
        let end = outline.header_length + outline.checksum_offset()? + 2;
        return (end <= outline.total_length).then_some(outline);
    }
    Some(outline)
}

#[cfg(test)]
mod tests;
