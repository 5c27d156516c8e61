//! What a receiving node should do, by comparing each datagram with all authentic ones.

use crate::packet;
use crate::path;
use crate::relays::Relays;
use crate::restore::Arrived;
use crate::seen::Seen;
use crate::world::EXPIRES_AT_MS;
use dataplane::ingress::{Arrival, IngressCounters, Listener, Notice};
use dataplane::session::{Endpoint, Session};
use dataplane::transport::{HEADER, TAG};
use std::collections::HashMap;
use std::net::IpAddr;

/// Our names of the installed sessions: two of peer 1, one of peer 3.
pub const SESSIONS: [u32; 3] = [5, 6, 7];
/// Small, so that the segment sizes of connections are often lowered.
pub const PATH_MAX: usize = 700;

/// What a listener was told: the session, the source, the kind of notice, the bytes.
pub type Told = (Option<u32>, Endpoint, u8, Vec<u8>);
/// What was passed on at once: where to, the frames, and the length of each but the last.
pub type Forwarded = (Endpoint, Vec<u8>, usize);

/// Keeps what a node tells and passes on.
#[derive(Default)]
pub struct Heard {
    /// Notices in order.
    pub told: Vec<Told>,
    /// Sends of relayed frames in order.
    pub forwarded: Vec<Forwarded>,
    /// How many frames every send loses.
    pub lost_per_send: u64,
}

impl Listener for Heard {
    fn notice(&mut self, session: Option<&Session>, source: Endpoint, notice: Notice<'_>) {
        let (kind, bytes) = match notice {
            Notice::Datagram(bytes) => (b'd', bytes),
            Notice::Frame(bytes) => (b'f', bytes),
            Notice::Packet(bytes) => (b'p', bytes),
            Notice::Confirmed => (b'c', &[][..]),
            Notice::Moved => (b'm', &[][..]),
        };
        self.told.push((session.map(|s| s.local_index), source, kind, bytes.to_vec()));
    }

    fn forward(&mut self, to: Endpoint, frames: &[u8], size: usize) -> u64 {
        self.forwarded.push((to, frames.to_vec(), size));
        self.lost_per_send
    }
}

/// The state of the model, and what it expects.
#[derive(Default)]
pub struct Model {
    /// Whether packets go to an interface.
    pub has_interface: bool,
    /// Which peer has which address.
    pub owners: HashMap<IpAddr, u32>,
    /// The node's addresses.
    pub own: Vec<IpAddr>,
    /// Every authentic datagram, with what is in it.
    pub authentic: HashMap<Vec<u8>, Vec<u8>>,
    /// Datagrams and bytes that each session received.
    pub totals: HashMap<u32, (u64, u64)>,
    /// What the listener should be told.
    pub told: Vec<Told>,
    /// What should be passed on.
    pub forwarded: Vec<Forwarded>,
    /// What should go to the interface.
    pub arrived: Vec<Arrived>,
    /// The counters.
    pub counters: IngressCounters,
    /// The relay channels.
    pub relays: Relays,
    /// How many frames every relay send loses.
    pub lost_per_send: u64,
    /// Which counters each session accepted.
    pub seen: HashMap<u32, Seen>,
    /// Where each session's last datagram came from.
    pub sources: HashMap<u32, Endpoint>,
}

impl Model {
    /// Handles a train: frames of relay channels run by run, all else one by one.
    pub fn train(&mut self, bytes: &[u8], size: usize, arrival: Arrival) {
        let datagrams: Vec<&[u8]> = bytes.chunks(size.max(1)).collect();
        let mut at = 0;
        while at < datagrams.len() {
            let Some(kind) = kind_of(datagrams[at]) else {
                self.datagram(datagrams[at], arrival);
                at += 1;
                continue;
            };
            let count = datagrams[at..].iter().take_while(|other| kind_of(other) == Some(kind)).count();
            self.frames(kind, &datagrams[at..at + count], size.max(1), arrival);
            at += count;
        }
    }

    /// Handles frames of one channel, all of which carry something, or none.
    fn frames(&mut self, kind: (u32, bool), frames: &[&[u8]], size: usize, arrival: Arrival) {
        let (channel, carries) = kind;
        let count = frames.len() as u64;
        let is_other_path = carries && self.relays.sender(channel) != Some(arrival.source);
        if !self.relays.knows(channel) || is_other_path {
            for frame in frames {
                self.tell(None, arrival.source, b'd', frame);
            }
        } else if !carries {
            self.counters.relay_refused += count;
            self.relays.count(channel, 0, 0, count);
        } else if let Some(next) = self.relays.next(channel) {
            let passed = self.relays.admit(channel, frames, arrival.now_ms);
            self.counters.relay_over_quota += count - passed as u64;
            self.relays.count(channel, 0, 0, count - passed as u64);
            self.pass_on(channel, next, &frames[..passed], size);
        } else {
            self.relays.count(channel, count, frames.iter().map(|frame| frame.len() as u64).sum(), 0);
            let source = Endpoint { channel, ..arrival.source };
            for frame in frames {
                self.datagram(&frame[5..], Arrival { source, ..arrival });
            }
        }
    }

