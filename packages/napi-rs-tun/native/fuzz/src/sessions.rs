//! Sequences of operations on the tables, the sessions and the queue, against a model in plain collections.

use crate::input::Input;
use crate::packet;
use crate::seen::Seen;
use dataplane::aead::{Cipher, Key};
use dataplane::plane::{Plane, Refusal};
use dataplane::queue::{records, PackedQueue};
use dataplane::replay::ReplayWindow;
use dataplane::session::{trouble::Trouble, Endpoint, SessionKeys};
use dataplane::transport::{DataHeader, HEADER, TAG};
use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

const STEPS_MAX: usize = 400;

/// Steps: `[what]` and its arguments.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let mut bench = Bench::new(&mut input);
    for _ in 0..STEPS_MAX {
        if input.is_empty() {
            break;
        }
        bench.step(&mut input);
    }
}

#[derive(Default)]
struct PeerRow {
    session: Option<u32>,
    endpoint: Option<Endpoint>,
    datagram_max: usize,
    takes_partial: bool,
}

struct SessionRow {
    peer: u32,
    remote_index: u32,
    cipher: Cipher,
    key: u8,
    sent: u64,
    sent_bytes: u64,
    received: u64,
    received_bytes: u64,
    replays: u64,
    auth_failures: u64,
    seen: Seen,
    source: Option<Endpoint>,
    last_received_ms: u64,
    expires_at_ms: u64,
}

struct Bench {
    plane: Plane,
    peers: BTreeMap<u32, PeerRow>,
    sessions: BTreeMap<u32, SessionRow>,
    routes: Vec<(IpAddr, u8, u32)>,
    own: Vec<IpAddr>,
    window: ReplayWindow,
    seen: Seen,
    queue: PackedQueue,
    capacity: usize,
    queued: VecDeque<Vec<u8>>,
    dropped: u64,
    now_ms: u64,
    keys_made: u8,
}

impl Bench {
    fn new(input: &mut Input<'_>) -> Bench {
        let (capacity, floor) = (usize::from(input.u8()) * 4, number(input));
        Bench {
            plane: Plane::default(),
            peers: BTreeMap::new(),
            sessions: BTreeMap::new(),
            routes: Vec::new(),
            own: Vec::new(),
            window: ReplayWindow::starting_at(floor),
            seen: Seen::starting_at(floor),
            queue: PackedQueue::new(capacity),
            capacity,
            queued: VecDeque::new(),
            dropped: 0,
            now_ms: 0,
            keys_made: 0,
        }
    }

    fn step(&mut self, input: &mut Input<'_>) {
        match input.below(20) {
            0 => self.install_peer(input),
            1 => self.remove_peer(input),
            2 | 3 => self.install_session(input),
            4 => self.use_session(input),
            5 => self.remove_session(input),
            6 => self.move_peer(input),
            7 => self.remove_socket(input),
            8 | 9 => self.install_route(input),
            10 => self.withdraw_route(input),
            11 => self.set_own(input),
            12 => self.look_up(input),
            13 => self.seal(input),
            14 | 15 => self.open(input),
            16 => self.now_ms = self.now_ms.saturating_add(u64::from(input.u16())),
            17 => self.push(input),
            18 => self.drain(input),
            _ => self.accept(input),
        }
    }

    fn install_peer(&mut self, input: &mut Input<'_>) {
        let (peer, what) = (peer(input), input.u8());
        let (takes_partial, datagram_max) = (what & 1 != 0, usize::from(what) * 8);
        assert_eq!(self.plane.install_peer(peer, takes_partial, datagram_max), Ok(()));
        let row = self.peers.entry(peer).or_default();
        (row.takes_partial, row.datagram_max) = (takes_partial, datagram_max);
    }

    fn remove_peer(&mut self, input: &mut Input<'_>) {
        let peer = peer(input);
        self.plane.remove_peer(peer);
        self.peers.remove(&peer);
        self.sessions.retain(|_, row| row.peer != peer);
        self.routes.retain(|row| row.2 != peer);
    }

