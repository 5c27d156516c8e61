//! Nanoseconds per packet of the sending and the receiving path, without the kernel: the best of many short runs.

use dataplane::aead::Cipher;
use dataplane::batch::SendBatch;
use dataplane::egress::{Egress, Outlet};
use dataplane::ingress::{Arrival, Ingress, Listener, Notice};
use dataplane::ip::{self, IpPacket};
use dataplane::plane::Plane;
use dataplane::relay::bucket::Quota;
use dataplane::relay::encode_header;
use dataplane::relay::table::RelayRow;
use dataplane::segment::Segment;
use dataplane::session::{Endpoint, Session, SessionKeys};
use dataplane::vnet::{Gso, VnetHeader};
use std::time::Instant;

const SEGMENTS: usize = 45;
const ROUNDS: usize = 2_000;

struct Wire(Vec<u8>, usize);

impl Outlet for Wire {
    fn send(&mut self, batch: &SendBatch) {
        if let Some((_, bytes, size)) = batch.contents() {
            self.0.clear();
            self.0.extend_from_slice(bytes);
            self.1 = size;
        }
    }
    fn punt(&mut self, _packet: &Segment<'_>) {}
    fn answer(&mut self, _packet: &[u8]) {}
}

struct Nobody;

impl Listener for Nobody {
    fn forward(&mut self, _to: Endpoint, _frames: &[u8], _size: usize) -> u64 {
        0
    }

    fn notice(&mut self, _session: Option<&Session>, _source: Endpoint, _notice: Notice<'_>) {}
}

fn endpoint() -> Endpoint {
    Endpoint::direct(0, ([192, 0, 2, 1], 4000).into())
}

fn plane(own: u32, cipher: Cipher, takes_partial: bool) -> Plane {
    let other = 3 - own;
    let plane = Plane::default();
    let keys = [[1; 32], [2; 32]];
    let (send_key, receive_key) = (&keys[own as usize - 1], &keys[other as usize - 1]);
    let keys = SessionKeys {
        local_index: own,
        remote_index: other,
        peer: other,
        cipher,
        send_key,
        receive_key,
        sent: 0,
        received_below: 0,
        expires_at_ms: u64::MAX,
    };
    let done = plane
        .install_peer(other, takes_partial, 1472)
        .and_then(|()| plane.install_route([10, 0, 0, other as u8].into(), 32, other))
        .and_then(|()| plane.set_own_addresses(&[[10, 0, 0, own as u8].into()]))
        .and_then(|()| plane.install_session(&keys))
        .and_then(|()| plane.use_session(own))
        .and_then(|()| plane.move_peer(other, Some(endpoint())));
    assert_eq!(done, Ok(()));
    plane
}

fn super_packet() -> (VnetHeader, Vec<u8>) {
    let total = 40 + SEGMENTS * 1380;
    let mut packet = vec![0u8; total];
    packet[..20].copy_from_slice(&[0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    ip::set_total_length(&mut packet, 20, total);
    packet[32] = 5 << 4;
    packet[33] = 0x10;
    let vnet = VnetHeader {
        needs_checksum: true,
        gso: Gso::Tcp4,
        gso_size: 1380,
        header_length: 40,
        checksum_start: 20,
        checksum_offset: 16,
    };
    (vnet, packet)
}

/// Returns how long a relay has for a frame of a full train.
fn relay() -> f64 {
    let plane = Plane::default();
    let row = RelayRow::Forward {
        owner: endpoint(),
        next: Endpoint { channel: 6, ..endpoint() },
        quota: Quota { bytes_per_second: 1 << 40, burst_bytes: 1 << 30 },
    };
    assert_eq!(plane.install_relay(5, row, 0), Ok(()));
    let mut ingress = Ingress::new(true, true);
    let frame = [&encode_header(5)[..], &[4; 1452]].concat();
    let mut best = f64::MAX;
    for now_ms in 0..ROUNDS as u64 {
        let mut arena = frame.repeat(SEGMENTS);
        let length = arena.len();
        let start = Instant::now();
        let arrival = Arrival { source: endpoint(), now_ms };
        ingress.train(&plane.tables(), &mut arena, 0..length, frame.len(), arrival, &mut Nobody);
        best = best.min(start.elapsed().as_nanos() as f64 / SEGMENTS as f64);
    }
    assert_eq!(ingress.counters.relayed, (ROUNDS * SEGMENTS) as u64);
    best
}

fn main() {
    println!("relayed: {:.1} ns per frame", relay());
    for cipher in [Cipher::Aes256Gcm, Cipher::ChaCha20Poly1305] {
        for takes_partial in [true, false] {
            let (alice, bob) = (plane(1, cipher, takes_partial), plane(2, cipher, takes_partial));
            let (vnet, mut packet) = super_packet();
            assert!(IpPacket::parse(&packet).is_some());
            let mut egress = Egress::default();
            let mut ingress = Ingress::new(true, true);
            let mut wire = Wire(Vec::new(), 1);
            let (mut out, mut back) = (f64::MAX, f64::MAX);
            for _ in 0..ROUNDS {
                let start = Instant::now();
                egress.packet(&alice.tables(), &vnet, &mut packet, &mut wire);
                egress.flush(&mut wire);
                out = out.min(start.elapsed().as_nanos() as f64 / SEGMENTS as f64);
                let (mut arena, size) = (std::mem::take(&mut wire.0), wire.1);
                let start = Instant::now();
                let tables = bob.tables();
                let arrival = Arrival { source: endpoint(), now_ms: 0 };
                let length = arena.len();
                ingress.train(&tables, &mut arena, 0..length, size, arrival, &mut Nobody);
                assert_eq!(ingress.coalescer.finish(&mut arena).len(), 1);
                ingress.coalescer.clear();
                back = back.min(start.elapsed().as_nanos() as f64 / SEGMENTS as f64);
                wire.0 = arena;
            }
            println!(
                "{cipher:?}, partial checksums {takes_partial}: out {out:.0} ns, in {back:.0} ns per packet"
            );
        }
    }
}
