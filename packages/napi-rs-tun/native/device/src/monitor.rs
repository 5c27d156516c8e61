//! A thread that tells when the machine's network changed: links, addresses and routes, by rtnetlink's groups.

use crate::error::{DeviceError, Result};
use crate::punt::Wake;
use crate::sys::{self, EventFd, Ready};
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// rtnetlink(7): what is subscribed to.
const GROUPS: i32 = libc::RTMGRP_LINK
    | libc::RTMGRP_IPV4_IFADDR
    | libc::RTMGRP_IPV6_IFADDR
    | libc::RTMGRP_IPV4_ROUTE
    | libc::RTMGRP_IPV6_ROUTE;

/// A message is a few hundred bytes; what does not fit is cut off, and nobody reads it anyway.
const MESSAGE_BYTES: usize = 8_192;

/// One change is a handful of messages within a millisecond: they cost one wake.
const BURST: Duration = Duration::from_millis(5);

/// A running monitor; dropping it ends the thread.
pub struct Monitor {
    stop: Arc<EventFd>,
    thread: Option<JoinHandle<()>>,
}

impl Monitor {
    /// Starts listening; `wake` is called once for every burst of changes.
    pub fn start(wake: Wake) -> Result<Self> {
        let socket = subscribe().map_err(|error| DeviceError::from_io("listen to rtnetlink", &error))?;
        let stop = Arc::new(EventFd::new()?);
        let signal = stop.clone();
        let thread = std::thread::Builder::new()
            .name("ipop-monitor".into())
            .spawn(move || run(&socket, &signal, &wake))
            .map_err(|error| DeviceError::from_io("start the monitor thread", &error))?;
        Ok(Monitor { stop, thread: Some(thread) })
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        self.stop.signal();
        if let Some(thread) = self.thread.take() {
            // A panic of the monitor has been printed already; there is nothing left to save.
            let _ = thread.join();
        }
    }
}

fn run(socket: &OwnedFd, stop: &EventFd, wake: &Wake) {
    let mut buffer = vec![0; MESSAGE_BYTES];
    while sys::wait_readable(socket.as_fd(), stop) == Ready::Data {
        std::thread::sleep(BURST);
        // ENOBUFS says that messages were lost: something changed all the same, and reading it has cleared it.
        while let Ok(Some(_)) = sys::read(socket.as_fd(), &mut buffer) {}
        wake();
    }
}

fn subscribe() -> io::Result<OwnedFd> {
    let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: socket has no memory arguments; the result is checked before it becomes owned.
    let raw = unsafe { libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_ROUTE) };
    if raw < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: `raw` was just returned by the kernel and nobody else owns it.
    let socket = unsafe { OwnedFd::from_raw_fd(raw) };
    // SAFETY: sockaddr_nl is made of integers, for which zero is a value.
    let mut address: libc::sockaddr_nl = unsafe { std::mem::zeroed() };
    address.nl_family = libc::AF_NETLINK as u16;
    address.nl_groups = GROUPS as u32;
    let size = std::mem::size_of::<libc::sockaddr_nl>() as libc::socklen_t;
    // SAFETY: the pointer and size describe `address`, which outlives the call.
    let bound = unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), size) };
    if bound < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

    #[test]
    fn ends_when_it_is_dropped_without_having_waited_for_a_change() {
        let dropped = Arc::new(AtomicBool::new(false));
        struct Witness(Arc<AtomicBool>);
        impl Drop for Witness {
            fn drop(&mut self) {
                self.0.store(true, Relaxed);
            }
        }
        let witness = Witness(dropped.clone());
        let monitor = Monitor::start(Box::new(move || {
            let _ = &witness;
        }))
        .unwrap();
        drop(monitor);
        assert!(dropped.load(Relaxed));
    }
}