    fn install_session(&mut self, input: &mut Input<'_>) {
        let (local_index, peer, what) = (session(input), peer(input), input.u8());
        let cipher = if what & 1 == 0 { Cipher::Aes256Gcm } else { Cipher::ChaCha20Poly1305 };
        let is_short = what & 0x70 == 0x70;
        let remote_index = u32::from(what) << 24 | local_index;
        let (sent, received_below) = (number(input), number(input));
        self.keys_made = self.keys_made.wrapping_add(1);
        let key = self.keys_made;
        let expires_at_ms = if what & 2 == 0 { u64::MAX } else { self.now_ms + u64::from(input.u16()) };
        let (send_key, receive_key) = ([key; 32], [!key; 32]);
        let done = self.plane.install_session(&SessionKeys {
            local_index,
            remote_index,
            peer,
            cipher,
            send_key: if is_short { &send_key[1..] } else { &send_key },
            receive_key: &receive_key,
            sent,
            received_below,
            expires_at_ms,
        });
        if is_short {
            return assert_eq!(done, Err(Refusal::Invalid));
        }
        if !self.peers.contains_key(&peer) {
            return assert_eq!(done, Err(Refusal::Unknown));
        }
        if self.sessions.contains_key(&local_index) {
            return assert_eq!(done, Err(Refusal::Invalid));
        }
        assert_eq!(done, Ok(()));
        let row = SessionRow {
            peer,
            remote_index,
            cipher,
            key,
            sent,
            sent_bytes: 0,
            received: 0,
            received_bytes: 0,
            replays: 0,
            auth_failures: 0,
            seen: Seen::starting_at(received_below),
            source: None,
            last_received_ms: 0,
            expires_at_ms,
        };
        self.sessions.insert(local_index, row);
    }

    fn use_session(&mut self, input: &mut Input<'_>) {
        let index = session(input);
        let done = self.plane.use_session(index);
        let Some(row) = self.sessions.get(&index) else { return assert_eq!(done, Err(Refusal::Unknown)) };
        assert_eq!(done, Ok(()));
        self.peers.get_mut(&row.peer).expect("a session has a peer").session = Some(index);
    }

    fn remove_session(&mut self, input: &mut Input<'_>) {
        let index = session(input);
        assert_eq!(self.plane.remove_session(index), self.sessions.remove(&index).is_some());
        for row in self.peers.values_mut().filter(|row| row.session == Some(index)) {
            row.session = None;
        }
    }

    fn move_peer(&mut self, input: &mut Input<'_>) {
        let (peer, endpoint) = (peer(input), endpoint(input));
        let done = self.plane.move_peer(peer, endpoint);
        let Some(row) = self.peers.get_mut(&peer) else { return assert_eq!(done, Err(Refusal::Unknown)) };
        assert_eq!(done, Ok(()));
        row.endpoint = endpoint;
    }

    fn remove_socket(&mut self, input: &mut Input<'_>) {
        let socket = u32::from(input.below(3));
        self.plane.remove_socket(socket);
        for row in self.peers.values_mut().filter(|row| row.endpoint.is_some_and(|e| e.socket == socket)) {
            row.endpoint = None;
        }
    }

    fn install_route(&mut self, input: &mut Input<'_>) {
        let (address, length, peer) = (address(input), input.below(140), peer(input));
        let done = self.plane.install_route(address, length, peer);
        if length > width(address) {
            return assert_eq!(done, Err(Refusal::Invalid));
        }
        if !self.peers.contains_key(&peer) {
            return assert_eq!(done, Err(Refusal::Unknown));
        }
        assert_eq!(done, Ok(()));
        self.routes.retain(|(other, l, _)| *l != length || !is_within(*other, address, length));
        self.routes.push((address, length, peer));
    }

    fn withdraw_route(&mut self, input: &mut Input<'_>) {
        let (address, length) = (address(input), input.below(140));
        let before = self.routes.len();
        self.routes.retain(|(other, l, _)| *l != length || !is_within(*other, address, length));
        assert_eq!(self.plane.withdraw_route(address, length), self.routes.len() < before);
    }

    fn set_own(&mut self, input: &mut Input<'_>) {
        let count = input.below(4);
        let mut own: Vec<IpAddr> = (0..count).map(|_| address(input)).collect();
        if count == 3 {
            own.resize(60 + usize::from(input.below(8)), own[0]);
        }
        let done = self.plane.set_own_addresses(&own);
        let is_group = |a: &IpAddr| match a {
            IpAddr::V4(a) => a.octets()[0] >> 4 == 14 || [[0; 4], [255; 4]].contains(&a.octets()),
            IpAddr::V6(a) => a.octets()[0] == 0xff || a.octets() == [0; 16],
        };
        if own.len() > 64 {
            return assert_eq!(done, Err(Refusal::Full));
        }
        if own.iter().any(is_group) {
            return assert_eq!(done, Err(Refusal::Invalid));
        }
        assert_eq!(done, Ok(()));
        self.own = own;
    }

