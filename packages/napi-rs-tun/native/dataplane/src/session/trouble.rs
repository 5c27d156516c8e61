//! Why packets and datagrams of one session did not go through, counted.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What can go wrong with one of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// Received: its counter was seen before.
    Replay,
    /// Received: its tag is wrong.
    Forgery,
    /// Received: the key is too old, or was used too often.
    Expired,
    /// Received: it claims to be an IP packet and is not.
    Malformed,
    /// Received: no route gives its source to the peer.
    ForeignSource,
    /// Received: its destination is not one of our addresses.
    ForeignDestination,
    /// To be sent: left to the control plane, since the key is used up.
    Punted,
    /// To be sent: longer than the path carries, and its sender was told.
    TooBig,
    /// Sent, to be cut by the network.
    Fragmented,
    /// To be sent: contradicts itself, or is too long for any datagram.
    Refused,
}

impl Trouble {
    /// How many kinds there are.
    pub const COUNT: usize = 10;
}

/// A count for every kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Troubles([u64; Trouble::COUNT]);

impl Troubles {
    /// Reads what threads count.
    pub fn read(counts: &[AtomicU64; Trouble::COUNT]) -> Self {
        Troubles(std::array::from_fn(|at| counts[at].load(Relaxed)))
    }

    /// Returns the count of one kind.
    pub fn of(&self, trouble: Trouble) -> u64 {
        self.0[trouble as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_place_of_its_own() {
        let counts: [AtomicU64; Trouble::COUNT] = Default::default();
        counts[Trouble::Replay as usize].store(1, Relaxed);
        counts[Trouble::Refused as usize].store(2, Relaxed);
        let troubles = Troubles::read(&counts);
        assert_eq!((troubles.of(Trouble::Replay), troubles.of(Trouble::Refused)), (1, 2));
        assert_eq!(Trouble::Refused as usize + 1, Trouble::COUNT, "the last one");
        assert_eq!(troubles.of(Trouble::Punted), 0);
    }
}
