//! Just enough rtnetlink: link state, MTU, addresses and routes of one interface.

use crate::error::{DeviceError, Result};
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// An address and the length of its network prefix.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cidr {
    /// The address, host bits included.
    pub address: IpAddr,
    /// How many leading bits name the network.
    pub prefix_length: u8,
}

const HEADER: usize = 16;
const IFLA_GSO_MAX_SIZE: u16 = 41;

/// Sets the administrative state of the interface.
pub fn set_up(index: u32, up: bool) -> Result<()> {
    let flags = if up { libc::IFF_UP as u32 } else { 0 };
    let message = Message::new(libc::RTM_NEWLINK, 0).link(index, flags, libc::IFF_UP as u32);
    message.execute(if up { "bring the interface up" } else { "take the interface down" })
}

/// Sets the largest packet the interface carries.
pub fn set_mtu(index: u32, mtu: u32) -> Result<()> {
    let message = Message::new(libc::RTM_NEWLINK, 0).link(index, 0, 0);
    message.attribute(libc::IFLA_MTU, &mtu.to_ne_bytes()).execute(&format!("set the MTU to {mtu}"))
}

/// Sets the largest super-packet that the kernel hands to the interface.
pub fn set_gso_max_size(index: u32, size: u32) -> Result<()> {
    let message = Message::new(libc::RTM_NEWLINK, 0).link(index, 0, 0);
    message.attribute(IFLA_GSO_MAX_SIZE, &size.to_ne_bytes()).execute("set the largest super-packet")
}

/// Gives the interface an address; replaces one that is there already.
pub fn add_address(index: u32, cidr: Cidr) -> Result<()> {
    let flags = libc::NLM_F_CREATE | libc::NLM_F_REPLACE;
    address_message(libc::RTM_NEWADDR, flags, index, cidr).execute(&format!("add address {}", text(cidr)))
}

/// Takes an address from the interface.
pub fn remove_address(index: u32, cidr: Cidr) -> Result<()> {
    address_message(libc::RTM_DELADDR, 0, index, cidr).execute(&format!("remove address {}", text(cidr)))
}

/// Sends a network through the interface; replaces a route to the same network.
pub fn add_route(index: u32, cidr: Cidr) -> Result<()> {
    let flags = libc::NLM_F_CREATE | libc::NLM_F_REPLACE;
    route_message(libc::RTM_NEWROUTE, flags, index, cidr).execute(&format!("add route {}", text(cidr)))
}

/// Removes the route to a network through the interface.
pub fn remove_route(index: u32, cidr: Cidr) -> Result<()> {
    route_message(libc::RTM_DELROUTE, 0, index, cidr).execute(&format!("remove route {}", text(cidr)))
}

fn text(cidr: Cidr) -> String {
    format!("{}/{}", cidr.address, cidr.prefix_length)
}

/// struct ifaddrmsg, then the address twice: as local address and as the address of the prefix.
fn address_message(kind: u16, flags: i32, index: u32, cidr: Cidr) -> Message {
    let family = family(cidr.address);
    let mut body = vec![family, cidr.prefix_length, 0, 0];
    body.extend_from_slice(&index.to_ne_bytes());
    let bytes = octets(cidr.address);
    let message = Message::new(kind, flags).body(&body);
    let message = message.attribute(libc::IFA_LOCAL, &bytes).attribute(libc::IFA_ADDRESS, &bytes);
    if family == libc::AF_INET6 as u8 {
        // Duplicate address detection would keep the address unusable for a second, and nobody is there to answer.
        return message.attribute(libc::IFA_FLAGS, &u32::to_ne_bytes(libc::IFA_F_NODAD));
    }
    message
}

/// struct rtmsg for a device route in the main table.
fn route_message(kind: u16, flags: i32, index: u32, cidr: Cidr) -> Message {
    let scope = if cidr.address.is_ipv4() { libc::RT_SCOPE_LINK } else { libc::RT_SCOPE_UNIVERSE };
    let body = [
        family(cidr.address),
        cidr.prefix_length,
        0,
        0,
        libc::RT_TABLE_MAIN,
        libc::RTPROT_STATIC,
        scope,
        libc::RTN_UNICAST,
        0,
        0,
        0,
        0,
    ];
    let message = Message::new(kind, flags).body(&body);
    message.attribute(libc::RTA_DST, &network(cidr)).attribute(libc::RTA_OIF, &index.to_ne_bytes())
}

fn family(address: IpAddr) -> u8 {
    if address.is_ipv4() {
        libc::AF_INET as u8
    } else {
        libc::AF_INET6 as u8
    }
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}

