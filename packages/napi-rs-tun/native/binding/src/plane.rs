//! The data plane as a JavaScript class.

use crate::address::{address, ip};
use crate::error::{closed, from_device, from_refusal, invalid, Result};
use crate::tun::{cidr, NativeTun};
use crate::wake;
use dataplane::aead::{has_fast_aes, Cipher};
use dataplane::session::{trouble::Trouble, Endpoint, SessionCounters, SessionKeys};
use dataplane::transport::{DataHeader, HEADER, TAG};
use device::hub::{Hub, HubSlot};
use device::rx::Receiver;
use device::threads::threads_per_direction;
use napi::bindgen_prelude::{Buffer, BufferSlice, Function};
use napi_derive::napi;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

/// Tables, sockets and threads of one node or of many behind one port.
#[napi]
pub struct NativePlane {
    open: Option<Open>,
}

struct Open {
    // Receivers are dropped first: their threads use the hub.
    receivers: HashMap<u32, Vec<Receiver>>,
    /// Receivers of each socket.
    lanes: usize,
    hub: Arc<Hub>,
    slot: Option<Arc<HubSlot>>,
    next_socket: u32,
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(slot) = &self.slot {
            slot.set(None);
        }
    }
}

/// A bound socket.
#[napi(object)]
pub struct SocketInfo {
    /// Its number in this plane.
    pub id: u32,
    /// The address it is bound to.
    pub host: String,
    /// The port it is bound to.
    pub port: u16,
}

/// A session without its keys.
#[napi(object)]
pub struct SessionRow {
    /// Our name of the session.
    pub local_index: u32,
    /// The peer's name of it.
    pub remote_index: u32,
    /// Whose session it is.
    pub peer: u32,
    /// AES-256-GCM, not ChaCha20-Poly1305.
    pub is_aes: bool,
    /// Datagrams sealed with the key before.
    pub sent: f64,
    /// Counters below this were received before.
    pub received_below: f64,
    /// How long the keys may still be used; infinity for ever.
    pub lifetime_ms: f64,
}

/// What went through a session.
#[napi(object)]
pub struct SessionInfo {
    /// Datagrams sealed.
    pub sent: f64,
    /// Their bytes.
    pub sent_bytes: f64,
    /// Authentic datagrams received.
    pub received: f64,
    /// Their bytes.
    pub received_bytes: f64,
    /// Datagrams refused because their counter was seen before.
    pub replays: f64,
    /// Datagrams refused because their tag is wrong.
    pub auth_failures: f64,
    /// Datagrams refused because the key is too old.
    pub expired: f64,
    /// Authentic plaintexts that claim to be IP packets and are not.
    pub malformed: f64,
    /// Packets whose source is not routed to the peer.
    pub foreign_source: f64,
    /// Packets to an address that is not ours.
    pub foreign_destination: f64,
    /// Packets left to JavaScript because the key is used up.
    pub punted: f64,
    /// Packets longer than the path carries, whose sender was told.
    pub too_big: f64,
    /// Packets that the network had to cut.
    pub fragmented: f64,
    /// Packets that contradicted themselves or were too long.
    pub refused: f64,
    /// Milliseconds since the last authentic one; negative when there was none.
    pub idle_ms: f64,
}

/// A datagram that `open` opened.
#[napi(object)]
pub struct OpenedFrame {
    /// Our name of the session.
    pub local_index: u32,
    /// Whether it is the first of its session.
    pub is_first: bool,
    /// The plaintext.
    pub bytes: Buffer,
}

#[napi]
impl NativePlane {
    /// Makes a plane, for an interface or for none; `wake` is called when `drain` has something to give.
    ///
    /// `threads` receive from each socket; zero for as many as suit the machine.
    #[napi(factory)]
    pub fn create(tun: Option<&NativeTun>, threads: u32, wake: Function<'_, (), ()>) -> Result<NativePlane> {
        let (tun, slot) = tun.map(NativeTun::attachment).transpose()?.unzip();
        let wake = wake::from_function(wake).map_err(|error| invalid(&error.reason))?;
        let hub = Arc::new(Hub::new(tun, wake));
        if let Some(slot) = &slot {
            slot.set(Some(hub.clone()));
        }
        let (receivers, lanes) = (HashMap::new(), threads_per_direction(threads));
        Ok(NativePlane { open: Some(Open { receivers, lanes, hub, slot, next_socket: 0 }) })
    }

