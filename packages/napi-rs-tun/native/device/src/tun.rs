//! Virtual network interfaces: TUN (layer 3) and TAP (layer 2) by way of `/dev/net/tun`.

use crate::error::{DeviceError, Result};
use crate::sys;
use crate::tracer::Tracer;
use dataplane::vnet::VNET_HEADER;
use std::fs::OpenOptions;
use std::io::IoSlice;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;

/// A header that asks for nothing: no segmentation, no checksum.
const VNET_PLAIN: [u8; VNET_HEADER] = [0; VNET_HEADER];

/// What an interface carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// IP packets.
    Tun,
    /// Ethernet frames.
    Tap,
}

/// An open virtual interface; it vanishes when this is dropped.
///
/// With several queues the kernel gives each flow to one of them; what is written may use any.
pub struct Tun {
    queues: Vec<OwnedFd>,
    name: String,
    index: u32,
    kind: Kind,
    has_vnet_header: bool,
    takes_udp_trains: bool,
    tracer: Tracer,
}

impl Tun {
    /// Creates the interface `name`, or attaches to a persistent one of that name that nobody uses.
    ///
    /// With `offload` packets travel with a virtio-net header and may be as large as 64 KiB. A persistent interface that
    /// has one queue only is opened with one.
    pub fn open(name: &str, kind: Kind, offload: bool, queues: usize) -> Result<Self> {
        let mut flags = libc::IFF_NO_PI | if kind == Kind::Tun { libc::IFF_TUN } else { libc::IFF_TAP };
        if offload {
            flags |= libc::IFF_VNET_HDR;
        }
        let queues = open_queues(name, flags, queues)?;
        let takes_udp_trains = offload && set_offload(&queues[0], name)?;
        let index = sys::interface_index(name)
            .ok_or_else(|| DeviceError::from_errno(format!("find interface {name}"), libc::ENODEV))?;
        let (name, tracer) = (name.to_owned(), Tracer::default());
        Ok(Tun { queues, name, index, kind, has_vnet_header: offload, takes_udp_trains, tracer })
    }

    /// The name of the interface.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The index of the interface in its network namespace.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// What the interface carries.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether every packet has a virtio-net header in front.
    pub fn has_vnet_header(&self) -> bool {
        self.has_vnet_header
    }

    /// Whether UDP super-packets may be written.
    pub fn takes_udp_trains(&self) -> bool {
        self.takes_udp_trains
    }

    /// How many queues it has.
    pub fn queues(&self) -> usize {
        self.queues.len()
    }

    /// Becomes readable when a packet waits in a queue.
    pub fn queue(&self, queue: usize) -> BorrowedFd<'_> {
        self.queues[queue % self.queues.len()].as_fd()
    }

    /// Reads one packet of a queue, with its virtio-net header if it has one; `None` when no packet waits.
    pub fn read(&self, queue: usize, buffer: &mut [u8]) -> std::io::Result<Option<usize>> {
        let read = sys::read(self.queue(queue), buffer)?;
        if let (true, Some(length)) = (self.tracer.is_on(), read) {
            let start = if self.has_vnet_header { VNET_HEADER } else { 0 };
            self.tracer.record(buffer.get(start..length).into_iter());
        }
        Ok(read)
    }

    /// Hands one plain packet to the kernel; returns false when the kernel refused it.
    ///
    /// EIO (the interface is down) is a lost packet, like any other refusal.
    pub fn write(&self, packet: &[u8]) -> bool {
        let with_header = [IoSlice::new(&VNET_PLAIN), IoSlice::new(packet)];
        let parts = if self.has_vnet_header { &with_header[..] } else { &with_header[1..] };
        self.write_all(0, parts, std::iter::once(packet))
    }

    /// Hands one packet whose parts start with a virtio-net header to the kernel.
    pub fn write_parts(&self, queue: usize, parts: &[IoSlice<'_>]) -> bool {
        self.write_all(queue, parts, parts.iter().skip(1).map(|part| &part[..]))
    }

    /// Where packets are recorded on their way, when somebody asked for it.
    pub fn tracer(&self) -> &Tracer {
        &self.tracer
    }

    fn write_all<'a>(
        &self,
        queue: usize,
        parts: &[IoSlice<'_>],
        packet: impl Iterator<Item = &'a [u8]>,
    ) -> bool {
        let is_written = matches!(sys::write_vectored(self.queue(queue), parts), Ok(Some(_)));
        if is_written && self.tracer.is_on() {
            self.tracer.record(packet);
        }
        is_written
    }
}

