//! Relay channels, as methods of the plane's JavaScript class.

use crate::address::address;
use crate::error::{from_refusal, Result};
use crate::plane::NativePlane;
use dataplane::relay::bucket::Quota;
use dataplane::relay::table::RelayRow;
use dataplane::session::Endpoint;
use napi_derive::napi;

/// An endpoint as one socket sees it.
#[napi(object)]
pub struct EndpointRow {
    /// Number of the socket.
    pub socket: u32,
    /// The address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The receiver's number of the relay channel; zero for a direct path.
    pub channel: u32,
}

impl EndpointRow {
    fn parse(&self) -> Result<Endpoint> {
        let EndpointRow { socket, ref host, port, channel } = *self;
        Ok(Endpoint { socket, address: address(host, port)?, channel })
    }
}

/// Relay frames of one channel that are passed on.
#[napi(object)]
pub struct ForwardRow {
    /// Our number of the channel.
    pub channel: u32,
    /// Who may send them.
    pub owner: EndpointRow,
    /// Where they go, with the channel's number there.
    pub next: EndpointRow,
    /// How many bytes in a second; infinity for any.
    pub bytes_per_second: f64,
    /// How many bytes at once; infinity for any.
    pub burst_bytes: f64,
}

/// What went through a relay channel.
#[napi(object)]
pub struct RelayInfo {
    /// Frames passed on or taken in.
    pub packets: f64,
    /// Their bytes.
    pub bytes: f64,
    /// Frames that were neither.
    pub dropped: f64,
}

#[napi]
impl NativePlane {
    /// Passes the relay frames of a channel on.
    #[napi]
    pub fn install_relay(&self, row: ForwardRow) -> Result<()> {
        let hub = self.hub()?;
        let (owner, next) = (row.owner.parse()?, row.next.parse()?);
        let quota = quota(row.bytes_per_second, row.burst_bytes);
        let forward = RelayRow::Forward { owner, next, quota };
        hub.plane.install_relay(row.channel, forward, hub.now_ms()).map_err(from_refusal)
    }

    /// Takes what is in the relay frames of a channel as if it had come directly.
    #[napi]
    pub fn install_relay_end(&self, channel: u32, relay: EndpointRow) -> Result<()> {
        let hub = self.hub()?;
        let end = RelayRow::End { relay: relay.parse()? };
        hub.plane.install_relay(channel, end, hub.now_ms()).map_err(from_refusal)
    }

    /// Forgets a relay channel; returns whether it was there.
    #[napi]
    pub fn remove_relay(&self, channel: u32) -> Result<bool> {
        Ok(self.hub()?.plane.remove_relay(channel))
    }

    /// Returns what went through a relay channel; null when there is none of this number.
    #[napi]
    pub fn relay_counters(&self, channel: u32) -> Result<Option<RelayInfo>> {
        Ok(self.hub()?.plane.relay_counters(channel).map(|counters| RelayInfo {
            packets: counters.packets as f64,
            bytes: counters.bytes as f64,
            dropped: counters.dropped as f64,
        }))
    }

    /// Limits what all relay channels together pass on; infinity for no limit.
    #[napi]
    pub fn set_relay_quota(&self, bytes_per_second: f64, burst_bytes: f64) -> Result<()> {
        let hub = self.hub()?;
        hub.plane.set_relay_quota(quota(bytes_per_second, burst_bytes), hub.now_ms());
        Ok(())
    }
}

/// Infinity becomes the largest integer, and what is no number nothing.
fn quota(bytes_per_second: f64, burst_bytes: f64) -> Quota {
    Quota { bytes_per_second: bytes_per_second as u64, burst_bytes: burst_bytes as u64 }
}
