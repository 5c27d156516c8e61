//! Thin safe wrappers around the system calls that the standard library does not offer.

use crate::error::{DeviceError, Result};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::{ffi::CString, io};

/// Reads into `buffer`; `Ok(None)` when nothing is there yet.
pub fn read(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<Option<usize>> {
    // SAFETY: the pointer and length describe `buffer`, which outlives the call.
    let n = unsafe { libc::read(fd.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len()) };
    would_block(n)
}

/// Writes the concatenation of `parts` as one message; `Ok(None)` when the system cannot take it now.
pub fn write_vectored(fd: BorrowedFd<'_>, parts: &[io::IoSlice<'_>]) -> io::Result<Option<usize>> {
    // SAFETY: `IoSlice` is guaranteed to have the layout of `iovec`, and the slices outlive the call.
    let n = unsafe { libc::writev(fd.as_raw_fd(), parts.as_ptr().cast(), parts.len() as i32) };
    would_block(n)
}

fn would_block(n: isize) -> io::Result<Option<usize>> {
    if n >= 0 {
        return Ok(Some(n as usize));
    }
    let error = io::Error::last_os_error();
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(None),
        _ => Err(error),
    }
}

/// A counter that wakes a thread out of `wait_readable`.
pub struct EventFd(OwnedFd);

impl EventFd {
    /// Makes one that nobody has signalled.
    pub fn new() -> Result<Self> {
        // SAFETY: eventfd has no memory arguments; the result is checked before it becomes owned.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            return Err(DeviceError::last("make an eventfd"));
        }
        // SAFETY: `fd` was just returned by the kernel and nobody else owns it.
        Ok(EventFd(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Makes the descriptor readable until the end of its life.
    pub fn signal(&self) {
        let one = 1u64.to_ne_bytes();
        // SAFETY: eight valid bytes are passed. A full counter is as readable as one more.
        unsafe { libc::write(self.0.as_raw_fd(), one.as_ptr().cast(), one.len()) };
    }
}

/// Which of two descriptors became ready.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ready {
    /// The data descriptor is readable.
    Data,
    /// The data descriptor failed for good, e.g. its interface was deleted.
    Gone,
    /// The stop signal was given.
    Stop,
}

/// Blocks until `data` is readable or `stop` is signalled. No timeout: an idle thread costs nothing.
pub fn wait_readable(data: BorrowedFd<'_>, stop: &EventFd) -> Ready {
    loop {
        if let Some(ready) = poll_readable(data, stop, -1) {
            return ready;
        }
    }
}

/// Returns whether `data` is readable or `stop` signalled by now; `None` when neither is.
pub fn look_readable(data: BorrowedFd<'_>, stop: &EventFd) -> Option<Ready> {
    poll_readable(data, stop, 0)
}

fn poll_readable(data: BorrowedFd<'_>, stop: &EventFd, timeout_ms: i32) -> Option<Ready> {
    let mut fds = [
        libc::pollfd { fd: data.as_raw_fd(), events: libc::POLLIN, revents: 0 },
        libc::pollfd { fd: stop.0.as_raw_fd(), events: libc::POLLIN, revents: 0 },
    ];
    // SAFETY: `fds` is a valid array of the length passed.
    let n = unsafe { libc::poll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, timeout_ms) };
    if n == 0 || n < 0 && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted {
        return None;
    }
    if n < 0 || fds[1].revents != 0 {
        return Some(Ready::Stop);
    }
    Some(if fds[0].revents & libc::POLLIN != 0 { Ready::Data } else { Ready::Gone })
}

/// A sender holds the tables while it waits; nobody who wants to change them shall notice.
const WRITABLE_WAIT_MAX_MS: i32 = 20;

/// Blocks until `data` can take more, `stop` is signalled, or patience ends; returns whether it can.
pub fn wait_writable(data: BorrowedFd<'_>, stop: &EventFd) -> bool {
    let mut fds = [
        libc::pollfd { fd: data.as_raw_fd(), events: libc::POLLOUT, revents: 0 },
        libc::pollfd { fd: stop.0.as_raw_fd(), events: libc::POLLIN, revents: 0 },
    ];
    // SAFETY: `fds` is a valid array of the length passed.
    let n = unsafe { libc::poll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, WRITABLE_WAIT_MAX_MS) };
    n > 0 && fds[1].revents == 0
}

/// Sets an integer socket option; returns whether the system took it.
pub fn set_option(fd: BorrowedFd<'_>, level: i32, name: i32, value: i32) -> bool {
    let size = std::mem::size_of::<i32>() as libc::socklen_t;
    // SAFETY: the pointer and length describe `value`, which outlives the call.
    unsafe { libc::setsockopt(fd.as_raw_fd(), level, name, (&raw const value).cast(), size) == 0 }
}

/// Returns the index of the interface `name` in this network namespace, if there is one.
pub fn interface_index(name: &str) -> Option<u32> {
    let name = CString::new(name).ok()?;
    // SAFETY: `name` is a NUL-terminated string that outlives the call.
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    (index != 0).then_some(index)
}
