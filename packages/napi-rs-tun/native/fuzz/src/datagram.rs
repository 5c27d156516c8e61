//! Trains of datagrams: authentic, repeated, altered and made up, against a model that knows which are authentic.

use crate::input::Input;
use crate::packet::{self, Flows};
use crate::path;
use crate::restore::{self, Arrived};
use crate::seen::Seen;
use crate::world::{self, EXPIRES_AT_MS};
use dataplane::aead::{Cipher, Key};
use dataplane::ingress::{Arrival, Ingress, IngressCounters, Listener, Notice};
use dataplane::plane::Plane;
use dataplane::session::{Endpoint, Session, SessionKeys};
use dataplane::transport::{DataHeader, HEADER, TAG};
use std::collections::HashMap;
use std::net::IpAddr;

/// Our names of the installed sessions: two of peer 1, one of peer 3.
const SESSIONS: [u32; 3] = [5, 6, 7];
/// Small, so that the segment sizes of connections are often lowered.
const PATH_MAX: usize = 700;
const STEPS_MAX: usize = 120;
/// Smaller pieces of long trains only take time.
const SHORT_TRAIN: usize = 2_048;

/// What a listener was told: the session, the kind of notice, the bytes.
type Told = (Option<u32>, u16, u8, Vec<u8>);

#[derive(Default)]
struct Heard(Vec<Told>);

impl Listener for Heard {
    fn notice(&mut self, session: Option<&Session>, source: Endpoint, notice: Notice<'_>) {
        let (kind, bytes) = match notice {
            Notice::Datagram(bytes) => (b'd', bytes),
            Notice::Frame(bytes) => (b'f', bytes),
            Notice::Packet(bytes) => (b'p', bytes),
            Notice::Confirmed => (b'c', &[][..]),
            Notice::Moved => (b'm', &[][..]),
        };
        self.0.push((session.map(|s| s.local_index), source.address.port(), kind, bytes.to_vec()));
    }
}

/// `[options][routed][own]`, then steps.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let options = input.u8();
    let mut bench = Bench::new(options & 1 == 0, options & 2 == 0, input.u8(), input.u8());
    for _ in 0..STEPS_MAX {
        if input.is_empty() {
            break;
        }
        bench.step(&mut input);
    }
    bench.deliver(0, 1, 0);
}

struct Bench {
    plane: Plane,
    ingress: Ingress,
    model: Model,
    flows: Flows,
    pool: Vec<Vec<u8>>,
    pending: Vec<Vec<u8>>,
    counters: [u64; 3],
    now_ms: u64,
}

fn cipher(session: usize) -> Cipher {
    [Cipher::Aes256Gcm, Cipher::ChaCha20Poly1305, Cipher::Aes256Gcm][session]
}

impl Bench {
    fn new(has_interface: bool, merges_udp: bool, routed: u8, own: u8) -> Bench {
        let plane = Plane::default();
        for peer in [1, 3] {
            assert_eq!(plane.install_peer(peer, true, PATH_MAX), Ok(()));
        }
        for (number, local_index) in SESSIONS.into_iter().enumerate() {
            let keys = SessionKeys {
                local_index,
                peer: if local_index == 7 { 3 } else { 1 },
                receive_key: &[local_index as u8; 32],
                ..world::keys(2, local_index, cipher(number))
            };
            assert_eq!(plane.install_session(&keys), Ok(()));
        }
        let mut owners = HashMap::new();
        for (number, is_v6) in [(1, false), (2, false), (3, false), (1, true), (2, true), (3, true)] {
            let peer = if routed >> number & 1 == 0 { 1 } else { 3 };
            let (address, length) = (packet::address(is_v6, number), if is_v6 { 128 } else { 32 });
            assert_eq!(plane.install_route(address, length, peer), Ok(()));
            owners.insert(address, peer);
        }
        let own: Vec<IpAddr> = (0..4)
            .filter(|number| own >> number & 1 == 0)
            .flat_map(|number| [packet::address(false, number), packet::address(true, number)])
            .collect();
        assert_eq!(plane.set_own_addresses(&own), Ok(()));
        let model = Model { has_interface, owners, own, ..Model::default() };
        Bench {
            plane,
            ingress: Ingress::new(has_interface, merges_udp),
            model,
            flows: Flows::new(),
            pool: Vec::new(),
            pending: Vec::new(),
            counters: [0; 3],
            now_ms: 0,
        }
    }

