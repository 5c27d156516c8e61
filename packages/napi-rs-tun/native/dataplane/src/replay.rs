//! The replay window of one session (RFC 6479): every counter is accepted at most once.

use crate::limits::REPLAY_WINDOW;

/// One word more than the window, so that a word can be cleared whole when the window moves.
const WORDS: usize = REPLAY_WINDOW as usize / 64 + 1;

/// Which of the last counters were seen.
pub struct ReplayWindow {
    /// One more than the highest accepted counter; zero before the first.
    next: u64,
    seen: [u64; WORDS],
}

impl Default for ReplayWindow {
    fn default() -> Self {
        ReplayWindow { next: 0, seen: [0; WORDS] }
    }
}

impl ReplayWindow {
    /// Makes a window for a key whose counters below `next` were received elsewhere: they count as seen.
    pub fn starting_at(next: u64) -> Self {
        let mut window = ReplayWindow { next, seen: [u64::MAX; WORDS] };
        if !next.is_multiple_of(64) {
            window.seen[word(next)] = bit(next) - 1;
        }
        window
    }

    /// Returns whether `counter` could be accepted; a cheap check before the costly one of the tag.
    pub fn is_acceptable(&self, counter: u64) -> bool {
        if counter >= self.next {
            return counter != u64::MAX;
        }
        self.next - 1 - counter < REPLAY_WINDOW && self.seen[word(counter)] & bit(counter) == 0
    }

    /// Marks the counter of an authentic datagram as seen; returns false when it was seen or is too old.
    pub fn accept(&mut self, counter: u64) -> bool {
        if !self.is_acceptable(counter) {
            return false;
        }
        if counter >= self.next {
            self.advance(counter);
        }
        self.seen[word(counter)] |= bit(counter);
        true
    }

    /// Clears the words that enter the window.
    fn advance(&mut self, counter: u64) {
        let first_fresh = if self.next == 0 { 0 } else { (self.next - 1) / 64 + 1 };
        let last_fresh = counter / 64;
        let count = (last_fresh + 1).saturating_sub(first_fresh).min(WORDS as u64);
        for word in last_fresh + 1 - count..=last_fresh {
            self.seen[(word % WORDS as u64) as usize] = 0;
        }
        self.next = counter + 1;
    }
}

fn word(counter: u64) -> usize {
    (counter / 64 % WORDS as u64) as usize
}

fn bit(counter: u64) -> u64 {
    1 << (counter % 64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[test]
    fn accepts_each_counter_once_and_keeps_the_whole_window() {
        let mut window = ReplayWindow::default();
        assert!(window.accept(0) && !window.accept(0));
        assert!(window.accept(REPLAY_WINDOW));
        assert!(!window.is_acceptable(0));
        assert!(window.accept(1) && !window.accept(1));
        assert!(window.accept(10_000_000) && !window.accept(REPLAY_WINDOW));
        assert!(window.accept(10_000_000 - REPLAY_WINDOW + 1));
        assert!(!window.accept(10_000_000 - REPLAY_WINDOW));
        assert!(!window.accept(u64::MAX));
        assert!(window.accept(u64::MAX - 1) && !window.accept(u64::MAX - 1));
    }

    #[test]
    #[cfg_attr(miri, ignore = "takes minutes when interpreted")]
    fn a_window_that_was_handed_over_accepts_only_what_is_new() {
        for next in [0, 1, 63, 64, 65, 8_191, 8_192, 100_000] {
            let mut window = ReplayWindow::starting_at(next);
            for back in 1..=next.min(9_000) {
                assert!(!window.accept(next - back), "{next} {back}");
            }
            for ahead in [70, 0, 1, 62, 63, 64, 65] {
                assert!(window.accept(next + ahead), "{next} {ahead}");
            }
            assert!(window.accept(next + 8_300) && window.accept(next + 8_299) && !window.accept(next + 70));
        }
    }

    proptest! {
        #[test]
        fn agrees_with_a_set(steps in prop::collection::vec((0u64..3, 0u64..20_000), 1..400)) {
            let mut window = ReplayWindow::default();
            let mut seen = HashSet::new();
            let mut highest = None;
            for (mode, value) in steps {
                let base = highest.unwrap_or(0u64);
                let counter = match mode { 0 => base + value % 100, 1 => base.saturating_sub(value), _ => base + value };
                let is_old = highest.is_some_and(|highest| counter + REPLAY_WINDOW <= highest);
                let expected = !is_old && !seen.contains(&counter);
                prop_assert_eq!(window.accept(counter), expected);
                if expected {
                    seen.insert(counter);
                    highest = Some(base.max(counter));
                }
            }
        }
    }
}
