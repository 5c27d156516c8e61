//! Relay channels, slowly: rows in a map, quotas in whole thousandths of a byte.

use dataplane::relay::bucket::Quota;
use dataplane::relay::table::{RelayCounters, RelayRow};
use dataplane::session::Endpoint;
use std::collections::BTreeMap;

/// All channels.
#[derive(Default)]
pub struct Relays {
    rows: BTreeMap<u32, Channel>,
    total: Bucket,
}

struct Channel {
    row: RelayRow,
    bucket: Bucket,
    counters: RelayCounters,
}

/// What was taken of a quota and not given back yet.
struct Bucket {
    quota: Quota,
    taken_milli: u128,
    at_ms: u64,
}

impl Default for Bucket {
    fn default() -> Self {
        Bucket { quota: Quota::NONE, taken_milli: 0, at_ms: 0 }
    }
}

impl Bucket {
    fn fill(&mut self, now_ms: u64) {
        let gained = u128::from(self.quota.bytes_per_second) * u128::from(now_ms - self.at_ms);
        self.taken_milli = self.taken_milli.saturating_sub(gained);
        self.at_ms = now_ms;
    }

    fn change(&mut self, quota: Quota, now_ms: u64) {
        self.fill(now_ms);
        self.quota = quota;
        self.taken_milli = self.taken_milli.min(u128::from(quota.burst_bytes) * 1_000);
    }

    fn has_room(&mut self, bytes: usize, now_ms: u64) -> bool {
        self.fill(now_ms);
        self.taken_milli + bytes as u128 * 1_000 <= u128::from(self.quota.burst_bytes) * 1_000
    }
}

impl Relays {
    /// Installs a row; returns whether it is one that can work.
    pub fn install(&mut self, channel: u32, row: RelayRow, now_ms: u64) -> bool {
        let (sender, next, quota) = match row {
            RelayRow::Forward { owner, next, quota } => (owner, Some(next), quota),
            RelayRow::End { relay } => (relay, None, Quota::NONE),
        };
        if channel == 0 || sender.channel != 0 || next.is_some_and(|next| next.channel == 0) {
            return false;
        }
        let (bucket, counters) = Default::default();
        let known = self.rows.entry(channel).or_insert(Channel { row, bucket, counters });
        known.row = row;
        known.bucket.change(quota, now_ms);
        true
    }

    /// Forgets a channel; returns whether it was there.
    pub fn remove(&mut self, channel: u32) -> bool {
        self.rows.remove(&channel).is_some()
    }

    /// Forgets the channels that need a socket.
    pub fn remove_socket(&mut self, socket: u32) {
        self.rows.retain(|_, known| match known.row {
            RelayRow::Forward { owner, next, .. } => owner.socket != socket && next.socket != socket,
            RelayRow::End { relay } => relay.socket != socket,
        });
    }

    /// Limits all channels together.
    pub fn set_total(&mut self, quota: Quota, now_ms: u64) {
        self.total.change(quota, now_ms);
    }

    /// Returns whether a channel is there.
    pub fn knows(&self, channel: u32) -> bool {
        self.rows.contains_key(&channel)
    }

    /// Returns who may send the frames of a channel.
    pub fn sender(&self, channel: u32) -> Option<Endpoint> {
        self.rows.get(&channel).map(|known| match known.row {
            RelayRow::Forward { owner, .. } => owner,
            RelayRow::End { relay } => relay,
        })
    }

    /// Returns where the frames of a channel go, unless they end here.
    pub fn next(&self, channel: u32) -> Option<Endpoint> {
        match self.rows.get(&channel)?.row {
            RelayRow::Forward { next, .. } => Some(next),
            RelayRow::End { .. } => None,
        }
    }

    /// Takes frames from both quotas until one does not fit; returns how many fitted.
    pub fn admit(&mut self, channel: u32, frames: &[&[u8]], now_ms: u64) -> usize {
        let Some(known) = self.rows.get_mut(&channel) else { return 0 };
        let fitting = frames.iter().take_while(|frame| {
            let length = frame.len();
            let fits = known.bucket.has_room(length, now_ms) && self.total.has_room(length, now_ms);
            if fits {
                known.bucket.taken_milli += length as u128 * 1_000;
                self.total.taken_milli += length as u128 * 1_000;
            }
            fits
        });
        fitting.count()
    }

    /// Counts frames that were passed on or taken in, and others that were not.
    pub fn count(&mut self, channel: u32, packets: u64, bytes: u64, dropped: u64) {
        if let Some(known) = self.rows.get_mut(&channel) {
            known.counters.packets += packets;
            known.counters.bytes += bytes;
            known.counters.dropped += dropped;
        }
    }

    /// Returns what went through a channel.
    pub fn counters(&self, channel: u32) -> Option<RelayCounters> {
        self.rows.get(&channel).map(|known| known.counters)
    }
}