    fn step(&mut self, input: &mut Input<'_>) {
        match input.below(8) {
            0 => {
                let length = usize::from(input.u8());
                self.pending.push(input.bytes(length).to_vec());
            }
            1..=3 => self.seal(input),
            4 => {
                let datagram = self.pooled(input);
                self.pending.push(datagram);
            }
            5 => {
                let mut datagram = self.pooled(input);
                alter(&mut datagram, input);
                self.pending.push(datagram);
            }
            6 => self.now_ms += u64::from(input.u8()) << 2,
            _ => {
                let (mode, port, size) = (input.u8(), input.u8(), input.u16());
                self.deliver(mode, 1 + u16::from(port % 3), usize::from(size));
            }
        }
    }

    fn pooled(&self, input: &mut Input<'_>) -> Vec<u8> {
        let number = usize::from(input.u8());
        self.pool.get(number % self.pool.len().max(1)).cloned().unwrap_or_default()
    }

    /// Seals a new message as the peer would: `[session and counter][kind]`, then the plaintext.
    fn seal(&mut self, input: &mut Input<'_>) {
        let how = input.u8();
        let session = usize::from(how % 3);
        let next = self.counters[session];
        let counter = match how >> 4 {
            1 => next + (1 << (input.u8() % 40)),
            2 => next.saturating_sub(u64::from(input.u16())),
            3 => input.u64(),
            _ => next,
        };
        self.counters[session] = counter.saturating_add(1).min(1 << 60);
        let plaintext = self.plaintext(input);
        let mut datagram = DataHeader { receiver_index: SESSIONS[session], counter }.encode().to_vec();
        datagram.extend_from_slice(&plaintext);
        datagram.extend_from_slice(&[0; TAG]);
        let key = Key::new(cipher(session), &[SESSIONS[session] as u8; 32]).expect("32 bytes");
        assert!(key.seal(counter, &mut datagram[HEADER..]));
        self.model.authentic.insert(datagram.clone(), plaintext);
        self.pool.push(datagram.clone());
        self.pending.push(datagram);
    }

    fn plaintext(&mut self, input: &mut Input<'_>) -> Vec<u8> {
        match input.below(8) {
            0 => Vec::new(),
            1 => {
                let length = usize::from(input.u8());
                input.bytes(length).to_vec()
            }
            2 => [&packet::build(input, &mut self.flows)[..], &[0; 5]].concat(),
            3..=5 => [&[0x06][..], &packet::build(input, &mut self.flows)].concat(),
            _ => packet::build(input, &mut self.flows),
        }
    }

    /// Lets the pending datagrams arrive: one by one, as one train, or cut anywhere.
    fn deliver(&mut self, mode: u8, port: u16, size: usize) {
        let pending = std::mem::take(&mut self.pending);
        let mut arena = pending.concat();
        let total = arena.len();
        let sizes: Vec<(usize, usize)> = match mode % 3 {
            0 => pending.iter().map(|datagram| (datagram.len(), datagram.len())).collect(),
            1 => vec![(total, pending.first().map_or(0, Vec::len))],
            _ => vec![(total, if total > SHORT_TRAIN { size.max(16) } else { size })],
        };
        let arrival = Arrival { source: endpoint(port), now_ms: self.now_ms };
        let mut heard = Heard::default();
        let mut at = 0;
        for (length, size) in sizes {
            self.model.train(&arena[at..at + length], size, port, self.now_ms);
            let range = at..at + length;
            self.ingress.train(&self.plane.tables(), &mut arena, range, size, arrival, &mut heard);
            at += length;
        }
        assert_eq!(heard.0, std::mem::take(&mut self.model.told));
        assert_eq!(self.ingress.counters, self.model.counters);
        let arrived = std::mem::take(&mut self.model.arrived);
        restore::check(&mut self.ingress.coalescer, &mut arena, arrived);
        for index in SESSIONS {
            let tables = self.plane.tables();
            let counters = tables.session(index).expect("it is installed").counters();
            let totals = self.model.totals.get(&index).copied().unwrap_or_default();
            assert_eq!((counters.received, counters.received_bytes), totals);
        }
    }
}

