//! UDP sockets that take and give trains of datagrams in one call (UDP_SEGMENT, UDP_GRO).

use crate::address::RawAddress;
use crate::error::{DeviceError, Result};
use crate::sys::{self, EventFd};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

const UDP_SEGMENT: i32 = 103;
const UDP_GRO: i32 = 104;
/// About 3 ms at 10 Gbit/s: the longest a busy thread is away.
const BUFFER_BYTES: i32 = 4 << 20;
/// RFC 8200 §5: what every link of IPv6 carries whole.
const IPV6_MTU_MIN: i32 = 1_280;
/// Room for one control message with an integer in it.
const CONTROL_BYTES: usize = 64;

/// A bound socket.
pub struct Socket {
    socket: UdpSocket,
    local: SocketAddr,
    has_segmentation: AtomicBool,
    has_coalescing: AtomicBool,
    send_errors: AtomicU64,
    /// Trains refused because the first link carries no datagram that long.
    too_long_trains: AtomicU64,
    /// Held by sends that change what the kernel does with long datagrams, and change it back.
    special: Mutex<()>,
}

/// What becomes of a train.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum AfterTrain {
    /// It is on its way.
    Sent,
    /// Its datagrams go one by one.
    SendSingly,
    /// The system will not take it in any form.
    Lost,
}

/// One receive call: a train of datagrams from one source.
pub struct Train {
    /// Bytes received.
    pub length: usize,
    /// Size of every datagram but the last.
    pub size: usize,
    /// Who sent them.
    pub source: SocketAddr,
}

impl Socket {
    /// Binds to `address`. IPv6 sockets carry IPv6 only, so that both families can have the same port.
    pub fn bind(address: SocketAddr) -> Result<Self> {
        Self::bind_as(address, false)
    }

    fn bind_as(address: SocketAddr, shares_port: bool) -> Result<Self> {
        let failed = |error: io::Error| DeviceError::from_io(format!("bind {address}"), &error);
        let socket = bound(address, shares_port).map_err(failed)?;
        let local = socket.local_addr().map_err(failed)?;
        let made = Socket {
            socket,
            local,
            has_segmentation: AtomicBool::new(true),
            has_coalescing: AtomicBool::new(false),
            send_errors: AtomicU64::new(0),
            too_long_trains: AtomicU64::new(0),
            special: Mutex::new(()),
        };
        made.configure();
        Ok(made)
    }

    /// Binds `count` sockets to one port; the kernel gives all datagrams of one source to the same of them.
    ///
    /// The first is bound alone, so that a port of somebody else is refused as ever, and admits the others afterwards.
    pub fn bind_group(address: SocketAddr, count: usize) -> Result<Vec<Self>> {
        let first = Self::bind(address)?;
        let local = first.local;
        let mut group = vec![first];
        if count > 1 && !sys::set_option(group[0].as_fd(), libc::SOL_SOCKET, libc::SO_REUSEPORT, 1) {
            return Ok(group);
        }
        for _ in 1..count {
            group.push(Self::bind_as(local, true)?);
        }
        Ok(group)
    }

    /// The address and port it is bound to.
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// Returns how many sends the system refused.
    pub fn send_errors(&self) -> u64 {
        self.send_errors.load(Relaxed)
    }

    /// Returns how many trains the system refused because their datagrams are longer than the first link or route carries.
    pub fn too_long_trains(&self) -> u64 {
        self.too_long_trains.load(Relaxed)
    }

    /// Returns whether trains are sent in one call (UDP_SEGMENT); false once a device refused it.
    pub fn has_segmentation(&self) -> bool {
        self.has_segmentation.load(Relaxed)
    }

    /// Returns whether trains are received in one call (UDP_GRO).
    pub fn has_coalescing(&self) -> bool {
        self.has_coalescing.load(Relaxed)
    }

    /// Sends one datagram, best effort; returns false when the system refused it.
    pub fn send(&self, to: SocketAddr, bytes: &[u8]) -> bool {
        let is_sent = self.send_message(to, bytes, None).is_ok();
        if !is_sent {
            self.send_errors.fetch_add(1, Relaxed);
        }
        is_sent
    }

    /// Sends one datagram that nobody on the way may cut into fragments, to learn whether the path carries it.
    ///
    /// Returns false when it does not even fit the first link. What other threads send at the same moment may go
    /// uncut, too.
    pub fn send_whole(&self, to: SocketAddr, bytes: &[u8]) -> bool {
        let _guard = self.special.lock().unwrap_or_else(PoisonError::into_inner);
        self.set_path_discovery(libc::IP_PMTUDISC_PROBE);
        let is_sent = self.send_message(to, bytes, None).is_ok();
        self.set_path_discovery(libc::IP_PMTUDISC_DONT);
        is_sent
    }

