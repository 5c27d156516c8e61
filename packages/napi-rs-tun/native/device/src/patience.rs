//! How long a packet thread looks again before it sleeps: waking it can cost more than the packets it waits for.

use crate::sys::{self, EventFd, Ready};
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// Two wakes of an idle processor in a virtual machine; a thread that would sleep longer does not look again.
const WINDOW_MAX: Duration = Duration::from_micros(200);
/// Where the window starts to grow.
const WINDOW_MIN: Duration = Duration::from_micros(25);

/// Looks again for as long as that proved worth it lately, as hypervisors do before they halt a processor.
///
/// The processor is offered to other threads between two looks, so that only idle time is spent.
#[derive(Default)]
pub struct Patience {
    window: Duration,
}

impl Patience {
    /// Waits until `data` is readable or `stop` is signalled; `may_look` says whether this is a time to look again.
    pub fn wait_readable(&mut self, data: BorrowedFd<'_>, stop: &EventFd, may_look: bool) -> Ready {
        let began = Instant::now();
        if may_look {
            while began.elapsed() < self.window {
                if let Some(ready) = sys::look_readable(data, stop) {
                    return ready;
                }
                std::thread::yield_now();
            }
        }
        let ready = sys::wait_readable(data, stop);
        self.learn(began.elapsed());
        ready
    }

    /// Takes note of how long a wait was that ended in sleep.
    fn learn(&mut self, waited: Duration) {
        self.window = match waited > WINDOW_MAX {
            true => Duration::ZERO,
            false => (self.window * 2).clamp(WINDOW_MIN, WINDOW_MAX),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;
    use std::os::fd::AsFd;

    #[test]
    fn short_sleeps_widen_the_window_and_a_long_one_closes_it() {
        let mut patience = Patience::default();
        let mut windows = Vec::new();
        for _ in 0..5 {
            patience.learn(Duration::from_micros(150));
            windows.push(patience.window.as_micros());
        }
        assert_eq!(windows, [25, 50, 100, 200, 200]);
        patience.learn(WINDOW_MAX + Duration::from_nanos(1));
        assert_eq!(patience.window, Duration::ZERO);
    }

    #[test]
    fn sees_data_and_the_stop_signal_with_an_open_window() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let stop = EventFd::new().unwrap();
        let mut patience = Patience { window: WINDOW_MAX };
        socket.send_to(b"x", socket.local_addr().unwrap()).unwrap();
        assert_eq!(patience.wait_readable(socket.as_fd(), &stop, true), Ready::Data);
        stop.signal();
        assert_eq!(patience.wait_readable(socket.as_fd(), &stop, true), Ready::Stop);
        assert_eq!(patience.window, WINDOW_MAX, "only sleeping teaches");
    }
}
