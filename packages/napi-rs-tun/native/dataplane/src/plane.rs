//! The tables of the data plane: sessions, peers, which prefix belongs to which peer, relays, and which addresses are ours.

use crate::admission::OwnAddresses;
use crate::limits::{PEERS_MAX, ROUTES_MAX, SESSIONS_MAX};
use crate::prefix::{Prefix, PrefixTable};
use crate::relay::table::RelayTable;
use crate::session::{Endpoint, Session, SessionKeys};
use crate::strangers::Strangers;
use crate::transport::{HEADER, TAG};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

mod relays;
mod sources;

/// Why a row was not installed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The table holds as many rows as it may.
    Full,
    /// The row names a peer or session that does not exist.
    Unknown,
    /// A key or prefix has the wrong length, the index is taken, an address is not a unicast one, or a channel is zero.
    Invalid,
}

/// How to send to one peer.
#[derive(Default)]
pub struct Peer {
    /// The session to seal with, once there is one.
    pub session: Option<Arc<Session>>,
    /// Where datagrams go; without one, packets are left to the control plane.
    pub endpoint: Option<Endpoint>,
    /// The longest datagram that the path carries whole, relay frames included.
    pub datagram_max: usize,
    /// Whether the peer fills in partial checksums.
    pub takes_partial: bool,
}

impl Peer {
    /// Returns the length of the longest packet that the path carries whole.
    pub fn room(&self) -> usize {
        let prefix = self.endpoint.map_or(0, |endpoint| endpoint.prefix_length());
        self.datagram_max.saturating_sub(prefix + HEADER + TAG)
    }
}

/// Everything a packet thread looks up.
#[derive(Default)]
pub struct Tables {
    sessions: HashMap<u32, Arc<Session>>,
    peers: HashMap<u32, Peer>,
    routes: PrefixTable<u32>,
    own: OwnAddresses,
    relays: RelayTable,
    sources: sources::Sources,
    strangers: Strangers,
}

impl Tables {
    /// Returns the peer that packets to `destination` go to, when it can be reached natively.
    pub fn route(&self, destination: IpAddr) -> Option<(&Peer, &Arc<Session>, Endpoint)> {
        let peer = self.peers.get(self.routes.lookup(destination)?)?;
        Some((peer, peer.session.as_ref()?, peer.endpoint?))
    }

    /// Returns whether packets from `source` may come from `peer`.
    pub fn may_send_from(&self, peer: u32, source: IpAddr) -> bool {
        self.routes.lookup(source) == Some(&peer)
    }

    /// Returns the length of the longest packet that the path to `peer` carries whole.
    pub fn room(&self, peer: u32) -> Option<usize> {
        self.peers.get(&peer).map(Peer::room)
    }

    /// Returns whether packets to `destination` are for us.
    pub fn is_own(&self, destination: IpAddr) -> bool {
        self.own.contains(destination)
    }

    /// Returns the session that we call `local_index`.
    pub fn session(&self, local_index: u32) -> Option<&Arc<Session>> {
        self.sessions.get(&local_index)
    }
}

/// The tables, shared between packet threads (readers) and the control plane (writer).
#[derive(Default)]
pub struct Plane {
    tables: RwLock<Tables>,
}

impl Plane {
    /// Returns the tables for looking up; hold it for one batch, not longer.
    pub fn tables(&self) -> RwLockReadGuard<'_, Tables> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a peer or changes its properties; its session and endpoint stay.
    pub fn install_peer(&self, peer: u32, takes_partial: bool, datagram_max: usize) -> Result<(), Refusal> {
        let mut tables = self.write();
        if tables.peers.len() >= PEERS_MAX && !tables.peers.contains_key(&peer) {
            return Err(Refusal::Full);
        }
        let row = tables.peers.entry(peer).or_default();
        row.takes_partial = takes_partial;
        row.datagram_max = datagram_max;
        Ok(())
    }

    /// Forgets a peer, its sessions and its routes.
    pub fn remove_peer(&self, peer: u32) {
        let mut tables = self.write();
        let row = tables.peers.remove(&peer);
        tables.sources.moved(row.and_then(|row| row.endpoint), None);
        tables.sessions.retain(|_, session| session.peer != peer);
        tables.routes.retain(|owner| *owner != peer);
    }

    /// Adds a session that opens from now on; `use_session` makes it seal too.
    pub fn install_session(&self, keys: &SessionKeys<'_>) -> Result<(), Refusal> {
        let session = Session::new(keys).ok_or(Refusal::Invalid)?;
        let mut tables = self.write();
        if tables.sessions.len() >= SESSIONS_MAX {
            return Err(Refusal::Full);
        }
        if !tables.peers.contains_key(&keys.peer) {
            return Err(Refusal::Unknown);
        }
        if tables.sessions.contains_key(&keys.local_index) {
            return Err(Refusal::Invalid);
        }
        tables.sessions.insert(keys.local_index, Arc::new(session));
        Ok(())
    }

    /// Makes a session the one its peer's packets are sealed with.
    pub fn use_session(&self, local_index: u32) -> Result<(), Refusal> {
        let mut tables = self.write();
        let session = tables.sessions.get(&local_index).cloned().ok_or(Refusal::Unknown)?;
        let peer = tables.peers.get_mut(&session.peer).ok_or(Refusal::Unknown)?;
        peer.session = Some(session);
        Ok(())
    }

    /// Forgets a session; returns whether it was there.
    pub fn remove_session(&self, local_index: u32) -> bool {
        let mut tables = self.write();
        let Some(session) = tables.sessions.remove(&local_index) else { return false };
        if let Some(peer) = tables.peers.get_mut(&session.peer) {
            if peer.session.as_ref().is_some_and(|used| used.local_index == local_index) {
                peer.session = None;
            }
        }
        true
    }

