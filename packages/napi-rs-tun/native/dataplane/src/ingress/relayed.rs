//! Frames of relay channels: passed on, taken apart, refused, or left to the control plane.

use super::{Arrival, Ingress, Known, Listener, Notice};
use crate::limits::{SEGMENTS_PER_SEND_MAX, SEND_BYTES_MAX};
use crate::relay::table::{Relay, RelayRow};
use crate::relay::{readdress, Run, RELAY_HEADER};
use crate::session::Endpoint;

impl Ingress {
    /// Handles frames of one channel that stand side by side.
    pub(super) fn relayed(
        &mut self,
        known: &mut Known<'_>,
        arena: &mut [u8],
        run: &Run,
        arrival: Arrival,
        listener: &mut impl Listener,
    ) {
        let tables = known.tables;
        let Some(relay) = tables.relays().get(run.channel) else {
            // The control plane may know it: not every path is made of datagrams.
            return self.left_to_control(arena, run, arrival, listener);
        };
        if !run.is_acceptable {
            self.counters.relay_refused += run.count();
            return relay.count(0, 0, run.count());
        }
        if relay.row.sender() != arrival.source {
            // Each end chooses among the paths between them: only the control plane knows the others that are proven.
            return self.left_to_control(arena, run, arrival, listener);
        }
        match relay.row {
            RelayRow::Forward { next, .. } => {
                let frames = &mut arena[run.range.clone()];
                let passed = tables.relays().admit(relay, frames.len(), run.size, arrival.now_ms);
                self.forward(relay, next, &mut frames[passed], run, listener);
            }
            RelayRow::End { .. } => {
                relay.count(run.count(), run.range.len() as u64, 0);
                let source = Endpoint { channel: run.channel, ..arrival.source };
                for frame in run.frames() {
                    let datagram = frame.start + RELAY_HEADER..frame.end;
                    self.datagram(known, arena, datagram, Arrival { source, ..arrival }, listener);
                }
            }
        }
    }

    /// Shows frames to the control plane, which forwards or drops them.
    fn left_to_control(&mut self, arena: &[u8], run: &Run, arrival: Arrival, listener: &mut impl Listener) {
        self.counters.noticed += run.count();
        for frame in run.frames() {
            listener.notice(None, arrival.source, Notice::Datagram(&arena[frame]));
        }
    }

    /// Passes on what the quota left of a run.
    fn forward(
        &mut self,
        relay: &Relay,
        next: Endpoint,
        frames: &mut [u8],
        run: &Run,
        listener: &mut impl Listener,
    ) {
        let over_quota = run.count() - frames.len().div_ceil(run.size) as u64;
        self.counters.relay_over_quota += over_quota;
        relay.count(0, 0, over_quota);
        readdress(frames, run.size, next.channel);
        // A train may be longer than what a send takes, e.g. from IPv6 to IPv4.
        let at_once = SEGMENTS_PER_SEND_MAX.min(SEND_BYTES_MAX / run.size).max(1);
        for part in frames.chunks(at_once * run.size) {
            let count = part.len().div_ceil(run.size) as u64;
            let lost = listener.forward(next, part, run.size).min(count);
            let sent = count - lost;
            // Which of them were lost is not known; all but the last of a train have the same length.
            let bytes = (part.len() as u64).min(sent * run.size as u64);
            self.counters.relayed += sent;
            self.counters.relayed_bytes += bytes;
            relay.count(sent, bytes, lost);
        }
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
