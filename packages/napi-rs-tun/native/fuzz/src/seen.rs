//! The slow replay window: a set of all counters that were accepted.

use std::collections::HashSet;

/// Datagrams this far behind the newest are too late (docs/wire/transport-data.md).
const WINDOW: u64 = 8_192;

/// Which counters were accepted.
#[derive(Default)]
pub struct Seen {
    accepted: HashSet<u64>,
    highest: Option<u64>,
    floor: u64,
}

impl Seen {
    /// Makes one for a key whose counters below `floor` were received elsewhere.
    pub fn starting_at(floor: u64) -> Self {
        Seen { accepted: HashSet::new(), highest: floor.checked_sub(1), floor }
    }

    /// Returns whether `counter` is new enough and was not accepted before.
    pub fn is_acceptable(&self, counter: u64) -> bool {
        let is_late = self.highest.is_some_and(|highest| highest >= counter && highest - counter >= WINDOW);
        counter != u64::MAX && counter >= self.floor && !is_late && !self.accepted.contains(&counter)
    }

    /// Accepts it, when it is acceptable; returns whether it was.
    pub fn accept(&mut self, counter: u64) -> bool {
        let is_new = self.is_acceptable(counter);
        if is_new {
            self.accepted.insert(counter);
            self.highest = self.highest.max(Some(counter));
        }
        is_new
    }
}
