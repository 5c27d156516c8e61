//! Socket addresses in the system's form and back.

use std::mem::{size_of, zeroed};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

/// Room for any socket address, and how much of it is used.
#[derive(Clone, Copy)]
pub struct RawAddress {
    /// The address as the system wants it.
    pub storage: libc::sockaddr_storage,
    /// How many of its bytes count.
    pub length: libc::socklen_t,
}

impl RawAddress {
    /// Makes room for the system to write to.
    pub fn empty() -> Self {
        // SAFETY: all-zero bytes are a valid `sockaddr_storage`.
        let storage = unsafe { zeroed() };
        RawAddress { storage, length: size_of::<libc::sockaddr_storage>() as libc::socklen_t }
    }

    /// Converts `address`.
    pub fn new(address: SocketAddr) -> Self {
        let mut raw = RawAddress::empty();
        match address {
            SocketAddr::V4(v4) => raw.fill_v4(*v4.ip(), v4.port()),
            SocketAddr::V6(v6) => raw.fill_v6(v6),
        }
        raw
    }

    /// Reads the address back.
    pub fn get(&self) -> Option<SocketAddr> {
        match i32::from(self.storage.ss_family) {
            libc::AF_INET => {
                // SAFETY: the family says that this storage holds a `sockaddr_in`, and it is large and aligned enough.
                let raw: &libc::sockaddr_in = unsafe { &*(&raw const self.storage).cast() };
                let ip = Ipv4Addr::from_bits(u32::from_be(raw.sin_addr.s_addr));
                Some((ip, u16::from_be(raw.sin_port)).into())
            }
            libc::AF_INET6 => {
                // SAFETY: as above, for a `sockaddr_in6`.
                let raw: &libc::sockaddr_in6 = unsafe { &*(&raw const self.storage).cast() };
                let port = u16::from_be(raw.sin6_port);
                let ip = Ipv6Addr::from(raw.sin6_addr.s6_addr);
                // The scope matters only for link-local addresses, where it is needed to answer.
                Some(SocketAddrV6::new(ip, port, 0, raw.sin6_scope_id).into())
            }
            _ => None,
        }
    }

    fn fill_v4(&mut self, ip: Ipv4Addr, port: u16) {
        // SAFETY: the storage is large and aligned enough for every kind of address, and any bytes are valid in it.
        let raw: &mut libc::sockaddr_in = unsafe { &mut *(&raw mut self.storage).cast() };
        raw.sin_family = libc::AF_INET as libc::sa_family_t;
        raw.sin_port = port.to_be();
        raw.sin_addr.s_addr = ip.to_bits().to_be();
        self.length = size_of::<libc::sockaddr_in>() as libc::socklen_t;
    }

    fn fill_v6(&mut self, address: SocketAddrV6) {
        // SAFETY: as above.
        let raw: &mut libc::sockaddr_in6 = unsafe { &mut *(&raw mut self.storage).cast() };
        raw.sin6_family = libc::AF_INET6 as libc::sa_family_t;
        raw.sin6_port = address.port().to_be();
        raw.sin6_addr.s6_addr = address.ip().octets();
        raw.sin6_scope_id = address.scope_id();
        self.length = size_of::<libc::sockaddr_in6>() as libc::socklen_t;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_the_round_trip() {
        for text in ["10.1.2.3:4567", "[fd00::1]:89", "[fe80::1%3]:1"] {
            let address: SocketAddr = text.parse().unwrap();
            assert_eq!(RawAddress::new(address).get(), Some(address));
        }
        assert_eq!(RawAddress::empty().get(), None);
    }
}