    /// Sends one datagram that is longer than its path carries whole: it travels in fragments.
    ///
    /// Routers of IPv4 cut it. With IPv6 only the sender does, and nobody may have told it where the path is narrow.
    pub fn send_cut(&self, to: SocketAddr, bytes: &[u8], stop: &EventFd) {
        let _guard = self.special.lock().unwrap_or_else(PoisonError::into_inner);
        let set_ipv6_mtu =
            |mtu| to.is_ipv6() && sys::set_option(self.as_fd(), libc::IPPROTO_IPV6, libc::IPV6_MTU, mtu);
        set_ipv6_mtu(IPV6_MTU_MIN);
        if self.send_patiently(to, bytes, None, Some(stop)).is_err() {
            self.send_errors.fetch_add(1, Relaxed);
        }
        set_ipv6_mtu(0);
    }

    /// Sends datagrams of `size` bytes that stand side by side in `bytes`; only the last may be shorter.
    ///
    /// Waits a little while the system's buffer is full, unless `stop` is signalled; then they are lost.
    pub fn send_segments(&self, to: SocketAddr, bytes: &[u8], size: usize, stop: &EventFd) {
        self.send_train(to, bytes, size, Some(stop));
    }

    /// Sends as `send_segments` does, but waits for nothing; returns how many datagrams were lost.
    pub fn try_send_segments(&self, to: SocketAddr, bytes: &[u8], size: usize) -> u64 {
        self.send_train(to, bytes, size, None)
    }

    /// Sends a train, waiting for the system's buffer only when there is a `stop`; returns how many datagrams were lost.
    fn send_train(&self, to: SocketAddr, bytes: &[u8], size: usize, stop: Option<&EventFd>) -> u64 {
        let size = size.max(1);
        if bytes.len() > size && self.has_segmentation.load(Relaxed) {
            let result = self.send_patiently(to, bytes, Some(size as u16), stop);
            match self.after_train(result) {
                AfterTrain::Sent => return 0,
                AfterTrain::SendSingly => (),
                AfterTrain::Lost => return bytes.len().div_ceil(size) as u64,
            }
        }
        let mut lost = 0;
        for datagram in bytes.chunks(size) {
            if self.send_patiently(to, datagram, None, stop).is_err() {
                self.send_errors.fetch_add(1, Relaxed);
                lost += 1;
            }
        }
        lost
    }

    /// Decides what becomes of a train after the system's answer to sending it in one call.
    fn after_train(&self, result: io::Result<()>) -> AfterTrain {
        let Err(error) = result else { return AfterTrain::Sent };
        match error.raw_os_error() {
            // The device has no checksum offload, and the kernel will not do it in software: never again.
            Some(libc::EIO) => {
                self.has_segmentation.store(false, Relaxed);
                AfterTrain::SendSingly
            }
            // A segmented send is never fragmented, single datagrams are.
            Some(libc::EMSGSIZE) => {
                self.too_long_trains.fetch_add(1, Relaxed);
                AfterTrain::SendSingly
            }
            // An old kernel's cap.
            Some(libc::EINVAL) => AfterTrain::SendSingly,
            _ => {
                self.send_errors.fetch_add(1, Relaxed);
                AfterTrain::Lost
            }
        }
    }