    /// Binds a socket and starts receiving; everything but packets of installed sessions becomes a notice.
    #[napi]
    pub fn open_socket(&mut self, host: String, port: u16) -> Result<SocketInfo> {
        let open = self.open.as_mut().ok_or_else(closed)?;
        let id = open.next_socket;
        let receivers = open.hub.open_socket(id, address(&host, port)?, open.lanes).map_err(from_device)?;
        let local = receivers.first().ok_or_else(closed)?.local();
        open.next_socket += 1;
        open.receivers.insert(id, receivers);
        Ok(SocketInfo { id, host: local.ip().to_string(), port: local.port() })
    }

    /// Closes a socket; peers reached through it lose their endpoint.
    #[napi]
    pub fn close_socket(&mut self, id: u32) {
        if let Some(open) = &mut self.open {
            open.hub.close_socket(id);
            open.receivers.remove(&id);
        }
    }

    /// Sends one datagram as it is; returns false when the system refused it.
    #[napi]
    pub fn send(&self, socket: u32, bytes: BufferSlice<'_>, host: String, port: u16) -> Result<bool> {
        let to = address(&host, port)?;
        Ok(self.hub()?.socket(socket, 0).is_some_and(|socket| socket.send(to, &bytes)))
    }

    /// Sends one datagram that may not be cut; returns false when the system refused it, mostly as too long.
    #[napi]
    pub fn send_whole(&self, socket: u32, bytes: BufferSlice<'_>, host: String, port: u16) -> Result<bool> {
        let to = address(&host, port)?;
        Ok(self.hub()?.socket(socket, 0).is_some_and(|socket| socket.send_whole(to, &bytes)))
    }

    /// Adds a peer or changes its properties.
    #[napi]
    pub fn install_peer(&self, peer: u32, takes_partial: bool, datagram_max: u32) -> Result<()> {
        self.hub()?.plane.install_peer(peer, takes_partial, datagram_max as usize).map_err(from_refusal)
    }

    /// Forgets a peer, its sessions and its routes.
    #[napi]
    pub fn remove_peer(&self, peer: u32) -> Result<()> {
        self.hub()?.plane.remove_peer(peer);
        Ok(())
    }

    /// Adds a session that opens from now on.
    #[napi]
    pub fn install_session(
        &self,
        row: SessionRow,
        send_key: BufferSlice<'_>,
        receive_key: BufferSlice<'_>,
    ) -> Result<()> {
        let hub = self.hub()?;
        let keys = SessionKeys {
            local_index: row.local_index,
            remote_index: row.remote_index,
            peer: row.peer,
            cipher: if row.is_aes { Cipher::Aes256Gcm } else { Cipher::ChaCha20Poly1305 },
            send_key: &send_key,
            receive_key: &receive_key,
            sent: row.sent as u64,
            received_below: row.received_below as u64,
            // Without an end the sum saturates: the float's infinity becomes the largest integer.
            expires_at_ms: hub.now_ms().saturating_add(row.lifetime_ms as u64),
        };
        hub.plane.install_session(&keys).map_err(from_refusal)
    }

    /// Makes a session the one its peer's packets are sealed with.
    #[napi]
    pub fn use_session(&self, local_index: u32) -> Result<()> {
        self.hub()?.plane.use_session(local_index).map_err(from_refusal)
    }

    /// Forgets a session; returns whether it was there.
    #[napi]
    pub fn remove_session(&self, local_index: u32) -> Result<bool> {
        Ok(self.hub()?.plane.remove_session(local_index))
    }

    /// Sets where a peer's datagrams go: through a relay when `channel` is not zero.
    #[napi]
    pub fn move_peer(&self, peer: u32, socket: u32, host: String, port: u16, channel: u32) -> Result<()> {
        let endpoint = Endpoint { socket, address: address(&host, port)?, channel };
        self.hub()?.plane.move_peer(peer, Some(endpoint)).map_err(from_refusal)
    }

    /// Takes a peer's endpoint: its packets are left to JavaScript.
    #[napi]
    pub fn park_peer(&self, peer: u32) -> Result<()> {
        self.hub()?.plane.move_peer(peer, None).map_err(from_refusal)
    }

    /// Gives a prefix to a peer.
    #[napi]
    pub fn install_route(&self, host: String, prefix_length: u32, peer: u32) -> Result<()> {
        let prefix = cidr(&host, prefix_length)?;
        self.hub()?.plane.install_route(prefix.address, prefix.prefix_length, peer).map_err(from_refusal)
    }

    /// Takes a prefix from its peer; returns whether it had one.
    #[napi]
    pub fn withdraw_route(&self, host: String, prefix_length: u32) -> Result<bool> {
        let prefix = cidr(&host, prefix_length)?;
        Ok(self.hub()?.plane.withdraw_route(prefix.address, prefix.prefix_length))
    }