/// The kernel refuses a route whose host bits are set.
fn network(cidr: Cidr) -> Vec<u8> {
    let mut bytes = octets(cidr.address);
    for (i, byte) in bytes.iter_mut().enumerate() {
        let kept = usize::from(cidr.prefix_length).saturating_sub(i * 8).min(8);
        *byte &= !(0xffu16 >> kept) as u8;
    }
    bytes
}

/// One request under construction: header, family structure, attributes.
struct Message(Vec<u8>);

impl Message {
    fn new(kind: u16, flags: i32) -> Self {
        let mut bytes = vec![0; HEADER];
        let flags = (flags | libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16;
        bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
        bytes[6..8].copy_from_slice(&flags.to_ne_bytes());
        Message(bytes)
    }

    fn body(mut self, body: &[u8]) -> Self {
        self.0.extend_from_slice(body);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self
    }

    /// struct ifinfomsg.
    fn link(self, index: u32, flags: u32, change: u32) -> Self {
        let mut body = [0; 16];
        body[4..8].copy_from_slice(&index.to_ne_bytes());
        body[8..12].copy_from_slice(&flags.to_ne_bytes());
        body[12..16].copy_from_slice(&change.to_ne_bytes());
        self.body(&body)
    }

    fn attribute(mut self, kind: u16, value: &[u8]) -> Self {
        self.0.extend_from_slice(&(4 + value.len() as u16).to_ne_bytes());
        self.0.extend_from_slice(&kind.to_ne_bytes());
        self.body(value)
    }

    /// Sends the request and waits for the kernel's verdict, which it gives before `send` returns.
    fn execute(mut self, operation: &str) -> Result<()> {
        let length = self.0.len() as u32;
        self.0[..4].copy_from_slice(&length.to_ne_bytes());
        let errno = exchange(&self.0).map_err(|error| DeviceError::from_io(operation, &error))?;
        if errno != 0 {
            return Err(DeviceError::from_errno(operation, errno));
        }
        Ok(())
    }
}

/// Sends one request on a fresh socket and returns the error number of the acknowledgement.
fn exchange(request: &[u8]) -> io::Result<i32> {
    // SAFETY: socket has no memory arguments; the result is checked before it becomes owned.
    let raw =
        unsafe { libc::socket(libc::AF_NETLINK, libc::SOCK_RAW | libc::SOCK_CLOEXEC, libc::NETLINK_ROUTE) };
    if raw < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: `raw` was just returned by the kernel and nobody else owns it.
    let socket = unsafe { OwnedFd::from_raw_fd(raw) };
    // SAFETY: the pointer and length describe `request`.
    let sent = unsafe { libc::send(socket.as_raw_fd(), request.as_ptr().cast(), request.len(), 0) };
    if sent < 0 {
        return Err(io::Error::last_os_error());
    }
    let mut reply = [0u8; 8192];
    // SAFETY: the pointer and length describe `reply`.
    let n = unsafe { libc::recv(socket.as_raw_fd(), reply.as_mut_ptr().cast(), reply.len(), 0) };
    if n < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(verdict(&reply[..n as usize]))
}

/// struct nlmsgerr follows the header; its first field is zero or a negative error number.
fn verdict(reply: &[u8]) -> i32 {
    match reply.get(HEADER..HEADER + 4) {
        Some(code) => -i32::from_ne_bytes([code[0], code[1], code[2], code[3]]),
        None => libc::EIO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cidr(text: &str, prefix_length: u8) -> Cidr {
        Cidr { address: text.parse().unwrap(), prefix_length }
    }

    #[test]
    fn clears_the_host_bits_of_a_route() {
        assert_eq!(network(cidr("10.1.255.7", 20)), [10, 1, 240, 0]);
        assert_eq!(network(cidr("10.1.2.3", 0)), [0; 4]);
        assert_eq!(network(cidr("10.1.2.3", 32)), [10, 1, 2, 3]);
        assert_eq!(network(cidr("fd00::1", 64))[..2], [0xfd, 0]);
        assert_eq!(network(cidr("fd00::1", 64))[15], 0);
    }

    #[test]
    fn pads_attributes_to_four_bytes() {
        let message = Message::new(1, 0).attribute(7, &[1, 2, 3, 4, 5]);
        assert_eq!(message.0.len(), HEADER + 12);
        assert_eq!(message.0[HEADER..HEADER + 2], 9u16.to_ne_bytes());
    }

    #[test]
    fn reads_the_kernels_verdict() {
        let mut reply = vec![0; HEADER];
        assert_eq!(verdict(&reply), libc::EIO);
        reply.extend_from_slice(&(-libc::EPERM).to_ne_bytes());
        assert_eq!(verdict(&reply), libc::EPERM);
    }
}
