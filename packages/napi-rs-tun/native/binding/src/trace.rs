//! The trace of an interface, as methods of its JavaScript class.

use crate::error::Result;
use crate::tun::NativeTun;
use dataplane::trace::TraceLimits;
use napi::bindgen_prelude::BufferSlice;
use napi_derive::napi;

/// How far a trace is.
#[napi(object)]
pub struct TraceInfo {
    /// Bytes moved into the buffer.
    pub filled: u32,
    /// Whether it has ended and all of it was drained.
    pub is_over: bool,
    /// Packets kept so far.
    pub captured: f64,
    /// Packets that there was no room for.
    pub dropped: f64,
}

#[napi]
impl NativeTun {
    /// Begins to record packets in both directions; returns false while somebody else does.
    #[napi]
    pub fn start_trace(&self, snap: u32, packets: f64, duration_ms: f64) -> Result<bool> {
        let duration_us = (duration_ms as u64).saturating_mul(1_000);
        let limits = TraceLimits { snap: snap as usize, packets: packets as u64, duration_us };
        Ok(self.device()?.tracer().start(limits))
    }

    /// Moves records into `buffer` as `[u16le length][pcap record]`...; null when there is no trace.
    #[napi]
    pub fn drain_trace(&self, mut buffer: BufferSlice<'_>) -> Result<Option<TraceInfo>> {
        let drained = self.device()?.tracer().drain_into(&mut buffer);
        Ok(drained.map(|(filled, state)| TraceInfo {
            filled: filled as u32,
            is_over: state.is_over,
            captured: state.captured as f64,
            dropped: state.dropped as f64,
        }))
    }

    /// Ends the trace; what was not drained is lost.
    #[napi]
    pub fn stop_trace(&self) -> Result<()> {
        self.device()?.tracer().stop();
        Ok(())
    }
}
