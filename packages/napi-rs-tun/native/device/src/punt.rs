//! A queue from native threads to JavaScript: many records, one wake.

use dataplane::limits::PUNT_QUEUE_BYTES_MAX;
use dataplane::queue::PackedQueue;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Tells JavaScript that records wait. Called from any thread; must not block.
pub type Wake = Box<dyn Fn() + Send + Sync>;

/// A queue between native threads and JavaScript: many records, one wake.
pub struct PuntQueue {
    state: Mutex<PuntState>,
    wake: Wake,
}

struct PuntState {
    queue: PackedQueue,
    is_wake_pending: bool,
}

impl PuntQueue {
    /// Makes an empty queue that calls `wake` when its first record arrives.
    pub fn new(wake: Wake) -> Self {
        let state = PuntState { queue: PackedQueue::new(PUNT_QUEUE_BYTES_MAX), is_wake_pending: false };
        PuntQueue { state: Mutex::new(state), wake }
    }

    /// Queues one record made of `parts`, or drops it when the queue is full.
    pub fn push(&self, parts: &[&[u8]]) {
        let mut state = self.lock();
        let is_first = state.queue.push(parts) && !state.is_wake_pending;
        state.is_wake_pending |= is_first;
        drop(state);
        if is_first {
            (self.wake)();
        }
    }

    /// Moves records into `target`; wakes again when some remain, so that other work gets its turn in between.
    pub fn drain_into(&self, target: &mut [u8]) -> usize {
        let mut state = self.lock();
        let filled = state.queue.drain_into(target);
        let has_more = !state.queue.is_empty();
        state.is_wake_pending = has_more;
        drop(state);
        if has_more {
            (self.wake)();
        }
        filled
    }

    /// Returns how many records were dropped because the queue was full.
    pub fn dropped(&self) -> u64 {
        self.lock().queue.dropped()
    }

    fn lock(&self) -> MutexGuard<'_, PuntState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