    /// One send takes 64 datagrams and 65,507 bytes.
    fn pass_on(&mut self, channel: u32, next: Endpoint, frames: &[&[u8]], size: usize) {
        let at_once = (65_507 / size).clamp(1, 64);
        for part in frames.chunks(at_once) {
            let bytes: Vec<u8> = part
                .iter()
                .flat_map(|frame| [&[0x12][..], &next.channel.to_le_bytes(), &frame[5..]].concat())
                .collect();
            let lost = self.lost_per_send.min(part.len() as u64);
            let sent = part.len() as u64 - lost;
            let sent_bytes = (bytes.len() as u64).min(sent * size as u64);
            self.counters.relayed += sent;
            self.counters.relayed_bytes += sent_bytes;
            self.relays.count(channel, sent, sent_bytes, lost);
            self.forwarded.push((next, bytes, size));
        }
    }

    fn tell(&mut self, session: Option<u32>, source: Endpoint, kind: u8, bytes: &[u8]) {
        self.counters.noticed += 1;
        self.told.push((session, source, kind, bytes.to_vec()));
    }

    fn datagram(&mut self, datagram: &[u8], arrival: Arrival) {
        let Arrival { source, now_ms } = arrival;
        let index = datagram
            .get(4..8)
            .map(|b| u32::from(b[0]) | u32::from(b[1]) << 8 | u32::from(b[2]) << 16 | u32::from(b[3]) << 24);
        let known = index.filter(|index| SESSIONS.contains(index));
        let is_data = datagram.len() >= 32 && datagram[..4] == [4, 0, 0, 0];
        let Some(index) = known.filter(|_| is_data) else {
            return self.tell(None, source, b'd', datagram);
        };
        let counter = datagram[8..16].iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        let messages_max = if index == 6 { u64::MAX - 8_193 } else { 1 << 34 };
        if counter >= messages_max || now_ms >= EXPIRES_AT_MS {
            self.counters.expired += 1;
            return;
        }
        let seen = self.seen.entry(index).or_default();
        if !seen.is_acceptable(counter) {
            self.counters.replays += 1;
            return;
        }
        let Some(plaintext) = self.authentic.get(datagram).cloned() else {
            self.counters.auth_failures += 1;
            return;
        };
        seen.accept(counter);
        let totals = self.totals.entry(index).or_default();
        *totals = (totals.0 + 1, totals.1 + datagram.len() as u64);
        let is_first = totals.0 == 1;
        let before = self.sources.insert(index, source);
        if is_first {
            self.tell(Some(index), source, b'c', &[]);
        } else if before != Some(source) {
            self.tell(Some(index), source, b'm', &[]);
        }
        self.plaintext(index, source, &plaintext);
    }

    fn plaintext(&mut self, index: u32, source: Endpoint, plaintext: &[u8]) {
        let is_partial = plaintext.first() == Some(&6);
        if !is_partial && !matches!(plaintext.first(), Some(0x40..=0x4f | 0x60..=0x6f)) {
            return self.tell(Some(index), source, b'f', plaintext);
        }
        let packet = &plaintext[usize::from(is_partial)..];
        let outline = packet::outline(packet);
        let Some(outline) = outline.filter(|o| !is_partial || packet::checksum_field(o).is_some()) else {
            self.counters.malformed += 1;
            return;
        };
        let mut packet = packet[..outline.total].to_vec();
        let peer = if index == 7 { 3 } else { 1 };
        if self.has_interface && self.owners.get(&outline.source) != Some(&peer) {
            self.counters.foreign_source += 1;
        } else if self.has_interface && !self.own.contains(&outline.destination) {
            self.counters.foreign_destination += 1;
        } else if self.has_interface {
            self.counters.opened += 1;
            path::clamp(&mut packet, &outline, PATH_MAX - HEADER - TAG, is_partial);
            return self.arrived.push(Arrived { packet, is_partial });
        }
        if is_partial {
            packet::complete(&mut packet, &outline);
        }
        self.tell(Some(index), source, b'p', &packet);
    }
}

/// Returns the channel of a relay frame, and whether it carries a datagram that is not a frame itself.
fn kind_of(datagram: &[u8]) -> Option<(u32, bool)> {
    let is_frame = datagram.len() >= 5 && datagram[0] == 0x12;
    let channel = || datagram[1..5].iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
    is_frame.then(|| (channel(), datagram.len() > 5 && datagram[5] != 0x12))
}