    /// Sets where a peer's datagrams go; `None` leaves its packets to the control plane.
    pub fn move_peer(&self, peer: u32, endpoint: Option<Endpoint>) -> Result<(), Refusal> {
        let mut tables = self.write();
        let row = tables.peers.get_mut(&peer).ok_or(Refusal::Unknown)?;
        let former = std::mem::replace(&mut row.endpoint, endpoint);
        tables.sources.moved(former, endpoint);
        Ok(())
    }

    /// Takes the endpoint from every peer that is reached through `socket`, and forgets the relay channels that need it.
    pub fn remove_socket(&self, socket: u32) {
        let mut guard = self.write();
        let tables = &mut *guard;
        tables.relays.remove_socket(socket);
        for peer in tables.peers.values_mut() {
            if let Some(lost) = peer.endpoint.take_if(|endpoint| endpoint.socket == socket) {
                tables.sources.moved(Some(lost), None);
            }
        }
    }

    /// Gives a prefix to a peer: its packets go there and may come from there.
    pub fn install_route(&self, address: IpAddr, length: u8, peer: u32) -> Result<(), Refusal> {
        let prefix = Prefix::new(address, length).ok_or(Refusal::Invalid)?;
        let mut tables = self.write();
        if !tables.peers.contains_key(&peer) {
            return Err(Refusal::Unknown);
        }
        if tables.routes.len() >= ROUTES_MAX {
            return Err(Refusal::Full);
        }
        tables.routes.insert(prefix, peer);
        Ok(())
    }

    /// Replaces the addresses that packets for the interface may be sent to; with none, nothing is written to it.
    ///
    /// A batch that a receiving thread has checked already is still written.
    pub fn set_own_addresses(&self, addresses: &[IpAddr]) -> Result<(), Refusal> {
        let own = OwnAddresses::new(addresses)?;
        self.write().own = own;
        Ok(())
    }

    /// Takes a prefix from its peer; returns whether it had one.
    pub fn withdraw_route(&self, address: IpAddr, length: u8) -> bool {
        Prefix::new(address, length).is_some_and(|prefix| self.write().routes.remove(&prefix).is_some())
    }

    fn write(&self) -> RwLockWriteGuard<'_, Tables> {
        self.tables.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aead::Cipher;

    fn keys(local_index: u32, peer: u32) -> SessionKeys<'static> {
        let cipher = Cipher::ChaCha20Poly1305;
        SessionKeys {
            local_index,
            remote_index: 9,
            peer,
            cipher,
            send_key: &[1; 32],
            receive_key: &[2; 32],
            sent: 0,
            received_below: 0,
            expires_at_ms: u64::MAX,
        }
    }

    #[test]
    fn routes_only_to_peers_with_session_and_endpoint() {
        let plane = Plane::default();
        let there: IpAddr = [10, 0, 0, 2].into();
        let endpoint = Endpoint::direct(1, ([1, 2, 3, 4], 5).into());
        assert_eq!(plane.install_route(there, 32, 7), Err(Refusal::Unknown));
        plane.install_peer(7, true, 1472).unwrap();
        plane.install_route(there, 32, 7).unwrap();
        plane.install_session(&keys(100, 7)).unwrap();
        assert!(plane.tables().route(there).is_none());
        plane.use_session(100).unwrap();
        plane.move_peer(7, Some(endpoint)).unwrap();
        assert_eq!(plane.tables().route(there).unwrap().2, endpoint);
        assert!(plane.tables().may_send_from(7, there));
        assert!(!plane.tables().may_send_from(8, there));
        plane.remove_socket(1);
        assert!(plane.tables().route(there).is_none());
        plane.move_peer(7, Some(endpoint)).unwrap();
        assert!(plane.remove_session(100) && !plane.remove_session(100));
        assert!(plane.tables().route(there).is_none());
        plane.remove_peer(7);
        assert!(!plane.tables().may_send_from(7, there));
    }

    #[test]
    fn refuses_rows_that_cannot_work() {
        let plane = Plane::default();
        assert_eq!(plane.install_session(&keys(1, 7)), Err(Refusal::Unknown));
        plane.install_peer(7, false, 1472).unwrap();
        plane.install_session(&keys(1, 7)).unwrap();
        assert_eq!(plane.install_session(&keys(1, 7)), Err(Refusal::Invalid));
        assert_eq!(plane.use_session(2), Err(Refusal::Unknown));
        assert_eq!(plane.install_route([10, 0, 0, 0].into(), 40, 7), Err(Refusal::Invalid));
        assert_eq!(plane.move_peer(8, None), Err(Refusal::Unknown));
        let short = SessionKeys { send_key: &[1; 16], ..keys(3, 7) };
        assert_eq!(plane.install_session(&short), Err(Refusal::Invalid));
    }

    #[test]
    #[cfg_attr(miri, ignore = "takes minutes when interpreted")]
    fn stops_at_the_cap_of_each_table() {
        let plane = Plane::default();
        for peer in 0..PEERS_MAX as u32 {
            plane.install_peer(peer, false, 1472).unwrap();
            plane.install_route(peer.to_be_bytes().into(), 32, peer).unwrap();
        }
        assert_eq!(plane.install_peer(u32::MAX, false, 1472), Err(Refusal::Full));
        assert_eq!(plane.install_route([255; 4].into(), 32, 1), Err(Refusal::Full));
        plane.install_peer(3, true, 1472).unwrap();
    }
}