    fn look_up(&mut self, input: &mut Input<'_>) {
        let address = address(input);
        let covering = self.routes.iter().filter(|(other, length, _)| is_within(*other, address, *length));
        let owner = covering.max_by_key(|row| row.1).map(|row| row.2);
        let tables = self.plane.tables();
        for peer in 0..4 {
            assert_eq!(tables.may_send_from(peer, address), owner == Some(peer));
        }
        assert_eq!(tables.is_own(address), self.own.contains(&address));
        let row = owner.and_then(|owner| self.peers.get(&owner));
        let expected =
            row.and_then(|row| Some((row.session?, row.endpoint?, row.datagram_max, row.takes_partial)));
        let found = tables.route(address).map(|(peer, session, endpoint)| {
            (session.local_index, endpoint, peer.datagram_max, peer.takes_partial)
        });
        assert_eq!(found, expected);
    }

    fn seal(&mut self, input: &mut Input<'_>) {
        let (index, length) = (session(input), usize::from(input.u8()));
        let tables = self.plane.tables();
        let Some(row) = self.sessions.get_mut(&index) else {
            return assert!(tables.session(index).is_none());
        };
        let session = tables.session(index).expect("it was installed");
        let mut datagram = vec![7; length];
        let sealed = session.seal(&mut datagram, self.now_ms);
        let is_live = length >= HEADER + TAG && self.now_ms < row.expires_at_ms;
        let may = is_live && row.sent < messages_max(row.cipher);
        assert_eq!(sealed, may);
        if is_live && !may {
            row.sent = messages_max(row.cipher);
        }
        if may {
            let header = DataHeader::decode(&datagram).expect("transport data");
            let expected = DataHeader { receiver_index: row.remote_index, counter: row.sent };
            assert_eq!(header, expected);
            let key = Key::new(row.cipher, &[row.key; 32]).expect("32 bytes");
            assert!(key.open(row.sent, &mut datagram[HEADER..]));
            assert!(datagram[HEADER..length - TAG].iter().all(|byte| *byte == 7));
            row.sent += 1;
            row.sent_bytes += length as u64;
        }
        let counters = session.counters();
        assert_eq!((counters.sent, counters.sent_bytes), (row.sent, row.sent_bytes));
    }

    fn open(&mut self, input: &mut Input<'_>) {
        let (index, counter, length) = (session(input), number(input), usize::from(input.u8() % 64));
        let (damage, source) = (input.u8(), endpoint(input));
        let tables = self.plane.tables();
        let Some(row) = self.sessions.get_mut(&index) else {
            return assert!(tables.session(index).is_none());
        };
        let session = tables.session(index).expect("it was installed");
        let header = DataHeader { receiver_index: index, counter };
        let mut datagram = [&header.encode()[..], &vec![9; length], &[0; TAG]].concat();
        let key = Key::new(row.cipher, &[!row.key; 32]).expect("32 bytes");
        assert!(key.seal(counter, &mut datagram[HEADER..]));
        let is_damaged = damage & 1 != 0;
        if is_damaged {
            let at = HEADER + usize::from(damage >> 1) % (datagram.len() - HEADER);
            datagram[at] ^= 0x10;
        }
        let opened = session.open(&header, &mut datagram, source, self.now_ms);
        let is_usable = counter < messages_max(row.cipher) && self.now_ms < row.expires_at_ms;
        let is_replayed = is_usable && !row.seen.is_acceptable(counter);
        let is_new = is_usable && !is_damaged && row.seen.accept(counter);
        row.replays += u64::from(is_replayed);
        row.auth_failures += u64::from(is_usable && !is_replayed && !is_new);
        assert_eq!(opened.is_some(), is_new);
        if let Some(opened) = opened {
            assert_eq!(opened.plaintext, HEADER..HEADER + length);
            assert!(datagram[opened.plaintext].iter().all(|byte| *byte == 9));
            assert_eq!(opened.is_first, row.received == 0);
            assert_eq!(opened.has_moved, source.is_some() && source != row.source);
            row.source = source.or(row.source);
            row.received += 1;
            row.received_bytes += datagram.len() as u64;
            row.last_received_ms = self.now_ms;
        }
        let counters = session.counters();
        assert_eq!((counters.received, counters.received_bytes), (row.received, row.received_bytes));
        let of = |trouble| counters.troubles.of(trouble);
        assert_eq!((of(Trouble::Replay), of(Trouble::Forgery)), (row.replays, row.auth_failures));
        assert_eq!(counters.last_received_ms, row.last_received_ms);
    }

