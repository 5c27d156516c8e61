//! The trace of one interface: off, or filled by the packet threads and emptied by JavaScript.

use dataplane::trace::{Trace, TraceLimits};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Records packets while somebody asks for it. Off, it costs one relaxed load per system call.
#[derive(Default)]
pub struct Tracer {
    is_on: AtomicBool,
    running: Mutex<Option<Running>>,
}

struct Running {
    trace: Trace,
    began: Instant,
}

impl Running {
    /// One clock for everything: a calendar that is set right in between shall not end a trace.
    fn elapsed_us(&self) -> u64 {
        self.began.elapsed().as_micros() as u64
    }
}

/// How far a trace is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TraceState {
    /// Whether it has ended and all of it was drained.
    pub is_over: bool,
    /// Packets kept so far.
    pub captured: u64,
    /// Packets that there was no room for.
    pub dropped: u64,
}

impl Tracer {
    /// Begins a trace; returns false while there is one that somebody drains.
    pub fn start(&self, limits: TraceLimits) -> bool {
        let mut running = self.lock();
        if running.as_ref().is_some_and(|running| !running.trace.is_forgotten(running.elapsed_us())) {
            return false;
        }
        // A calendar before 1970 gives odd times, no more.
        let began_at_us =
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_micros() as u64);
        *running = Some(Running { trace: Trace::new(limits, began_at_us), began: Instant::now() });
        self.is_on.store(true, Relaxed);
        true
    }

    /// Returns whether packets are to be recorded.
    pub fn is_on(&self) -> bool {
        self.is_on.load(Relaxed)
    }

    /// Records one packet.
    #[cold]
    pub fn record<'a>(&self, packet: impl Iterator<Item = &'a [u8]>) {
        let mut running = self.lock();
        let Some(running) = running.as_mut() else { return };
        let elapsed_us = running.elapsed_us();
        if !running.trace.record(packet, elapsed_us) {
            self.is_on.store(false, Relaxed);
        }
    }

    /// Moves records into `target`; returns the bytes used, and how far the trace is, or `None` without one.
    pub fn drain_into(&self, target: &mut [u8]) -> Option<(usize, TraceState)> {
        let mut running = self.lock();
        let Running { trace, began } = running.as_mut()?;
        let elapsed_us = began.elapsed().as_micros() as u64;
        let is_ended = trace.is_over(elapsed_us);
        let filled = trace.drain_into(target, elapsed_us);
        let is_over = is_ended && trace.is_empty();
        Some((filled, TraceState { is_over, captured: trace.captured(), dropped: trace.dropped() }))
    }

    /// Ends the trace, if there is one; what was not drained is lost.
    pub fn stop(&self) {
        let mut running = self.lock();
        self.is_on.store(false, Relaxed);
        *running = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: TraceLimits = TraceLimits { snap: 64, packets: 2, duration_us: 60_000_000 };

    fn packet() -> impl Iterator<Item = &'static [u8]> {
        std::iter::once(&[0x45; 100][..])
    }

    #[test]
    fn is_on_from_its_start_until_the_last_packet() {
        let tracer = Tracer::default();
        assert!(!tracer.is_on() && tracer.drain_into(&mut [0; 10]).is_none());
        assert!(tracer.start(LIMITS) && !tracer.start(LIMITS));
        tracer.record(packet());
        assert!(tracer.is_on());
        tracer.record(packet());
        assert!(!tracer.is_on());
        let mut target = [0; 100];
        let size = 2 + 16 + 64;
        let state = |is_over| TraceState { is_over, captured: 2, dropped: 0 };
        assert_eq!(tracer.drain_into(&mut target), Some((size, state(false))));
        assert_eq!(tracer.drain_into(&mut target), Some((size, state(true))));
        tracer.stop();
        assert!(tracer.drain_into(&mut target).is_none() && tracer.start(LIMITS));
        tracer.stop();
        assert!(!tracer.is_on());
    }
}