    /// Replaces the addresses that packets for the interface may be sent to.
    #[napi]
    pub fn set_own_addresses(&self, hosts: Vec<String>) -> Result<()> {
        let parsed: Result<Vec<IpAddr>> = hosts.iter().map(|host| ip(host)).collect();
        self.hub()?.plane.set_own_addresses(&parsed?).map_err(from_refusal)
    }

    /// Seals a frame of the control plane; null when there is no such session or its key is used up.
    #[napi]
    pub fn seal(&self, local_index: u32, frame: BufferSlice<'_>) -> Result<Option<Buffer>> {
        let hub = self.hub()?;
        let Some(session) = hub.plane.tables().session(local_index).cloned() else { return Ok(None) };
        let datagram = [&[0; HEADER][..], &frame, &[0; TAG]].concat();
        let mut datagram = datagram;
        Ok(session.seal(&mut datagram, hub.now_ms()).then(|| datagram.into()))
    }

    /// Opens a datagram that did not come through a socket of this plane; null unless it is authentic and new.
    #[napi]
    pub fn open(&self, datagram: BufferSlice<'_>) -> Result<Option<OpenedFrame>> {
        let hub = self.hub()?;
        let Some(header) = DataHeader::decode(&datagram) else { return Ok(None) };
        let Some(session) = hub.plane.tables().session(header.receiver_index).cloned() else {
            return Ok(None);
        };
        let mut bytes = datagram.to_vec();
        Ok(session.open(&header, &mut bytes, None, hub.now_ms()).map(|opened| OpenedFrame {
            local_index: session.local_index,
            is_first: opened.is_first,
            bytes: bytes[opened.plaintext].to_vec().into(),
        }))
    }

    /// Moves notices into `buffer` as `[u16le length][record]`...; returns the bytes used.
    #[napi]
    pub fn drain(&self, mut buffer: BufferSlice<'_>) -> u32 {
        self.open.as_ref().map_or(0, |open| open.hub.drain_into(&mut buffer) as u32)
    }

    /// Returns all counters by name.
    #[napi]
    pub fn counters(&self) -> Result<HashMap<String, f64>> {
        let counters = self.hub()?.counters();
        Ok(counters.into_iter().map(|(name, value)| (name.to_owned(), value as f64)).collect())
    }

    /// Returns which features of the kernel and its devices are in use, by name.
    #[napi]
    pub fn features(&self) -> Result<HashMap<String, bool>> {
        let features = self.hub()?.features();
        Ok(features.into_iter().map(|(name, is_used)| (name.to_owned(), is_used)).collect())
    }

    /// Returns whether the processor has instructions for AES-GCM.
    #[napi]
    pub fn has_fast_aes(&self) -> bool {
        has_fast_aes()
    }

    /// Returns what went through a session; null when there is none of this index.
    #[napi]
    pub fn session_counters(&self, local_index: u32) -> Result<Option<SessionInfo>> {
        let hub = self.hub()?;
        let counters = hub.plane.tables().session(local_index).map(|session| session.counters());
        let now_ms = hub.now_ms();
        Ok(counters.map(|counters| session_info(&counters, now_ms)))
    }

    /// Ends all threads and closes all sockets before it returns; does nothing the second time.
    #[napi]
    pub fn close(&mut self) {
        self.open = None;
    }

    pub(crate) fn hub(&self) -> Result<&Arc<Hub>> {
        Ok(&self.open.as_ref().ok_or_else(closed)?.hub)
    }
}

fn session_info(counters: &SessionCounters, now_ms: u64) -> SessionInfo {
    let of = |trouble| counters.troubles.of(trouble) as f64;
    SessionInfo {
        sent: counters.sent as f64,
        sent_bytes: counters.sent_bytes as f64,
        received: counters.received as f64,
        received_bytes: counters.received_bytes as f64,
        replays: of(Trouble::Replay),
        auth_failures: of(Trouble::Forgery),
        expired: of(Trouble::Expired),
        malformed: of(Trouble::Malformed),
        foreign_source: of(Trouble::ForeignSource),
        foreign_destination: of(Trouble::ForeignDestination),
        punted: of(Trouble::Punted),
        too_big: of(Trouble::TooBig),
        fragmented: of(Trouble::Fragmented),
        refused: of(Trouble::Refused),
        idle_ms: match counters.received {
            0 => -1.0,
            _ => now_ms.saturating_sub(counters.last_received_ms) as f64,
        },
    }
}
