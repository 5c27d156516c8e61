//! Where peers send from: what comes from there is not a stranger's.

use super::Tables;
use crate::session::Endpoint;
use std::collections::HashMap;
use std::net::SocketAddr;

/// Addresses of peers, each with the number of peers there.
#[derive(Default)]
pub(super) struct Sources(HashMap<SocketAddr, usize>);

impl Sources {
    /// Takes note of a peer's move.
    pub(super) fn moved(&mut self, from: Option<Endpoint>, to: Option<Endpoint>) {
        if let Some(to) = to {
            *self.0.entry(to.address).or_default() += 1;
        }
        let Some(from) = from else { return };
        if let Some(count) = self.0.get_mut(&from.address) {
            *count -= 1;
            if *count == 0 {
                self.0.remove(&from.address);
            }
        }
    }
}

impl Tables {
    /// Returns whether the control plane shall see a datagram without a session.
    pub fn admits(&self, datagram: &[u8], source: Endpoint, now_ms: u64) -> bool {
        // What comes through a relay was let through by the row of its channel.
        let is_known = source.channel != 0 || self.sources.0.contains_key(&source.address);
        self.strangers.admit(datagram, source, is_known, now_ms)
    }
}

#[cfg(test)]
mod tests {
    use crate::plane::Plane;
    use crate::session::Endpoint;

    fn at(port: u16) -> Endpoint {
        Endpoint::direct(u32::from(port), ([192, 0, 2, 1], port).into())
    }

    fn known(plane: &Plane) -> Vec<u16> {
        let tables = plane.tables();
        (1..5).filter(|&port| tables.sources.0.contains_key(&at(port).address)).collect()
    }

    #[test]
    fn follows_peers_to_where_they_are() {
        let plane = Plane::default();
        for peer in 1..4 {
            plane.install_peer(peer, false, 1472).unwrap();
        }
        plane.move_peer(1, Some(at(1))).unwrap();
        plane.move_peer(2, Some(at(1))).unwrap();
        plane.move_peer(3, Some(at(3))).unwrap();
        plane.install_peer(3, true, 1400).unwrap();
        assert_eq!(known(&plane), [1, 3]);
        plane.move_peer(1, Some(at(2))).unwrap();
        assert_eq!(known(&plane), [1, 2, 3]);
        plane.move_peer(2, None).unwrap();
        plane.move_peer(2, None).unwrap();
        assert_eq!(known(&plane), [2, 3]);
        plane.remove_socket(3);
        plane.remove_peer(3);
        assert_eq!(known(&plane), [2]);
        plane.remove_peer(1);
        assert_eq!(known(&plane), []);
    }
}
