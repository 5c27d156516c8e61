//! The channels of a relay and of the ends of relayed paths.

use crate::limits::RELAY_CHANNELS_MAX;
use crate::plane::Refusal;
use crate::relay::bucket::{Quota, TokenBucket};
use crate::session::Endpoint;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is done with the frames of a channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RelayRow {
    /// They are passed on.
    Forward {
        /// Who may send them.
        owner: Endpoint,
        /// Where they go, with the channel's number there.
        next: Endpoint,
        /// How much of them.
        quota: Quota,
    },
    /// Their contents are for this node.
    End {
        /// Who may send them.
        relay: Endpoint,
    },
}

impl RelayRow {
    /// Returns who may send the frames.
    pub fn sender(&self) -> Endpoint {
        match *self {
            RelayRow::Forward { owner, .. } => owner,
            RelayRow::End { relay } => relay,
        }
    }

    fn needs_socket(&self, socket: u32) -> bool {
        let is_next = matches!(self, RelayRow::Forward { next, .. } if next.socket == socket);
        is_next || self.sender().socket == socket
    }

    /// Frames come directly and never over a relay; the next one must have a number for the channel.
    fn is_valid(&self, channel: u32) -> bool {
        let is_deaf = matches!(self, RelayRow::Forward { next, .. } if next.channel == 0);
        channel != 0 && self.sender().channel == 0 && !is_deaf
    }
}

/// A row, its quota's state, and what went through it.
pub struct Relay {
    /// What is done.
    pub row: RelayRow,
    bucket: Mutex<TokenBucket>,
    packets: AtomicU64,
    bytes: AtomicU64,
    dropped: AtomicU64,
}

/// What went through a channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RelayCounters {
    /// Frames passed on or taken in.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Frames that were refused, over the quota, or lost on the way out.
    pub dropped: u64,
}

impl Relay {
    /// Counts frames that were passed on or taken in, and others that were not.
    pub fn count(&self, packets: u64, bytes: u64, dropped: u64) {
        self.packets.fetch_add(packets, Relaxed);
        self.bytes.fetch_add(bytes, Relaxed);
        self.dropped.fetch_add(dropped, Relaxed);
    }

    /// Returns what went through it so far.
    pub fn counters(&self) -> RelayCounters {
        RelayCounters {
            packets: self.packets.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            dropped: self.dropped.load(Relaxed),
        }
    }
}

/// All channels of a plane, and the quota that they share.
pub struct RelayTable {
    relays: HashMap<u32, Relay>,
    total: Mutex<TokenBucket>,
}

impl Default for RelayTable {
    fn default() -> Self {
        RelayTable { relays: HashMap::new(), total: Mutex::new(TokenBucket::new(Quota::NONE)) }
    }
}

impl RelayTable {
    /// Returns the channel that we call `channel`.
    pub fn get(&self, channel: u32) -> Option<&Relay> {
        self.relays.get(&channel)
    }

    /// Adds a row or replaces what is done with a channel; its counters and the state of its quota stay.
    pub fn install(&mut self, channel: u32, row: RelayRow, now_ms: u64) -> Result<(), Refusal> {
        if !row.is_valid(channel) {
            return Err(Refusal::Invalid);
        }
        let quota = match row {
            RelayRow::Forward { quota, .. } => quota,
            RelayRow::End { .. } => Quota::NONE,
        };
        if let Some(relay) = self.relays.get_mut(&channel) {
            lock(&relay.bucket).set_quota(quota, now_ms);
            relay.row = row;
            return Ok(());
        }
        if self.relays.len() >= RELAY_CHANNELS_MAX {
            return Err(Refusal::Full);
        }
        let bucket = Mutex::new(TokenBucket::new(quota));
        let (packets, bytes, dropped) = Default::default();
        self.relays.insert(channel, Relay { row, bucket, packets, bytes, dropped });
        Ok(())
    }

    /// Forgets a channel; returns whether it was there.
    pub fn remove(&mut self, channel: u32) -> bool {
        self.relays.remove(&channel).is_some()
    }

    /// Forgets every channel that receives or sends through `socket`.
    pub fn remove_socket(&mut self, socket: u32) {
        self.relays.retain(|_, relay| !relay.row.needs_socket(socket));
    }

    /// Limits what all channels together pass on.
    pub fn set_total(&self, quota: Quota, now_ms: u64) {
        lock(&self.total).set_quota(quota, now_ms);
    }

    /// Takes from both quotas what the frames of a run of `length` bytes, `size` each but the last, need.
    ///
    /// Returns which bytes may pass: whole frames only, and none behind one that is over the quota. The first is missing
    /// when it is lost as a warning, so that the others tell the receiver at once.
    pub fn admit(&self, relay: &Relay, length: usize, size: usize, now_ms: u64) -> Range<usize> {
        let (mut own, mut total) = (lock(&relay.bucket), lock(&self.total));
        let available = own.available(now_ms).min(total.available(now_ms));
        let size = size.max(1);
        let end = match usize::try_from(available) {
            Ok(available) if available < length => available - available % size,
            _ => length,
        };
        let frames = end.div_ceil(size) as u64;
        let is_first_lost = own.loses_early(frames) || total.loses_early(frames);
        let start = if is_first_lost { size.min(end) } else { 0 };
        own.take((end - start) as u64);
        total.take((end - start) as u64);
        start..end
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
