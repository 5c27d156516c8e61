//! One data plane: its tables, its sockets, and the queue of notices to JavaScript.

use crate::error::Result;
use crate::punt::{PuntQueue, Wake};
use crate::rx::Receiver;
use crate::socket::Socket;
use crate::tun::Tun;
use dataplane::egress::EgressCounters;
use dataplane::ingress::{IngressCounters, Notice};
use dataplane::plane::Plane;
use dataplane::session::{Endpoint, Session};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Instant;

/// More than a request or its answer: a train of packets.
const BULK_BURST_BYTES: usize = 4_096;
/// Longer than the pauses of a transfer that fills the link, unless that is very long.
const BULK_MEMORY_MS: u64 = 10;

/// Where the reader of an interface finds the plane that was attached to it.
#[derive(Default)]
pub struct HubSlot(RwLock<Option<Arc<Hub>>>);

impl HubSlot {
    /// Returns the attached plane.
    pub fn get(&self) -> Option<Arc<Hub>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Attaches a plane, or detaches with `None`.
    pub fn set(&self, hub: Option<Arc<Hub>>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = hub;
    }
}

/// Shared by the packet threads and the control plane.
pub struct Hub {
    /// The tables.
    pub plane: Plane,
    /// Where packets from the network go, if anywhere.
    pub tun: Option<Arc<Tun>>,
    notices: PuntQueue,
    sockets: Mutex<HashMap<u32, Vec<Arc<Socket>>>>,
    started: Instant,
    bulk_until_ms: AtomicU64,
    totals: Totals,
}

/// Sums over all threads.
#[derive(Default)]
struct Totals {
    sealed: AtomicU64,
    punted: AtomicU64,
    refused: AtomicU64,
    too_big: AtomicU64,
    fragmented: AtomicU64,
    opened: AtomicU64,
    replays: AtomicU64,
    auth_failures: AtomicU64,
    expired: AtomicU64,
    malformed: AtomicU64,
    foreign_source: AtomicU64,
    foreign_destination: AtomicU64,
    noticed: AtomicU64,
    flooded: AtomicU64,
    relayed: AtomicU64,
    relayed_bytes: AtomicU64,
    relay_refused: AtomicU64,
    relay_over_quota: AtomicU64,
    written: AtomicU64,
    write_errors: AtomicU64,
}

impl Hub {
    /// Makes a plane without sockets. `wake` tells JavaScript that notices wait.
    pub fn new(tun: Option<Arc<Tun>>, wake: Wake) -> Self {
        Hub {
            plane: Plane::default(),
            tun,
            notices: PuntQueue::new(wake),
            sockets: Mutex::default(),
            started: Instant::now(),
            bulk_until_ms: AtomicU64::new(0),
            totals: Totals::default(),
        }
    }

    /// Milliseconds since the plane was made.
    pub fn now_ms(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }

    /// Takes note of how much a thread moved between two waits.
    pub fn note_burst(&self, bytes: usize) {
        if bytes >= BULK_BURST_BYTES {
            self.bulk_until_ms.store(self.now_ms() + BULK_MEMORY_MS, Relaxed);
        }
    }

    /// Returns whether a bulk transfer is going on: then it is throughput that counts, not the time to wake up.
    pub fn is_bulk(&self) -> bool {
        self.now_ms() < self.bulk_until_ms.load(Relaxed)
    }

    /// Returns a socket of the group with this number; `lane` spreads the threads over the group.
    pub fn socket(&self, id: u32, lane: usize) -> Option<Arc<Socket>> {
        let sockets = self.sockets();
        let group = sockets.get(&id)?;
        group.get(lane % group.len().max(1)).cloned()
    }

    /// Binds a group of `lanes` sockets to one port and starts receiving from each.
    pub fn open_socket(
        self: &Arc<Self>,
        id: u32,
        address: SocketAddr,
        lanes: usize,
    ) -> Result<Vec<Receiver>> {
        let group: Vec<_> = Socket::bind_group(address, lanes)?.into_iter().map(Arc::new).collect();
        let start =
            |(lane, socket): (usize, &Arc<Socket>)| Receiver::start(self.clone(), id, lane, socket.clone());
        let receivers = group.iter().enumerate().map(start).collect::<Result<Vec<_>>>()?;
        self.sockets().insert(id, group);
        Ok(receivers)
    }

    /// Forgets a socket; peers reached through it fall back to the control plane.
    pub fn close_socket(&self, id: u32) {
        self.sockets().remove(&id);
        self.plane.remove_socket(id);
    }

    /// Moves notices into `target`; see `Record` for their form.
    pub fn drain_into(&self, target: &mut [u8]) -> usize {
        self.notices.drain_into(target)
    }

    /// Adds what a sending thread counted.
    pub fn add_egress(&self, counters: EgressCounters) {
        self.totals.sealed.fetch_add(counters.sealed, Relaxed);
        self.totals.punted.fetch_add(counters.punted, Relaxed);
        self.totals.refused.fetch_add(counters.refused, Relaxed);
        self.totals.too_big.fetch_add(counters.too_big, Relaxed);
        self.totals.fragmented.fetch_add(counters.fragmented, Relaxed);
    }

