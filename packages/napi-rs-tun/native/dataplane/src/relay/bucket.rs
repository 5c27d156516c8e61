//! How much may pass in a time: a token bucket of bytes.

use crate::limits::{EARLY_LOSS_BURST_MIN, EARLY_LOSS_MILLIONTHS_MAX};

/// A rate, and what may pass at once after a pause.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quota {
    /// Bytes in a second.
    pub bytes_per_second: u64,
    /// Bytes at once.
    pub burst_bytes: u64,
}

impl Quota {
    /// Lets everything pass.
    pub const NONE: Quota = Quota { bytes_per_second: u64::MAX, burst_bytes: u64::MAX };
}

/// A bucket that fills with the time of the plane's clock; full at first.
///
/// It knows what is missing, in thousandths of a byte, so that a slow rate and short steps of the clock lose nothing.
pub struct TokenBucket {
    quota: Quota,
    missing_milli: u64,
    filled_at_ms: u64,
    /// What is owed of the next early loss, in millionths of a frame.
    loss_due: u64,
}

const MILLI: u64 = 1_000;
const MILLION: u64 = 1_000_000;

impl TokenBucket {
    /// Makes a full one.
    pub fn new(quota: Quota) -> Self {
        TokenBucket { quota, missing_milli: 0, filled_at_ms: 0, loss_due: 0 }
    }

    /// Changes the quota from `now_ms` on. What was taken stays taken: asking twice gives no second burst.
    pub fn set_quota(&mut self, quota: Quota, now_ms: u64) {
        self.fill(now_ms);
        self.quota = quota;
        self.missing_milli = self.missing_milli.min(self.capacity_milli());
    }

    /// Returns how many bytes may pass.
    pub fn available(&mut self, now_ms: u64) -> u64 {
        self.fill(now_ms);
        (self.capacity_milli() - self.missing_milli) / MILLI
    }

    /// Lets `bytes` pass, of which no more may be taken than are available.
    pub fn take(&mut self, bytes: u64) {
        let missing = self.missing_milli.saturating_add(bytes.saturating_mul(MILLI));
        self.missing_milli = missing.min(self.capacity_milli());
    }

    /// Returns whether one of the next `frames` shall be lost although there is room for it: a warning.
    ///
    /// An empty bucket loses whole trains, after which TCP stands still and then starts from nothing: it would get a third
    /// of the rate. Once the bucket is half empty single frames are lost, the emptier the more (RFC 2309's idea, with the
    /// bucket for a queue and no chance in it), and TCP settles at the rate. Buckets too small for that give no warning.
    pub fn loses_early(&mut self, frames: u64) -> bool {
        let half = self.quota.burst_bytes / 2;
        let missing = (self.missing_milli / MILLI).saturating_sub(half);
        if missing == 0 || self.quota.burst_bytes < EARLY_LOSS_BURST_MIN {
            return false;
        }
        let share = u128::from(missing) * u128::from(EARLY_LOSS_MILLIONTHS_MAX) / u128::from(half);
        self.loss_due = self.loss_due.saturating_add(frames.saturating_mul(share as u64));
        let is_due = self.loss_due >= MILLION;
        if is_due {
            self.loss_due = (self.loss_due - MILLION).min(MILLION);
        }
        is_due
    }

    fn fill(&mut self, now_ms: u64) {
        // Threads read the clock before they wait for their turn: a step back is no time.
        let elapsed = now_ms.saturating_sub(self.filled_at_ms);
        self.filled_at_ms = self.filled_at_ms.max(now_ms);
        // Bytes per second are thousandths of a byte per millisecond.
        let gained = self.quota.bytes_per_second.saturating_mul(elapsed);
        self.missing_milli = self.missing_milli.saturating_sub(gained);
    }

    fn capacity_milli(&self) -> u64 {
        self.quota.burst_bytes.saturating_mul(MILLI)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn is_full_at_first_and_fills_with_time() {
        let mut bucket = TokenBucket::new(Quota { bytes_per_second: 10, burst_bytes: 100 });
        assert_eq!(bucket.available(5), 100);
        bucket.take(100);
        assert_eq!(bucket.available(5), 0);
        for now in 6..105 {
            assert_eq!(bucket.available(now), 0);
        }
        assert_eq!(bucket.available(105), 1);
        assert_eq!(bucket.available(100), 1);
        assert_eq!(bucket.available(1_000_000), 100);
    }

    #[test]
    fn another_quota_gives_nothing_away() {
        let mut bucket = TokenBucket::new(Quota { bytes_per_second: 1_000, burst_bytes: 100 });
        bucket.take(90);
        bucket.set_quota(Quota { bytes_per_second: 1, burst_bytes: 1_000 }, 5);
        assert_eq!(bucket.available(5), 1_000 - 85);
        bucket.set_quota(Quota { bytes_per_second: 1_000, burst_bytes: 4 }, 5);
        assert_eq!(bucket.available(5), 0);
        assert_eq!(bucket.available(9), 4);
        bucket.take(4);
        bucket.set_quota(Quota::NONE, 9);
        assert!(bucket.available(9) > 1 << 50);
    }

    #[test]
    fn warns_the_more_the_emptier_it_is_once_half_is_gone() {
        let burst_bytes = EARLY_LOSS_BURST_MIN;
        let mut bucket = TokenBucket::new(Quota { bytes_per_second: 0, burst_bytes });
        let losses = |bucket: &mut TokenBucket| (0..10_000).filter(|_| bucket.loses_early(1)).count() as u64;
        bucket.take(burst_bytes / 2);
        assert_eq!(losses(&mut bucket), 0);
        bucket.take(burst_bytes / 4);
        assert_eq!(losses(&mut bucket), EARLY_LOSS_MILLIONTHS_MAX / 200);
        bucket.take(burst_bytes / 4);
        assert_eq!(losses(&mut bucket), EARLY_LOSS_MILLIONTHS_MAX / 100);
        assert!(bucket.loses_early(u64::MAX) && bucket.loses_early(1), "two are owed at most");
        let mut small =
            TokenBucket::new(Quota { bytes_per_second: 0, burst_bytes: EARLY_LOSS_BURST_MIN - 1 });
        small.take(EARLY_LOSS_BURST_MIN);
        assert_eq!(losses(&mut small), 0);
    }

    #[test]
    fn no_quota_lets_everything_pass() {
        let mut bucket = TokenBucket::new(Quota::NONE);
        for now in 0..100 {
            assert!(bucket.available(now) >= u64::MAX / MILLI);
            bucket.take(u64::MAX / MILLI);
        }
    }

    proptest! {
        /// Whatever is asked and when: in no stretch of time does more pass than the burst and the rate allow.
        #[test]
        fn never_lets_more_pass_than_the_quota(
            rate in 0u64..5_000,
            burst in 0u64..5_000,
            steps in prop::collection::vec((0u64..700, 0u64..3_000), 1..60),
        ) {
            let mut bucket = TokenBucket::new(Quota { bytes_per_second: rate, burst_bytes: burst });
            let mut now = 0;
            let mut passed: Vec<(u64, u64)> = Vec::new();
            for (pause, wanted) in steps {
                now += pause;
                let taken = wanted.min(bucket.available(now));
                bucket.take(taken);
                passed.push((now, taken));
            }
            for (first, &(start, _)) in passed.iter().enumerate() {
                let mut sum = 0;
                for &(end, bytes) in &passed[first..] {
                    sum += bytes;
                    prop_assert!(sum * 1_000 <= burst * 1_000 + rate * (end - start));
                }
            }
        }
    }
}
