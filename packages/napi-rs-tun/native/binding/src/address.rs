//! Addresses from the text that JavaScript has for them.

use crate::error::{invalid, Result};
use device::sys::interface_index;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};

/// Reads an address, if link-local with its scope, and adds the port.
pub fn address(host: &str, port: u16) -> Result<SocketAddr> {
    // The standard library reads no scope such as %eth0 or %3, which a link-local address needs.
    let Some((literal, scope)) = host.split_once('%') else { return Ok((ip(host)?, port).into()) };
    let scope_id = scope.parse().ok().or_else(|| interface_index(scope));
    match (ip(literal)?, scope_id) {
        (IpAddr::V6(v6), Some(scope_id)) => Ok(SocketAddrV6::new(v6, port, 0, scope_id).into()),
        _ => Err(invalid(&format!("not an address of this machine's network: {host}"))),
    }
}

/// Reads an address without a scope.
pub fn ip(host: &str) -> Result<IpAddr> {
    host.parse().map_err(|_| invalid(&format!("not an IP address: {host}")))
}
