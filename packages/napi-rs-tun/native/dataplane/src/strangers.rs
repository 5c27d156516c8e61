//! How many datagrams without a session the control plane is shown: a flood ends here, where a datagram costs least.
//!
//! Every prefix has a share, so that one flooding network does not use up what all have. Sources of installed peers have
//! a share of their own and none in the sum: what strangers send cannot keep a peer from a new key. Threads share all
//! of it, and nothing is kept for a source.

use crate::limits::{
    HELLOS_BURST_MAX, HELLOS_PER_SECOND_MAX, INITIATIONS_BURST_MAX, INITIATIONS_PER_SECOND_MAX,
    REPLIES_BURST_MAX, REPLIES_PER_SECOND_MAX, STRANGER_CELLS, STRANGER_PREFIX_BURST_MAX,
    STRANGER_PREFIX_PER_SECOND_MAX, STRANGER_REFILL_MS,
};
use crate::relay::TYPE_RELAY;
use crate::session::Endpoint;
use crate::transport::TYPE_DATA;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

const TYPE_INITIATION: u8 = 1;
const TYPE_HELLO: u8 = 0x10;

/// What a datagram without a session wants from the control plane.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wish {
    /// A handshake, the most expensive thing that a stranger can ask for.
    Handshake,
    /// To know who is here.
    Hello,
    /// To be taken for a reply, or for nothing that we know.
    Reply,
}

impl Wish {
    /// Returns the wish of a datagram; `None` for data and relay frames, which sessions of the control plane may need.
    fn of(datagram: &[u8]) -> Option<Wish> {
        match datagram.first() {
            Some(&(TYPE_DATA | TYPE_RELAY)) => None,
            Some(&TYPE_INITIATION) => Some(Wish::Handshake),
            Some(&TYPE_HELLO) => Some(Wish::Hello),
            _ => Some(Wish::Reply),
        }
    }
}

/// A token bucket in one word that threads share: the time at which it will be full again.
#[derive(Default)]
struct Bucket(AtomicU64);

impl Bucket {
    /// Takes a token; returns whether there was one.
    fn take(&self, per_second: u64, burst: u64, now_us: u64) -> bool {
        let token_us = 1_000_000 / per_second;
        let take = |full_at_us: u64| {
            let full_at_us = full_at_us.max(now_us) + token_us;
            (full_at_us - now_us <= burst * token_us).then_some(full_at_us)
        };
        self.0.fetch_update(Relaxed, Relaxed, take).is_ok()
    }
}

/// The limiter of a plane, for all its threads.
pub struct Strangers {
    /// Keyed at random, so that nobody can aim at the cell of somebody else.
    hasher: RandomState,
    cells: Box<[Bucket]>,
    initiations: Bucket,
    hellos: Bucket,
    replies: Bucket,
}

impl Default for Strangers {
    fn default() -> Self {
        Strangers {
            hasher: RandomState::new(),
            cells: (0..STRANGER_CELLS).map(|_| Bucket::default()).collect(),
            initiations: Bucket::default(),
            hellos: Bucket::default(),
            replies: Bucket::default(),
        }
    }
}

impl Strangers {
    /// Returns whether the control plane shall see a datagram without a session; `is_known` if a peer is where it came from.
    pub fn admit(&self, datagram: &[u8], source: Endpoint, is_known: bool, now_ms: u64) -> bool {
        let Some(wish) = Wish::of(datagram) else { return true };
        let now_us = (now_ms - now_ms % STRANGER_REFILL_MS).saturating_mul(1_000);
        let asks = wish != Wish::Reply;
        let hash = match is_known {
            true => self.hasher.hash_one((asks, source.address, source.channel)),
            false => self.hasher.hash_one((asks, prefix(source.address))),
        };
        let cell = &self.cells[hash as usize % STRANGER_CELLS];
        if !cell.take(STRANGER_PREFIX_PER_SECOND_MAX, STRANGER_PREFIX_BURST_MAX, now_us) {
            return false;
        }
        is_known
            || match wish {
                Wish::Handshake => {
                    self.initiations.take(INITIATIONS_PER_SECOND_MAX, INITIATIONS_BURST_MAX, now_us)
                }
                Wish::Hello => self.hellos.take(HELLOS_PER_SECOND_MAX, HELLOS_BURST_MAX, now_us),
                Wish::Reply => self.replies.take(REPLIES_PER_SECOND_MAX, REPLIES_BURST_MAX, now_us),
            }
    }
}

/// Returns what one customer of a provider usually has: a /24, a /48.
fn prefix(address: SocketAddr) -> (bool, u64) {
    match address.ip() {
        IpAddr::V4(v4) => (false, u64::from(v4.to_bits() >> 8)),
        IpAddr::V6(v6) => (true, (v6.to_bits() >> 80) as u64),
    }
}

#[cfg(test)]
mod tests;
