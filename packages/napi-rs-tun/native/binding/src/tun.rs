//! The virtual interface as a JavaScript class.

use crate::error::{closed, from_device, invalid, Result};
use crate::wake;
use dataplane::queue::records;
use device::hub::HubSlot;
use device::netlink::{self, Cidr};
use device::punt::PuntQueue;
use device::threads::threads_per_direction;
use device::tun::{Kind, Tun};
use device::tx::Reader;
use napi::bindgen_prelude::{BufferSlice, Function};
use napi_derive::napi;
use std::net::IpAddr;
use std::sync::Arc;

/// 45 segments of an MTU of 1,420 become 45 datagrams of 1,452 bytes, which fit one send; 46 would not.
const GSO_BYTES_MAX: u32 = 61_560;

/// An open interface and the thread that reads it.
#[napi]
pub struct NativeTun {
    open: Option<Open>,
}

struct Open {
    // The reader is dropped first: its thread uses the others.
    _reader: Reader,
    queue: Arc<PuntQueue>,
    slot: Arc<HubSlot>,
    tun: Arc<Tun>,
}

#[napi]
impl NativeTun {
    /// Creates the interface and starts reading it; `wake` is called when `drain` has something to give.
    ///
    /// With `offload` the kernel hands over super-packets, as a data plane needs; they are taken apart here.
    /// Then `threads` read it; zero for as many as suit the machine.
    #[napi(factory)]
    pub fn open(
        name: String,
        is_tap: bool,
        offload: bool,
        threads: u32,
        wake: Function<'_, (), ()>,
    ) -> Result<NativeTun> {
        let kind = if is_tap { Kind::Tap } else { Kind::Tun };
        let offload = offload && !is_tap;
        // Without a plane JavaScript is what limits, not the thread.
        let queues = if offload { threads_per_direction(threads) } else { 1 };
        let tun = Arc::new(Tun::open(&name, kind, offload, queues).map_err(from_device)?);
        let wake = wake::from_function(wake).map_err(|error| invalid(&error.reason))?;
        let queue = Arc::new(PuntQueue::new(wake));
        let slot = Arc::new(HubSlot::default());
        let reader = Reader::start(tun.clone(), queue.clone(), slot.clone()).map_err(from_device)?;
        if tun.has_vnet_header() {
            // Only a hint for the kernel: a refusal costs speed, not function.
            let _ = netlink::set_gso_max_size(tun.index(), GSO_BYTES_MAX);
        }
        Ok(NativeTun { open: Some(Open { _reader: reader, queue, slot, tun }) })
    }

    /// Moves packets that were read into `buffer` as `[u16le length][bytes]`...; returns the bytes used.
    #[napi]
    pub fn drain(&self, mut buffer: BufferSlice<'_>) -> u32 {
        self.open.as_ref().map_or(0, |open| open.queue.drain_into(&mut buffer) as u32)
    }

    /// Hands packets packed as `[u16le length][bytes]`... to the kernel; returns how many it accepted.
    #[napi]
    pub fn write(&self, packed: BufferSlice<'_>) -> Result<u32> {
        let tun = &self.inner()?.tun;
        Ok(records(&packed).filter(|packet| tun.write(packet)).count() as u32)
    }

    /// Returns how many packets were dropped because JavaScript did not drain them in time.
    #[napi]
    pub fn dropped(&self) -> f64 {
        self.open.as_ref().map_or(0.0, |open| open.queue.dropped() as f64)
    }

    /// Sets the largest packet the interface carries.
    #[napi]
    pub fn set_mtu(&self, mtu: u32) -> Result<()> {
        netlink::set_mtu(self.index()?, mtu).map_err(from_device)
    }

    /// Sets the administrative state of the interface.
    #[napi]
    pub fn set_up(&self, up: bool) -> Result<()> {
        netlink::set_up(self.index()?, up).map_err(from_device)
    }

    /// Gives the interface an address.
    #[napi]
    pub fn add_address(&self, address: String, prefix_length: u32) -> Result<()> {
        netlink::add_address(self.index()?, cidr(&address, prefix_length)?).map_err(from_device)
    }

    /// Takes an address from the interface.
    #[napi]
    pub fn remove_address(&self, address: String, prefix_length: u32) -> Result<()> {
        netlink::remove_address(self.index()?, cidr(&address, prefix_length)?).map_err(from_device)
    }

    /// Sends a network through the interface.
    #[napi]
    pub fn add_route(&self, address: String, prefix_length: u32) -> Result<()> {
        netlink::add_route(self.index()?, cidr(&address, prefix_length)?).map_err(from_device)
    }

    /// Removes the route to a network.
    #[napi]
    pub fn remove_route(&self, address: String, prefix_length: u32) -> Result<()> {
        netlink::remove_route(self.index()?, cidr(&address, prefix_length)?).map_err(from_device)
    }

    /// Ends the reader and removes the interface before it returns; does nothing the second time.
    #[napi]
    pub fn close(&mut self) {
        self.open = None;
    }

    /// Returns the interface and where a data plane is attached; EINVAL without offload.
    pub(crate) fn attachment(&self) -> Result<(Arc<Tun>, Arc<HubSlot>)> {
        let inner = self.inner()?;
        if !inner.tun.has_vnet_header() {
            return Err(invalid("a data plane needs an interface that was opened with offload"));
        }
        Ok((inner.tun.clone(), inner.slot.clone()))
    }

    pub(crate) fn device(&self) -> Result<&Tun> {
        Ok(&self.inner()?.tun)
    }

    fn inner(&self) -> Result<&Open> {
        self.open.as_ref().ok_or_else(closed)
    }

    fn index(&self) -> Result<u32> {
        Ok(self.inner()?.tun.index())
    }
}

pub(crate) fn cidr(address: &str, prefix_length: u32) -> Result<Cidr> {
    let address: IpAddr = address.parse().map_err(|_| invalid(&format!("not an IP address: {address}")))?;
    let width = if address.is_ipv4() { 32 } else { 128 };
    match u8::try_from(prefix_length) {
        Ok(prefix_length) if prefix_length <= width => Ok(Cidr { address, prefix_length }),
        _ => Err(invalid(&format!("not a prefix length: {prefix_length}"))),
    }
}
