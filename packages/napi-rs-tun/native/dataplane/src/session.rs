//! One session: its keys, its counter, its replay window, and what went through it.

use crate::aead::{Cipher, Key};
use crate::relay::RELAY_HEADER;
use crate::replay::ReplayWindow;
use crate::transport::{DataHeader, HEADER, TAG};
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub mod trouble;
use trouble::{Trouble, Troubles};

/// A peer's address as one of our sockets sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Endpoint {
    /// Which socket.
    pub socket: u32,
    /// The peer's address and port, or those of the relay.
    pub address: SocketAddr,
    /// The receiver's number of the relay channel; zero for a direct path.
    pub channel: u32,
}

impl Endpoint {
    /// Makes one without a relay.
    pub fn direct(socket: u32, address: SocketAddr) -> Self {
        Endpoint { socket, address, channel: 0 }
    }

    /// Returns how many bytes stand in front of every datagram on its way there.
    pub fn prefix_length(&self) -> usize {
        if self.channel == 0 {
            0
        } else {
            RELAY_HEADER
        }
    }
}

/// What the handshake agreed on.
pub struct SessionKeys<'a> {
    /// Our name of the session.
    pub local_index: u32,
    /// The peer's name of it.
    pub remote_index: u32,
    /// Whose session it is.
    pub peer: u32,
    /// The agreed cipher.
    pub cipher: Cipher,
    /// 32 bytes: seals what we send.
    pub send_key: &'a [u8],
    /// 32 bytes: opens what we receive.
    pub receive_key: &'a [u8],
    /// Datagrams sealed with the key before it came here.
    pub sent: u64,
    /// Counters below this were received before the key came here.
    pub received_below: u64,
    /// When the keys end, in milliseconds of the plane's clock.
    pub expires_at_ms: u64,
}

/// A session that can seal and open.
pub struct Session {
    /// Our name of the session.
    pub local_index: u32,
    /// Whose session it is.
    pub peer: u32,
    remote_index: u32,
    send_key: Key,
    receive_key: Key,
    messages_max: u64,
    expires_at_ms: u64,
    next_counter: AtomicU64,
    sent_bytes: AtomicU64,
    receiving: Mutex<Receiving>,
    troubles: [AtomicU64; Trouble::COUNT],
}

/// What changes with every datagram received; the counts are here because an atomic each costs as much as the lock.
struct Receiving {
    window: ReplayWindow,
    source: Option<Endpoint>,
    datagrams: u64,
    bytes: u64,
    last_ms: u64,
}

/// An authentic datagram that was seen for the first time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opened {
    /// Where in the datagram the plaintext stands.
    pub plaintext: Range<usize>,
    /// Whether it is the first of this session: the peer has the keys.
    pub is_first: bool,
    /// Whether it came from another endpoint than the one before.
    pub has_moved: bool,
}

/// Why a datagram was not opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rejected {
    /// The key is too old or was used too often.
    Expired,
    /// Its counter was seen before, or is too far behind to tell.
    Replayed,
    /// Its tag is wrong.
    Forged,
}

/// What went through a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SessionCounters {
    /// Datagrams sealed.
    pub sent: u64,
    /// Their bytes.
    pub sent_bytes: u64,
    /// Authentic datagrams received.
    pub received: u64,
    /// Their bytes.
    pub received_bytes: u64,
    /// When the last of them arrived, in milliseconds of the plane's clock.
    pub last_received_ms: u64,
    /// What did not go through, by reason.
    pub troubles: Troubles,
}

impl Session {
    /// Takes over a pair of keys; `None` when one has not 32 bytes.
    pub fn new(keys: &SessionKeys<'_>) -> Option<Session> {
        Some(Session {
            local_index: keys.local_index,
            peer: keys.peer,
            remote_index: keys.remote_index,
            send_key: Key::new(keys.cipher, keys.send_key)?,
            receive_key: Key::new(keys.cipher, keys.receive_key)?,
            messages_max: keys.cipher.messages_max(),
            expires_at_ms: keys.expires_at_ms,
            next_counter: AtomicU64::new(keys.sent),
            sent_bytes: AtomicU64::new(0),
            receiving: Mutex::new(Receiving {
                window: ReplayWindow::starting_at(keys.received_below),
                source: None,
                datagrams: 0,
                bytes: 0,
                last_ms: 0,
            }),
            troubles: Default::default(),
        })
    }