    /// Receives a train into `buffer`; `None` when nothing waits.
    pub fn receive(&self, buffer: &mut [u8]) -> io::Result<Option<Train>> {
        let mut name = RawAddress::empty();
        let mut control = [0u64; CONTROL_BYTES / 8];
        let mut part = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
        // SAFETY: all-zero bytes are a valid `msghdr`.
        let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
        message.msg_name = (&raw mut name.storage).cast();
        message.msg_namelen = name.length;
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        message.msg_control = control.as_mut_ptr().cast();
        // glibc and musl disagree on the type of lengths here.
        message.msg_controllen = CONTROL_BYTES as _;
        // SAFETY: every pointer in `message` names memory of the stated length that outlives the call.
        let n = unsafe { libc::recvmsg(self.socket.as_raw_fd(), &raw mut message, 0) };
        if n < 0 {
            let error = io::Error::last_os_error();
            let is_idle = matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted);
            return if is_idle { Ok(None) } else { Err(error) };
        }
        let length = n as usize;
        let size = train_size(&message).unwrap_or(length).max(1);
        let source = name.get().ok_or(io::ErrorKind::InvalidData)?;
        Ok(Some(Train { length, size, source }))
    }

    fn configure(&self) {
        let fd = self.socket.as_fd();
        // Each of these makes things faster or sturdier; none is needed to work.
        self.has_coalescing.store(sys::set_option(fd, libc::SOL_UDP, UDP_GRO, 1), Relaxed);
        for (force, plain) in
            [(libc::SO_RCVBUFFORCE, libc::SO_RCVBUF), (libc::SO_SNDBUFFORCE, libc::SO_SNDBUF)]
        {
            if !sys::set_option(fd, libc::SOL_SOCKET, force, BUFFER_BYTES) {
                sys::set_option(fd, libc::SOL_SOCKET, plain, BUFFER_BYTES);
            }
        }
        // A datagram above the path's MTU is fragmented rather than lost.
        self.set_path_discovery(libc::IP_PMTUDISC_DONT);
    }

    /// The modes of both families have the same numbers.
    fn set_path_discovery(&self, mode: i32) {
        let fd = self.as_fd();
        if self.local.is_ipv4() {
            sys::set_option(fd, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, mode);
            return;
        }
        sys::set_option(fd, libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, mode);
        let is_whole = i32::from(mode == libc::IP_PMTUDISC_PROBE);
        sys::set_option(fd, libc::IPPROTO_IPV6, libc::IPV6_DONTFRAG, is_whole);
    }

    fn send_patiently(
        &self,
        to: SocketAddr,
        bytes: &[u8],
        size: Option<u16>,
        stop: Option<&EventFd>,
    ) -> io::Result<()> {
        loop {
            match self.send_message(to, bytes, size) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if !stop.is_some_and(|stop| sys::wait_writable(self.socket.as_fd(), stop)) {
                        return Err(error);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
                result => return result,
            }
        }
    }

    fn send_message(&self, to: SocketAddr, bytes: &[u8], size: Option<u16>) -> io::Result<()> {
        let mut name = RawAddress::new(to);
        let mut control = [0u64; CONTROL_BYTES / 8];
        let mut part = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
        // SAFETY: all-zero bytes are a valid `msghdr`.
        let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
        message.msg_name = (&raw mut name.storage).cast();
        message.msg_namelen = name.length;
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        if let Some(size) = size {
            message.msg_control = control.as_mut_ptr().cast();
            put_segment_size(&mut message, size);
        }
        // SAFETY: every pointer in `message` names memory of the stated length; the kernel only reads it.
        let n = unsafe { libc::sendmsg(self.socket.as_raw_fd(), &raw const message, 0) };
        if n < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// The standard library binds before an option could be set.
fn bound(address: SocketAddr, shares_port: bool) -> io::Result<UdpSocket> {
    let family = if address.is_ipv6() { libc::AF_INET6 } else { libc::AF_INET };
    let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: socket has no memory arguments; the result is checked before it becomes owned.
    let fd = unsafe { libc::socket(family, kind, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: `fd` was just returned by the kernel and nobody else owns it.
    let fd = unsafe { OwnedFd::from_raw_fd(fd) };
    if address.is_ipv6() && !sys::set_option(fd.as_fd(), libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, 1) {
        return Err(io::Error::last_os_error());
    }
    if shares_port && !sys::set_option(fd.as_fd(), libc::SOL_SOCKET, libc::SO_REUSEPORT, 1) {
        return Err(io::Error::last_os_error());
    }
    let name = RawAddress::new(address);
    // SAFETY: the pointer and length describe `name`, which outlives the call.
    if unsafe { libc::bind(fd.as_raw_fd(), (&raw const name.storage).cast(), name.length) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(fd.into())
}

/// Writes the control message that says where to cut. `msg_control` points to `CONTROL_BYTES` zero bytes.
fn put_segment_size(message: &mut libc::msghdr, size: u16) {
    // SAFETY: the control buffer is aligned and larger than one message with two bytes of data.
    unsafe {
        message.msg_controllen = libc::CMSG_SPACE(2) as _;
        let header = libc::CMSG_FIRSTHDR(message);
        (*header).cmsg_level = libc::SOL_UDP;
        (*header).cmsg_type = UDP_SEGMENT;
        (*header).cmsg_len = libc::CMSG_LEN(2) as _;
        libc::CMSG_DATA(header).cast::<u16>().write_unaligned(size);
    }
}

/// Returns the size of the datagrams in a train; without the control message it is a single one.
fn train_size(message: &libc::msghdr) -> Option<usize> {
    // SAFETY: the kernel filled the control buffer and set its length; the macros stay inside of it.
    unsafe {
        let mut header = libc::CMSG_FIRSTHDR(message);
        while !header.is_null() {
            if (*header).cmsg_level == libc::SOL_UDP && (*header).cmsg_type == UDP_GRO {
                let size = libc::CMSG_DATA(header).cast::<i32>().read_unaligned();
                return usize::try_from(size).ok();
            }
            header = libc::CMSG_NXTHDR(message, header);
        }
    }
    None
}

#[cfg(test)]
mod tests;
