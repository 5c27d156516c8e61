//! A node that receives, and the model of what it should do.

use crate::input::Input;
use crate::model::{Heard, Model, Told, PATH_MAX, SESSIONS};
use crate::packet::{self, Flows};
use crate::restore;
use crate::world;
use dataplane::aead::{Cipher, Key};
use dataplane::ingress::{Arrival, Ingress};
use dataplane::plane::Plane;
use dataplane::session::{Endpoint, SessionKeys};
use dataplane::transport::{DataHeader, HEADER, TAG};
use std::collections::HashMap;
use std::net::IpAddr;

/// More steps only take time.
pub const STEPS_MAX: usize = 120;
/// Smaller pieces of longer trains only take time.
const SHORT_TRAIN: usize = 2_048;

/// The node, the model, and the datagrams that were made so far.
pub struct Bench {
    /// The node's tables.
    pub plane: Plane,
    /// What should happen.
    pub model: Model,
    /// What arrives next.
    pub pending: Vec<Vec<u8>>,
    /// The plane's clock.
    pub now_ms: u64,
    /// How many frames every relay send loses.
    pub lost_per_send: u64,
    ingress: Ingress,
    flows: Flows,
    pool: Vec<Vec<u8>>,
    counters: [u64; 3],
    salt: u64,
    /// Datagrams without a session so far that a limiter may keep from the control plane.
    strangers: u64,
}

fn cipher(session: usize) -> Cipher {
    [Cipher::Aes256Gcm, Cipher::ChaCha20Poly1305, Cipher::Aes256Gcm][session]
}

/// The key of a session, another one for every input: libFuzzer remembers what was compared, tags too, and would put an
/// authentic datagram of one input into the next, whose model does not know it.
fn key_of(local_index: u32, salt: u64) -> [u8; 32] {
    let mut key = [local_index as u8; 32];
    key[8..16].copy_from_slice(&salt.to_le_bytes());
    key
}

impl Bench {
    /// Installs sessions, routes and own addresses: `[options][routed][own]`.
    pub fn new(input: &mut Input<'_>) -> Bench {
        let salt = input.salt();
        let options = input.u8();
        let (has_interface, merges_udp) = (options & 1 == 0, options & 2 == 0);
        let (routed, own) = (input.u8(), input.u8());
        let plane = Plane::default();
        for peer in [1, 3] {
            assert_eq!(plane.install_peer(peer, true, PATH_MAX), Ok(()));
        }
        for (number, local_index) in SESSIONS.into_iter().enumerate() {
            let keys = SessionKeys {
                local_index,
                peer: if local_index == 7 { 3 } else { 1 },
                receive_key: &key_of(local_index, salt),
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
            model,
            pending: Vec::new(),
            now_ms: 0,
            lost_per_send: 0,
            strangers: 0,
            ingress: Ingress::new(has_interface, merges_udp),
            flows: Flows::new(),
            pool: Vec::new(),
            counters: [0; 3],
            salt,
        }
    }

    /// Makes a datagram, lets time pass, or lets what is pending arrive.
    pub fn step(&mut self, input: &mut Input<'_>) {
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
        let key = Key::new(cipher(session), &key_of(SESSIONS[session], self.salt)).expect("32 bytes");
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
    pub fn deliver(&mut self, mode: u8, port: u16, size: usize) {
        let pending = std::mem::take(&mut self.pending);
        let mut arena = pending.concat();
        let total = arena.len();
        let sizes: Vec<(usize, usize)> = match mode % 3 {
            0 => pending.iter().map(|datagram| (datagram.len(), datagram.len())).collect(),
            1 => vec![(total, pending.first().map_or(0, Vec::len))],
            _ => vec![(total, if total > SHORT_TRAIN { size.max(16) } else { size })],
        };
        let arrival = Arrival { source: endpoint(port), now_ms: self.now_ms };
        let mut heard = Heard { lost_per_send: self.lost_per_send, ..Heard::default() };
        self.model.lost_per_send = self.lost_per_send;
        let mut at = 0;
        for (length, size) in sizes {
            self.model.train(&arena[at..at + length], size, arrival);
            let range = at..at + length;
            self.ingress.train(&self.plane.tables(), &mut arena, range, size, arrival, &mut heard);
            at += length;
        }
        let wanted = std::mem::take(&mut self.model.told);
        let flooded = without_floods(&wanted, &heard.told);
        self.strangers += wanted.iter().filter(|told| is_strange(told)).count() as u64;
        assert!(flooded == 0 || self.strangers > BURST_MIN, "nobody was flooded yet");
        self.model.counters.flooded += flooded;
        self.model.counters.noticed -= flooded;
        assert_eq!(heard.forwarded, std::mem::take(&mut self.model.forwarded));
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

/// The smallest burst that every limiter of strangers lets through (docs/LIMITS.md).
const BURST_MIN: u64 = 4_096;

/// Returns whether a limiter may keep it from the control plane: a datagram without a session, neither data nor relay frame.
fn is_strange((_, _, kind, bytes): &Told) -> bool {
    *kind == b'd' && !matches!(bytes.first(), Some(0x04 | 0x12))
}

/// Returns how much of `wanted` is missing in `heard`, which has all the rest in order; only strangers may be missing.
fn without_floods(wanted: &[Told], heard: &[Told]) -> u64 {
    let mut rest = heard.iter().peekable();
    let mut missing = 0;
    for told in wanted {
        if rest.next_if_eq(&told).is_none() {
            assert!(is_strange(told), "{told:?} is missing");
            missing += 1;
        }
    }
    assert_eq!(rest.next(), None);
    missing
}

/// Where datagrams come from.
pub fn endpoint(port: u16) -> Endpoint {
    Endpoint::direct(0, ([192, 0, 2, 1], port).into())
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