    /// Makes a datagram of `datagram`, whose plaintext stands between 16 bytes for the header and 16 for the tag.
    ///
    /// Returns false when the key is too old or has sealed as many messages as it may: a new handshake is due.
    pub fn seal(&self, datagram: &mut [u8], now_ms: u64) -> bool {
        if datagram.len() < HEADER + TAG || now_ms >= self.expires_at_ms {
            return false;
        }
        let counter = self.next_counter.fetch_add(1, Relaxed);
        if counter >= self.messages_max {
            self.next_counter.store(self.messages_max, Relaxed);
            return false;
        }
        self.sent_bytes.fetch_add(datagram.len() as u64, Relaxed);
        let (header, message) = datagram.split_at_mut(HEADER);
        header.copy_from_slice(&DataHeader { receiver_index: self.remote_index, counter }.encode());
        self.send_key.seal(counter, message)
    }

    /// Opens `datagram` in place; `None` where `try_open` says why not.
    pub fn open(
        &self,
        header: &DataHeader,
        datagram: &mut [u8],
        source: Option<Endpoint>,
        now_ms: u64,
    ) -> Option<Opened> {
        self.try_open(header, datagram, source, now_ms).ok()
    }

    /// Opens `datagram` in place, or says and counts why not.
    ///
    /// `source` is where it came from, where that is an endpoint of a socket.
    pub fn try_open(
        &self,
        header: &DataHeader,
        datagram: &mut [u8],
        source: Option<Endpoint>,
        now_ms: u64,
    ) -> Result<Opened, Rejected> {
        if header.counter >= self.messages_max || now_ms >= self.expires_at_ms {
            self.note(Trouble::Expired);
            return Err(Rejected::Expired);
        }
        let mut receiving = self.receiving();
        if !receiving.window.is_acceptable(header.counter) {
            self.note(Trouble::Replay);
            return Err(Rejected::Replayed);
        }
        let is_authentic =
            datagram.get_mut(HEADER..).is_some_and(|message| self.receive_key.open(header.counter, message));
        if !is_authentic {
            self.note(Trouble::Forgery);
            return Err(Rejected::Forged);
        }
        receiving.window.accept(header.counter);
        let has_moved = source.is_some() && receiving.source != source;
        if has_moved {
            receiving.source = source;
        }
        let is_first = receiving.datagrams == 0;
        receiving.datagrams += 1;
        receiving.bytes += datagram.len() as u64;
        receiving.last_ms = now_ms;
        drop(receiving);
        Ok(Opened { plaintext: HEADER..datagram.len() - TAG, is_first, has_moved })
    }

    /// Returns what went through the session so far.
    pub fn counters(&self) -> SessionCounters {
        let receiving = self.receiving();
        SessionCounters {
            sent: self.next_counter.load(Relaxed),
            sent_bytes: self.sent_bytes.load(Relaxed),
            received: receiving.datagrams,
            received_bytes: receiving.bytes,
            last_received_ms: receiving.last_ms,
            troubles: Troubles::read(&self.troubles),
        }
    }