    fn push(&mut self, input: &mut Input<'_>) {
        let (first, second) = (usize::from(input.u8()), usize::from(input.u8()));
        let (first, second) = (input.bytes(first % 64), vec![5; second]);
        let record = [first, &second].concat();
        let used: usize = self.queued.iter().map(|record| 2 + record.len()).sum();
        let fits = used + 2 + record.len() <= self.capacity;
        assert_eq!(self.queue.push(&[first, &second]), fits);
        if fits {
            self.queued.push_back(record);
        } else {
            self.dropped += 1;
        }
        self.check_queue();
    }

    fn drain(&mut self, input: &mut Input<'_>) {
        let mut target = vec![0; usize::from(input.u8()) * 2];
        let filled = self.queue.drain_into(&mut target);
        let (mut expected, mut used) = (Vec::new(), 0);
        while let Some(record) = self.queued.front() {
            let size = 2 + record.len();
            if size <= target.len() && used + size > target.len() {
                break;
            }
            let record = self.queued.pop_front().unwrap_or_default();
            if size > target.len() {
                self.dropped += 1;
            } else {
                used += size;
                expected.push(record);
            }
        }
        assert_eq!(filled, used);
        assert_eq!(records(&target[..filled]).collect::<Vec<_>>(), expected);
        self.check_queue();
    }

    fn check_queue(&self) {
        assert_eq!(self.queue.is_empty(), self.queued.is_empty());
        assert_eq!(self.queue.dropped(), self.dropped);
    }

    fn accept(&mut self, input: &mut Input<'_>) {
        let counter = number(input);
        assert_eq!(self.window.is_acceptable(counter), self.seen.is_acceptable(counter));
        assert_eq!(self.window.accept(counter), self.seen.accept(counter));
    }
}

fn messages_max(cipher: Cipher) -> u64 {
    match cipher {
        Cipher::Aes256Gcm => 1 << 34,
        Cipher::ChaCha20Poly1305 => u64::MAX - 8_193,
    }
}

/// Reads a counter: small, near a power of two, near a cap, or any.
fn number(input: &mut Input<'_>) -> u64 {
    let how = input.u8();
    let near = u64::from(input.u8());
    match how % 8 {
        0..=2 => near,
        3 => (u64::from(how) << 6) | (near % 64),
        4 => (1u64 << (near % 64)).wrapping_sub(u64::from(how >> 3)),
        5 => (1 << 34) - near % 4,
        6 => u64::MAX - 8_193 - near % 4,
        _ => u64::MAX.wrapping_sub(near % 3).wrapping_sub(u64::from(how >> 3) * 64 * near),
    }
}

fn peer(input: &mut Input<'_>) -> u32 {
    u32::from(input.below(4))
}

fn session(input: &mut Input<'_>) -> u32 {
    u32::from(input.below(6))
}

fn endpoint(input: &mut Input<'_>) -> Option<Endpoint> {
    let what = input.u8();
    let address = ([192, 0, 2, what >> 4], 4000).into();
    (what % 4 != 3).then(|| Endpoint {
        socket: u32::from(what % 4),
        address,
        channel: u32::from(what >> 2 & 3),
    })
}

/// Reads an address: one of a few, or one whose bits spread so that networks nest.
fn address(input: &mut Input<'_>) -> IpAddr {
    let what = input.u8();
    let is_v6 = what & 1 != 0;
    match what >> 1 & 3 {
        0 => packet::address(is_v6, what >> 3),
        1 => packet::address(is_v6, input.u8()),
        _ => {
            let bytes = input.bytes(if is_v6 { 16 } else { 4 });
            let octet = |i: usize| bytes.get(i).copied().unwrap_or(what);
            if is_v6 {
                std::array::from_fn::<u8, 16, _>(octet).into()
            } else {
                std::array::from_fn::<u8, 4, _>(octet).into()
            }
        }
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() {
        32
    } else {
        128
    }
}

/// Returns whether two addresses of one family agree in their first `length` bits, bit by bit.
fn is_within(a: IpAddr, b: IpAddr, length: u8) -> bool {
    let bits = |address: IpAddr| -> Vec<bool> {
        let octets = match address {
            IpAddr::V4(v4) => v4.octets().to_vec(),
            IpAddr::V6(v6) => v6.octets().to_vec(),
        };
        octets.iter().flat_map(|octet| (0..8).map(move |bit| octet << bit & 0x80 != 0)).collect()
    };
    a.is_ipv4() == b.is_ipv4() && length <= width(a) && bits(a)[..length.into()] == bits(b)[..length.into()]
}
