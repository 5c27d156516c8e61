//! The virtual interface as a JavaScript class.

use crate::error::{closed, from_device, invalid, Result};
use crate::wake;
use dataplane::queue::records;
use device::netlink::{self, Cidr};
use device::reader::{PuntQueue, Reader};
use device::tun::{Kind, Tun};
use napi::bindgen_prelude::{BufferSlice, Function};
use napi_derive::napi;
use std::sync::Arc;

/// An open interface and the thread that reads it.
#[napi]
pub struct NativeTun {
    open: Option<Open>,
}

struct Open {
    // The reader is dropped first: its thread uses the two others.
    _reader: Reader,
    queue: Arc<PuntQueue>,
    tun: Arc<Tun>,
}

#[napi]
impl NativeTun {
    /// Creates the interface and starts reading it; `wake` is called when `drain` has something to give.
    #[napi(factory)]
    pub fn open(name: String, is_tap: bool, wake: Function<'_, (), ()>) -> Result<NativeTun> {
        let kind = if is_tap { Kind::Tap } else { Kind::Tun };
        let tun = Arc::new(Tun::open(&name, kind, false).map_err(from_device)?);
        let wake = wake::from_function(wake).map_err(|error| invalid(&error.reason))?;
        let queue = Arc::new(PuntQueue::new(wake));
        let reader = Reader::start(tun.clone(), queue.clone()).map_err(from_device)?;
        Ok(NativeTun { open: Some(Open { _reader: reader, queue, tun }) })
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

    fn inner(&self) -> Result<&Open> {
        self.open.as_ref().ok_or_else(closed)
    }

    fn index(&self) -> Result<u32> {
        Ok(self.inner()?.tun.index())
    }
}

fn cidr(address: &str, prefix_length: u32) -> Result<Cidr> {
    let address = address.parse().map_err(|_| invalid(&format!("not an IP address: {address}")))?;
    let prefix_length = u8::try_from(prefix_length).map_err(|_| invalid("prefix length"))?;
    Ok(Cidr { address, prefix_length })
}