    fn receiving(&self) -> MutexGuard<'_, Receiving> {
        self.receiving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a datagram or packet of this session that did not go through.
    pub fn note(&self, trouble: Trouble) {
        self.troubles[trouble as usize].fetch_add(1, Relaxed);
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Makes the two ends of a session: indexes 1 and 2, peers 1 and 2.
    pub fn pair(cipher: Cipher) -> (Session, Session) {
        let (a, b) = ([1; 32], [2; 32]);
        let end = |local_index, remote_index, send_key, receive_key| {
            let keys = SessionKeys {
                local_index,
                remote_index,
                peer: remote_index,
                cipher,
                send_key,
                receive_key,
                sent: 0,
                received_below: 0,
                expires_at_ms: 1_000,
            };
            Session::new(&keys).unwrap()
        };
        (end(1, 2, &a, &b), end(2, 1, &b, &a))
    }

    /// Seals `plaintext` into a datagram.
    pub fn sealed(session: &Session, plaintext: &[u8]) -> Vec<u8> {
        let mut datagram = [&[0; HEADER][..], plaintext, &[0; TAG]].concat();
        assert!(session.seal(&mut datagram, 0));
        datagram
    }

    #[test]
    fn opens_what_the_other_end_sealed_but_only_once() {
        for cipher in [Cipher::ChaCha20Poly1305, Cipher::Aes256Gcm] {
            let (alice, bob) = pair(cipher);
            let mut datagram = sealed(&alice, b"hello");
            let copy = datagram.clone();
            let header = DataHeader::decode(&datagram).unwrap();
            assert_eq!(header, DataHeader { receiver_index: 2, counter: 0 });
            let opened = bob.open(&header, &mut datagram, None, 5).unwrap();
            assert_eq!(&datagram[opened.plaintext], b"hello");
            assert!(opened.is_first && !opened.has_moved);
            assert_eq!(bob.try_open(&header, &mut copy.clone(), None, 6), Err(Rejected::Replayed));
            assert_eq!(bob.counters().troubles.of(Trouble::Replay), 1);
            assert_eq!(bob.counters().received, 1);
            assert_eq!(bob.counters().last_received_ms, 5);
        }
    }

    #[test]
    fn a_forgery_neither_moves_the_window_nor_the_endpoint() {
        let (alice, bob) = pair(Cipher::ChaCha20Poly1305);
        let mut datagram = sealed(&alice, b"hello");
        let mut forged = datagram.clone();
        forged[15] = 0x7f;
        let source = |port| Some(Endpoint::direct(0, ([10, 0, 0, 1], port).into()));
        let header = DataHeader::decode(&forged).unwrap();
        assert_eq!(bob.try_open(&header, &mut forged, source(9), 0), Err(Rejected::Forged));
        let troubles = bob.counters().troubles;
        assert_eq!((troubles.of(Trouble::Forgery), troubles.of(Trouble::Replay)), (1, 0));
        let header = DataHeader::decode(&datagram).unwrap();
        assert!(bob.open(&header, &mut datagram, source(1), 0).unwrap().has_moved);
        let mut next = sealed(&alice, b"");
        let header = DataHeader::decode(&next).unwrap();
        assert!(!bob.open(&header, &mut next, source(1), 0).unwrap().has_moved);
        let relayed = source(1).map(|relay| Endpoint { channel: 7, ..relay });
        let mut next = sealed(&alice, b"");
        let header = DataHeader::decode(&next).unwrap();
        assert!(
            bob.open(&header, &mut next, relayed, 0).unwrap().has_moved,
            "through a relay is another way"
        );
    }

    #[test]
    fn a_key_that_was_handed_over_goes_on_where_it_was() {
        let (a, b) = ([1; 32], [2; 32]);
        let keys = SessionKeys {
            local_index: 2,
            remote_index: 1,
            peer: 1,
            cipher: Cipher::Aes256Gcm,
            send_key: &b,
            receive_key: &a,
            sent: 7,
            received_below: 1,
            expires_at_ms: 1_000,
        };
        let (alice, _) = pair(Cipher::Aes256Gcm);
        let bob = Session::new(&keys).unwrap();
        assert_eq!(DataHeader::decode(&sealed(&bob, b"")).unwrap().counter, 7);
        let mut datagrams = [sealed(&alice, b"0"), sealed(&alice, b"1")];
        let opened = datagrams.each_mut().map(|datagram| {
            let header = DataHeader::decode(datagram).unwrap();
            bob.open(&header, datagram, None, 0).is_some()
        });
        assert_eq!(opened, [false, true]);
    }

    #[test]
    fn a_key_ends_when_its_time_is_over() {
        let (alice, bob) = pair(Cipher::ChaCha20Poly1305);
        let mut datagram = sealed(&alice, b"x");
        let header = DataHeader::decode(&datagram).unwrap();
        assert!(!alice.seal(&mut [0; 40], 1_000));
        assert_eq!(bob.try_open(&header, &mut datagram, None, 1_000), Err(Rejected::Expired));
        assert_eq!(bob.counters().troubles.of(Trouble::Expired), 1);
        assert!(bob.open(&header, &mut datagram, None, 999).is_some());
    }

    #[test]
    fn stops_sealing_when_the_key_is_used_up() {
        let (alice, _) = pair(Cipher::Aes256Gcm);
        alice.next_counter.store(crate::limits::GCM_MESSAGES_MAX - 1, Relaxed);
        let mut datagram = [0; 40];
        assert!(alice.seal(&mut datagram, 0));
        assert!(!alice.seal(&mut datagram, 0));
        assert!(!alice.seal(&mut datagram, 0));
        assert_eq!(alice.counters().sent, crate::limits::GCM_MESSAGES_MAX);
    }
}