/// Opens an interface with `wanted` queues.
///
/// A persistent interface tells by EINVAL that it was made with another kind of queues than those asked for.
fn open_queues(name: &str, flags: i32, wanted: usize) -> Result<Vec<OwnedFd>> {
    let existed = sys::interface_index(name).is_some();
    let multi = flags | libc::IFF_MULTI_QUEUE;
    let (likely, other) = if wanted > 1 { (multi, flags) } else { (flags, multi) };
    let (first, flags) = match open_queue(name, likely) {
        Ok(queue) => (queue, likely),
        Err(error) if existed && error.errno == libc::EBUSY => (open_queue(name, other)?, other),
        Err(error) => return Err(error),
    };
    let mut queues = vec![first];
    while flags == multi && queues.len() < wanted {
        queues.push(open_queue(name, flags)?);
    }
    Ok(queues)
}

fn open_queue(name: &str, flags: i32) -> Result<OwnedFd> {
    let fd: OwnedFd = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC)
        .open("/dev/net/tun")
        .map_err(|error| open_error(&error))?
        .into();
    set_interface(&fd, name, flags)?;
    Ok(fd)
}

fn open_error(error: &std::io::Error) -> DeviceError {
    let mut failure = DeviceError::from_io("open /dev/net/tun", error);
    if failure.errno == libc::ENOENT || failure.errno == libc::ENXIO {
        failure.errno = libc::ENODEV;
    }
    failure
}

/// TUNSETIFF, with EBUSY for every name that another interface has.
fn set_interface(fd: &OwnedFd, name: &str, flags: i32) -> Result<()> {
    let existed = sys::interface_index(name).is_some();
    // SAFETY: an all-zero `ifreq` is a valid value of this plain C structure.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    if name.is_empty() || name.len() >= request.ifr_name.len() {
        return Err(DeviceError::from_errno(format!("name an interface \"{name}\""), libc::EINVAL));
    }
    for (target, byte) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *target = byte as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = flags as i16;
    // SAFETY: TUNSETIFF reads one `ifreq`, which outlives the call.
    let result = unsafe { libc::ioctl(fd.as_raw_fd(), libc::TUNSETIFF as _, &request) };
    if result == 0 {
        return Ok(());
    }
    let mut failure = DeviceError::last(format!("create interface {name}"));
    if existed && failure.errno == libc::EINVAL {
        failure.errno = libc::EBUSY;
    }
    Err(failure)
}

const OFFLOAD_CSUM: u32 = 0x01;
const OFFLOAD_TSO4: u32 = 0x02;
const OFFLOAD_TSO6: u32 = 0x04;
const OFFLOAD_USO4: u32 = 0x20;
const OFFLOAD_USO6: u32 = 0x40;

/// TUNSETOFFLOAD; UDP segmentation needs Linux 6.2, so EINVAL repeats without it.
///
/// Returns whether UDP segmentation is on.
fn set_offload(fd: &OwnedFd, name: &str) -> Result<bool> {
    let tcp = OFFLOAD_CSUM | OFFLOAD_TSO4 | OFFLOAD_TSO6;
    for (wanted, has_udp) in [(tcp | OFFLOAD_USO4 | OFFLOAD_USO6, true), (tcp, false)] {
        // SAFETY: TUNSETOFFLOAD takes its argument by value.
        let result = unsafe { libc::ioctl(fd.as_raw_fd(), libc::TUNSETOFFLOAD as _, u64::from(wanted)) };
        if result == 0 {
            return Ok(has_udp);
        }
    }
    Err(DeviceError::last(format!("enable offloads of {name}")))
}