fn endpoint(port: u16) -> Endpoint {
    Endpoint { socket: 0, address: ([192, 0, 2, 1], port).into() }
}

/// Flips a bit, cuts off the end, adds to it, or overwrites a byte.
fn alter(datagram: &mut Vec<u8>, input: &mut Input<'_>) {
    let (how, at, value) = (input.below(4), usize::from(input.u16()), input.u8());
    let length = datagram.len();
    match how {
        0 if length > 0 => datagram[at % length] ^= 1 << (value % 8),
        1 => datagram.truncate(at % (length + 1)),
        2 => datagram.resize(length + at % 40, value),
        _ if length > 0 => datagram[at % length] = value,
        _ => (),
    }
}

/// What should happen, by comparing each datagram with all authentic ones.
#[derive(Default)]
struct Model {
    has_interface: bool,
    owners: HashMap<IpAddr, u32>,
    own: Vec<IpAddr>,
    authentic: HashMap<Vec<u8>, Vec<u8>>,
    seen: HashMap<u32, Seen>,
    sources: HashMap<u32, u16>,
    totals: HashMap<u32, (u64, u64)>,
    told: Vec<Told>,
    arrived: Vec<Arrived>,
    counters: IngressCounters,
}

impl Model {
    fn train(&mut self, bytes: &[u8], size: usize, port: u16, now_ms: u64) {
        for datagram in bytes.chunks(size.max(1)) {
            self.datagram(datagram, port, now_ms);
        }
    }

    fn tell(&mut self, session: Option<u32>, port: u16, kind: u8, bytes: &[u8]) {
        self.counters.noticed += 1;
        self.told.push((session, port, kind, bytes.to_vec()));
    }

    fn datagram(&mut self, datagram: &[u8], port: u16, now_ms: u64) {
        let index = datagram
            .get(4..8)
            .map(|b| u32::from(b[0]) | u32::from(b[1]) << 8 | u32::from(b[2]) << 16 | u32::from(b[3]) << 24);
        let known = index.filter(|index| SESSIONS.contains(index));
        let is_data = datagram.len() >= 32 && datagram[..4] == [4, 0, 0, 0];
        let Some(index) = known.filter(|_| is_data) else {
            return self.tell(None, port, b'd', datagram);
        };
        let counter = datagram[8..16].iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        let messages_max = if index == 6 { u64::MAX - 8_193 } else { 1 << 34 };
        let plaintext = self.authentic.get(datagram).cloned();
        let is_usable = counter < messages_max && now_ms < EXPIRES_AT_MS;
        let Some(plaintext) =
            plaintext.filter(|_| is_usable && self.seen.entry(index).or_default().accept(counter))
        else {
            self.counters.rejected += 1;
            return;
        };
        let totals = self.totals.entry(index).or_default();
        *totals = (totals.0 + 1, totals.1 + datagram.len() as u64);
        let is_first = totals.0 == 1;
        let before = self.sources.insert(index, port);
        if is_first {
            self.tell(Some(index), port, b'c', &[]);
        } else if before != Some(port) {
            self.tell(Some(index), port, b'm', &[]);
        }
        self.plaintext(index, port, &plaintext);
    }

    fn plaintext(&mut self, index: u32, port: u16, plaintext: &[u8]) {
        let is_partial = plaintext.first() == Some(&6);
        if !is_partial && !matches!(plaintext.first(), Some(0x40..=0x4f | 0x60..=0x6f)) {
            return self.tell(Some(index), port, b'f', plaintext);
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
        self.tell(Some(index), port, b'p', &packet);
    }
}
