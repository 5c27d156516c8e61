//! The thread that receives from one socket: packets go to the interface, frames of relay channels to their next
//! endpoint, the rest to JavaScript.

use crate::error::{DeviceError, Result};
use crate::hub::{Hub, NoticeQueue};
use crate::moderation::Moderation;
use crate::patience::Patience;
use crate::socket::Socket;
use crate::sys::{EventFd, Ready};
use crate::tun::Tun;
use dataplane::coalesce::Item;
use dataplane::ingress::{Arrival, Ingress, IngressCounters, Listener, Notice};
use dataplane::session::{Endpoint, Session};
use std::io::IoSlice;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::thread::JoinHandle;

/// A train may be as long as the largest UDP payload.
const TRAIN_BYTES: usize = 65_536;
/// What is coalesced together: small enough for the second-level cache.
const BATCH_BYTES: usize = 4 * TRAIN_BYTES;
/// Where the network card joins nothing every train is one datagram; as many of them make a super-packet.
const TRAINS_PER_BATCH_MAX: usize = 64;
/// Enough to make the cost of poll() vanish, few enough to notice a stop signal within a millisecond.
const BATCHES_PER_POLL_MAX: usize = 32;

/// A running receiver; dropping it ends the thread.
pub struct Receiver {
    local: SocketAddr,
    stop: Arc<EventFd>,
    thread: Option<JoinHandle<()>>,
}

impl Receiver {
    /// Starts receiving from `socket`, which is one of the group that the plane calls `id`.
    pub fn start(hub: Arc<Hub>, id: u32, lane: usize, socket: Arc<Socket>) -> Result<Self> {
        let stop = Arc::new(EventFd::new()?);
        let signal = stop.clone();
        let local = socket.local();
        let thread = std::thread::Builder::new()
            .name("ipop-rx".into())
            .spawn(move || Rx::new(&hub, id, lane, &socket).run(&signal))
            .map_err(|error| DeviceError::from_io("start the receiver thread", &error))?;
        Ok(Receiver { local, stop, thread: Some(thread) })
    }

    /// The address and port of the socket.
    pub fn local(&self) -> SocketAddr {
        self.local
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.stop.signal();
        if let Some(thread) = self.thread.take() {
            // A panic of the receiver has been printed already; there is nothing left to save.
            let _ = thread.join();
        }
    }
}

struct Rx<'a> {
    hub: &'a Hub,
    id: u32,
    /// Which socket of the group, and which queue of the interface.
    lane: usize,
    socket: &'a Socket,
    arena: Vec<u8>,
    ingress: Ingress,
    written: u64,
    write_errors: u64,
    /// Bytes received since the last wait.
    burst: usize,
}

impl<'a> Rx<'a> {
    fn new(hub: &'a Hub, id: u32, lane: usize, socket: &'a Socket) -> Self {
        let merges_udp = hub.tun.as_ref().is_some_and(|tun| tun.takes_udp_trains());
        Rx {
            hub,
            id,
            lane,
            socket,
            arena: vec![0; BATCH_BYTES],
            ingress: Ingress::new(hub.tun.is_some(), merges_udp),
            written: 0,
            write_errors: 0,
            burst: 0,
        }
    }

    fn run(mut self, stop: &EventFd) {
        let mut patience = Patience::default();
        let moderation = Moderation::of_this_machine();
        while patience.wait_readable(self.socket.as_fd(), stop, !self.hub.is_bulk()) != Ready::Stop {
            self.burst = 0;
            for _ in 0..BATCHES_PER_POLL_MAX {
                let has_more = self.batch();
                self.flush();
                if !has_more {
                    break;
                }
            }
            self.hub.note_burst(self.burst);
            self.hub.add_ingress(self.ingress.counters, self.written, self.write_errors);
            let IngressCounters { flooded, .. } = std::mem::take(&mut self.ingress.counters);
            (self.written, self.write_errors) = (0, 0);
            moderation.after_strangers(flooded);
        }
    }

    /// Receives up to a batch of trains; returns whether more may wait.
    fn batch(&mut self) -> bool {
        let now_ms = self.hub.now_ms();
        let own = (self.id, self.socket);
        let lane = self.lane;
        let mut listener = RxListener { notices: NoticeQueue(self.hub), lane, own, other: None };
        let mut start = 0;
        for _ in 0..TRAINS_PER_BATCH_MAX {
            if start + TRAIN_BYTES > BATCH_BYTES {
                break;
            }
            // An error belongs to an earlier send (e.g. an unreachable port); reading it has cleared it.
            let Ok(Some(train)) = self.socket.receive(&mut self.arena[start..start + TRAIN_BYTES]) else {
                return false;
            };
            let tables = self.hub.plane.tables();
            let arrival = Arrival { source: Endpoint::direct(self.id, train.source), now_ms };
            self.ingress.train(
                &tables,
                &mut self.arena,
                start..start + train.length,
                train.size,
                arrival,
                &mut listener,
            );
            start += train.length;
            self.burst += train.length;
        }
        true
    }

    fn flush(&mut self) {
        if let Some(tun) = &self.hub.tun {
            let items = self.ingress.coalescer.finish(&mut self.arena);
            for item in items {
                if write(tun, self.lane, &self.arena, item) {
                    self.written += 1;
                } else {
                    self.write_errors += 1;
                }
            }
        }
        self.ingress.coalescer.clear();
    }
}

struct RxListener<'a> {
    notices: NoticeQueue<'a>,
    lane: usize,
    /// The socket that is received from: most relayed frames leave through it, too.
    own: (u32, &'a Socket),
    /// The last of the others; not kept beyond a batch, so that a closed one is really closed.
    other: Option<(u32, Arc<Socket>)>,
}

impl Listener for RxListener<'_> {
    fn forward(&mut self, to: Endpoint, frames: &[u8], size: usize) -> u64 {
        let (id, socket) = self.own;
        if to.socket == id {
            return socket.try_send_segments(to.address, frames, size);
        }
        if self.other.as_ref().is_none_or(|(id, _)| *id != to.socket) {
            self.other = self.notices.0.socket(to.socket, self.lane).map(|socket| (to.socket, socket));
        }
        match &self.other {
            Some((_, socket)) => socket.try_send_segments(to.address, frames, size),
            None => frames.len().div_ceil(size) as u64,
        }
    }

    fn notice(&mut self, session: Option<&Session>, source: Endpoint, notice: Notice<'_>) {
        self.notices.push(session, source, notice);
    }
}

fn write(tun: &Tun, lane: usize, arena: &[u8], item: &Item) -> bool {
    let vnet = item.vnet.encode();
    let mut parts = Vec::with_capacity(1 + item.parts.len());
    parts.push(IoSlice::new(&vnet));
    parts.extend(item.parts.iter().map(|range| IoSlice::new(&arena[range.clone()])));
    tun.write_parts(lane, &parts)
}
