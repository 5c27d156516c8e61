//! What the control plane does with relay channels.

use super::{Plane, Refusal, Tables};
use crate::relay::bucket::Quota;
use crate::relay::table::{RelayCounters, RelayRow, RelayTable};

impl Tables {
    /// Returns the relay channels.
    pub fn relays(&self) -> &RelayTable {
        &self.relays
    }
}

impl Plane {
    /// Adds a relay channel or replaces what is done with it.
    pub fn install_relay(&self, channel: u32, row: RelayRow, now_ms: u64) -> Result<(), Refusal> {
        self.write().relays.install(channel, row, now_ms)
    }

    /// Forgets a relay channel; returns whether it was there.
    pub fn remove_relay(&self, channel: u32) -> bool {
        self.write().relays.remove(channel)
    }

    /// Limits what all relay channels together pass on.
    pub fn set_relay_quota(&self, quota: Quota, now_ms: u64) {
        self.tables().relays.set_total(quota, now_ms);
    }

    /// Returns what went through a relay channel.
    pub fn relay_counters(&self, channel: u32) -> Option<RelayCounters> {
        self.tables().relays.get(channel).map(|relay| relay.counters())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::RELAY_CHANNELS_MAX;
    use crate::session::Endpoint;

    fn endpoint(socket: u32, channel: u32) -> Endpoint {
        Endpoint { socket, address: ([192, 0, 2, 1], 4000).into(), channel }
    }

    fn forward(owner: u32, next: u32) -> RelayRow {
        RelayRow::Forward { owner: endpoint(owner, 0), next: endpoint(next, 9), quota: Quota::NONE }
    }

    #[test]
    fn rows_die_with_their_socket() {
        let plane = Plane::default();
        plane.install_relay(1, forward(1, 2), 0).unwrap();
        plane.install_relay(2, forward(2, 1), 0).unwrap();
        plane.install_relay(3, forward(2, 2), 0).unwrap();
        plane.install_relay(4, RelayRow::End { relay: endpoint(1, 0) }, 0).unwrap();
        plane.remove_socket(1);
        let left: Vec<u32> = (1..=4).filter(|&channel| plane.relay_counters(channel).is_some()).collect();
        assert_eq!(left, [3]);
        assert!(plane.remove_relay(3) && !plane.remove_relay(3));
    }

    #[test]
    fn refuses_rows_that_cannot_work() {
        let plane = Plane::default();
        let over_a_relay = RelayRow::End { relay: endpoint(1, 7) };
        let quota = Quota::NONE;
        let owner = endpoint(1, 0);
        let to_nobody = RelayRow::Forward { owner, next: endpoint(2, 0), quota };
        let from_a_relay = RelayRow::Forward { owner: endpoint(1, 7), next: endpoint(2, 9), quota };
        for (channel, row) in [(0, forward(1, 2)), (1, over_a_relay), (1, to_nobody), (1, from_a_relay)] {
            assert_eq!(plane.install_relay(channel, row, 0), Err(Refusal::Invalid));
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "takes minutes when interpreted")]
    fn stops_at_the_cap() {
        let plane = Plane::default();
        for channel in 1..=RELAY_CHANNELS_MAX as u32 {
            plane.install_relay(channel, forward(1, 2), 0).unwrap();
        }
        assert_eq!(plane.install_relay(u32::MAX, forward(1, 2), 0), Err(Refusal::Full));
        plane.install_relay(1, RelayRow::End { relay: endpoint(3, 0) }, 0).unwrap();
    }
}
