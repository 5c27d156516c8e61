//! The thread that reads packets from the interface and queues them for JavaScript.

use crate::error::{DeviceError, Result};
use crate::sys::{self, EventFd, Ready};
use crate::tun::Tun;
use dataplane::limits::{PACKET_BYTES_MAX, PUNT_QUEUE_BYTES_MAX};
use dataplane::queue::PackedQueue;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Enough to make the cost of poll() vanish, few enough to notice a stop signal within a millisecond.
const READS_PER_POLL_MAX: usize = 128;

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

/// A running reader; dropping it ends the thread.
pub struct Reader {
    stop: Arc<EventFd>,
    thread: Option<JoinHandle<()>>,
}

impl Reader {
    /// Starts reading `tun` into `queue`.
    pub fn start(tun: Arc<Tun>, queue: Arc<PuntQueue>) -> Result<Self> {
        let stop = Arc::new(EventFd::new()?);
        let signal = stop.clone();
        let thread = std::thread::Builder::new()
            .name("ipop-tun".into())
            .spawn(move || run(&tun, &queue, &signal))
            .map_err(|error| DeviceError::from_io("start the reader thread", &error))?;
        Ok(Reader { stop, thread: Some(thread) })
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.stop.signal();
        if let Some(thread) = self.thread.take() {
            // A panic of the reader has been printed already; there is nothing left to save.
            let _ = thread.join();
        }
    }
}

fn run(tun: &Tun, queue: &PuntQueue, stop: &EventFd) {
    let mut buffer = vec![0; PACKET_BYTES_MAX];
    while sys::wait_readable(tun.as_fd(), stop) == Ready::Data {
        // A flood must not keep the stop signal from being seen.
        for _ in 0..READS_PER_POLL_MAX {
            match tun.read(&mut buffer) {
                Ok(Some(length)) => queue.push(&[&buffer[..length]]),
                Ok(None) => break,
                // The interface was deleted under us; only close() is left to do.
                Err(_) => return,
            }
        }
    }
}
