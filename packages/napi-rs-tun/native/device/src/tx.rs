//! The thread that reads the interface: what the tables know goes out sealed, the rest to JavaScript.

use crate::error::{DeviceError, Result};
use crate::hub::{Hub, HubSlot};
use crate::moderation::Moderation;
use crate::patience::Patience;
use crate::punt::PuntQueue;
use crate::socket::Socket;
use crate::sys::{EventFd, Ready};
use crate::tun::{Kind, Tun};
use dataplane::batch::SendBatch;
use dataplane::egress::{Egress, EgressCounters, Outlet};
use dataplane::limits::PACKET_BYTES_MAX;
use dataplane::plane::Tables;
use dataplane::segment::Segment;
use dataplane::vnet::{Gso, VnetHeader, VNET_HEADER};
use std::sync::Arc;
use std::thread::JoinHandle;

/// Enough to make the cost of poll() vanish, few enough to notice a stop signal within a millisecond, and no more small
/// packets than the receiver's socket holds by default (256).
const READS_PER_POLL_MAX: usize = 128;

/// A running reader, one thread for each queue; dropping it ends them.
pub struct Reader {
    stop: Arc<EventFd>,
    threads: Vec<JoinHandle<()>>,
}

impl Reader {
    /// Starts reading `tun`: into the plane in `slot` while there is one, and else into `queue`.
    pub fn start(tun: Arc<Tun>, queue: Arc<PuntQueue>, slot: Arc<HubSlot>) -> Result<Self> {
        // Dropped on a failure below, it ends the threads that have begun.
        let mut reader = Reader { stop: Arc::new(EventFd::new()?), threads: Vec::new() };
        for lane in 0..tun.queues() {
            let (tun, queue, slot, signal) = (tun.clone(), queue.clone(), slot.clone(), reader.stop.clone());
            let thread = std::thread::Builder::new()
                .name("ipop-tx".into())
                .spawn(move || run(&tun, lane, &queue, &slot, &signal))
                .map_err(|error| DeviceError::from_io("start the reader thread", &error))?;
            reader.threads.push(thread);
        }
        Ok(reader)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.stop.signal();
        for thread in self.threads.drain(..) {
            // A panic of the reader has been printed already; there is nothing left to save.
            let _ = thread.join();
        }
    }
}

fn run(tun: &Tun, lane: usize, queue: &PuntQueue, slot: &HubSlot, stop: &EventFd) {
    let mut buffer = vec![0; VNET_HEADER + PACKET_BYTES_MAX];
    let mut egress = Egress::default();
    let nobody = Tables::default();
    let mut patience = Patience::default();
    let moderation = Moderation::of_this_machine();
    let mut may_look = false;
    loop {
        match patience.wait_readable(tun.queue(lane), stop, may_look) {
            Ready::Data => (),
            Ready::Stop => return,
            Ready::Gone => return report_gone(queue),
        }
        let (mut burst, mut singles) = (0, 0);
        let hub = slot.get();
        egress.now_ms = hub.as_ref().map_or(0, |hub| hub.now_ms());
        let mut outlet = TxOutlet { tun, lane, queue, hub: hub.as_deref(), socket: None, stop };
        // A flood must not keep the stop signal from being seen.
        for _ in 0..READS_PER_POLL_MAX {
            match tun.read(lane, &mut buffer) {
                Ok(Some(length)) if tun.kind() == Kind::Tap => queue.push(&[&buffer[..length]]),
                Ok(Some(length)) => {
                    let Some((vnet, at)) = vnet_of(tun, &buffer[..length]) else { continue };
                    let packet = &mut buffer[at..length];
                    burst += packet.len();
                    singles += usize::from(vnet.gso == Gso::None);
                    match &hub {
                        Some(hub) => egress.packet(&hub.plane.tables(), &vnet, packet, &mut outlet),
                        None => egress.packet(&nobody, &vnet, packet, &mut outlet),
                    }
                }
                Ok(None) => break,
                Err(_) => return report_gone(queue),
            }
        }
        egress.flush(&mut outlet);
        moderation.after_burst(singles);
        if let Some(hub) = &hub {
            hub.add_egress(egress.counters);
            hub.note_burst(burst);
        }
        egress.counters = EgressCounters::default();
        may_look = hub.is_some_and(|hub| !hub.is_bulk());
    }
}

/// The interface was deleted under us: an empty record says so, which no packet is.
fn report_gone(queue: &PuntQueue) {
    queue.push(&[]);
}

/// Returns the description of a packet and where it starts.
fn vnet_of(tun: &Tun, bytes: &[u8]) -> Option<(VnetHeader, usize)> {
    if !tun.has_vnet_header() {
        return Some((VnetHeader::default(), 0));
    }
    VnetHeader::decode(bytes).map(|(vnet, _)| (vnet, VNET_HEADER))
}

struct TxOutlet<'a> {
    tun: &'a Tun,
    /// Which queue of the interface, and which socket of a group.
    lane: usize,
    queue: &'a PuntQueue,
    hub: Option<&'a Hub>,
    /// The socket used last: nearly always the one used next.
    socket: Option<(u32, Arc<Socket>)>,
    stop: &'a EventFd,
}

impl Outlet for TxOutlet<'_> {
    fn send(&mut self, batch: &SendBatch) {
        let Some((endpoint, bytes, size)) = batch.contents() else { return };
        if self.socket.as_ref().is_none_or(|(id, _)| *id != endpoint.socket) {
            let found = self.hub.and_then(|hub| hub.socket(endpoint.socket, self.lane));
            self.socket = found.map(|socket| (endpoint.socket, socket));
        }
        match &self.socket {
            Some((_, socket)) if batch.exceeds_path() => socket.send_cut(endpoint.address, bytes, self.stop),
            Some((_, socket)) => socket.send_segments(endpoint.address, bytes, size, self.stop),
            None => (),
        }
    }

    fn punt(&mut self, packet: &Segment<'_>) {
        self.queue.push(&[packet.headers, packet.payload]);
    }

    fn answer(&mut self, packet: &[u8]) {
        // A refusal is a lost answer: the next packet of the connection gets another one.
        self.tun.write(packet);
    }
}