    /// Adds what a receiving thread counted, and how many writes to the interface worked and failed.
    pub fn add_ingress(&self, counters: IngressCounters, written: u64, write_errors: u64) {
        self.totals.opened.fetch_add(counters.opened, Relaxed);
        self.totals.replays.fetch_add(counters.replays, Relaxed);
        self.totals.auth_failures.fetch_add(counters.auth_failures, Relaxed);
        self.totals.expired.fetch_add(counters.expired, Relaxed);
        self.totals.malformed.fetch_add(counters.malformed, Relaxed);
        self.totals.foreign_source.fetch_add(counters.foreign_source, Relaxed);
        self.totals.foreign_destination.fetch_add(counters.foreign_destination, Relaxed);
        self.totals.noticed.fetch_add(counters.noticed, Relaxed);
        self.totals.flooded.fetch_add(counters.flooded, Relaxed);
        self.totals.relayed.fetch_add(counters.relayed, Relaxed);
        self.totals.relayed_bytes.fetch_add(counters.relayed_bytes, Relaxed);
        self.totals.relay_refused.fetch_add(counters.relay_refused, Relaxed);
        self.totals.relay_over_quota.fetch_add(counters.relay_over_quota, Relaxed);
        self.totals.written.fetch_add(written, Relaxed);
        self.totals.write_errors.fetch_add(write_errors, Relaxed);
    }

    /// Returns all counters by name.
    pub fn counters(&self) -> Vec<(&'static str, u64)> {
        let totals = &self.totals;
        let sum =
            |count: fn(&Socket) -> u64| self.sockets().values().flatten().map(|socket| count(socket)).sum();
        let (send_errors, too_long_trains) = (sum(Socket::send_errors), sum(Socket::too_long_trains));
        vec![
            ("sealed", totals.sealed.load(Relaxed)),
            ("punted", totals.punted.load(Relaxed)),
            ("refused", totals.refused.load(Relaxed)),
            ("tooBig", totals.too_big.load(Relaxed)),
            ("fragmented", totals.fragmented.load(Relaxed)),
            ("opened", totals.opened.load(Relaxed)),
            ("replays", totals.replays.load(Relaxed)),
            ("authFailures", totals.auth_failures.load(Relaxed)),
            ("expired", totals.expired.load(Relaxed)),
            ("malformed", totals.malformed.load(Relaxed)),
            ("foreignSource", totals.foreign_source.load(Relaxed)),
            ("foreignDestination", totals.foreign_destination.load(Relaxed)),
            ("noticed", totals.noticed.load(Relaxed)),
            ("flooded", totals.flooded.load(Relaxed)),
            ("relayed", totals.relayed.load(Relaxed)),
            ("relayedBytes", totals.relayed_bytes.load(Relaxed)),
            ("relayRefused", totals.relay_refused.load(Relaxed)),
            ("relayOverQuota", totals.relay_over_quota.load(Relaxed)),
            ("noticesDropped", self.notices.dropped()),
            ("interfaceWrites", totals.written.load(Relaxed)),
            ("interfaceErrors", totals.write_errors.load(Relaxed)),
            ("sendErrors", send_errors),
            ("tooLongTrains", too_long_trains),
        ]
    }

    /// Returns which features of the kernel and its devices are in use; one that any socket lost counts as lost.
    pub fn features(&self) -> [(&'static str, bool); 4] {
        let sockets = self.sockets();
        let tun = self.tun.as_ref();
        [
            ("udpSegment", sockets.values().flatten().all(|socket| socket.has_segmentation())),
            ("udpGro", sockets.values().flatten().all(|socket| socket.has_coalescing())),
            ("tunTso", tun.is_some_and(|tun| tun.has_vnet_header())),
            ("tunUso", tun.is_some_and(|tun| tun.takes_udp_trains())),
        ]
    }

    fn sockets(&self) -> MutexGuard<'_, HashMap<u32, Vec<Arc<Socket>>>> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Length of the fixed part of a notice record.
const RECORD: usize = 36;

/// Queues notices for JavaScript as records:
///
/// ```text
///   offset  size  field (little-endian)
///        0     1  kind: 1 datagram, 2 frame, 3 packet, 4 confirmed, 5 moved
///        1     1  family of the source: 4 or 6
///        2     2  port of the source
///        4     4  socket
///        8     4  local index of the session; zero for a datagram
///       12    16  address of the source; IPv4 uses the first four bytes
///       28     4  scope of a link-local address; zero for any other
///       32     4  our number of the relay channel that it came through; zero for a direct path
///       36     n  bytes
/// ```
pub struct NoticeQueue<'a>(pub &'a Hub);

impl NoticeQueue<'_> {
    /// Queues one notice; the bytes are copied.
    pub fn push(&self, session: Option<&Session>, source: Endpoint, notice: Notice<'_>) {
        let (kind, bytes): (u8, &[u8]) = match notice {
            Notice::Datagram(bytes) => (1, bytes),
            Notice::Frame(bytes) => (2, bytes),
            Notice::Packet(bytes) => (3, bytes),
            Notice::Confirmed => (4, &[]),
            Notice::Moved => (5, &[]),
        };
        let mut record = [0; RECORD];
        record[0] = kind;
        record[2..4].copy_from_slice(&source.address.port().to_le_bytes());
        record[4..8].copy_from_slice(&source.socket.to_le_bytes());
        let index = session.map_or(0, |session| session.local_index);
        record[8..12].copy_from_slice(&index.to_le_bytes());
        match source.address {
            SocketAddr::V4(v4) => {
                record[1] = 4;
                record[12..16].copy_from_slice(&v4.ip().octets());
            }
            SocketAddr::V6(v6) => {
                record[1] = 6;
                record[12..28].copy_from_slice(&v6.ip().octets());
                record[28..32].copy_from_slice(&v6.scope_id().to_le_bytes());
            }
        }
        record[32..36].copy_from_slice(&source.channel.to_le_bytes());
        self.0.notices.push(&[&record, bytes]);
    }
}
