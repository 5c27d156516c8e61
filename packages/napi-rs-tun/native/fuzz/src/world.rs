//! Two nodes that share a session, and what comes out of them.

use crate::packet::address;
use dataplane::aead::Cipher;
use dataplane::batch::SendBatch;
use dataplane::egress::Outlet;
use dataplane::limits::{SEGMENTS_PER_SEND_MAX, SEND_BYTES_MAX};
use dataplane::plane::Plane;
use dataplane::segment::Segment;
use dataplane::session::{Endpoint, SessionKeys};

/// When the sessions of all nodes here end.
pub const EXPIRES_AT_MS: u64 = 1_000;

/// Describes the session of node `own` (1 or 2) with the other, called `local_index` by both.
pub fn keys(own: u32, local_index: u32, cipher: Cipher) -> SessionKeys<'static> {
    let (send_key, receive_key) = if own == 1 { (&[1; 32], &[2; 32]) } else { (&[2; 32], &[1; 32]) };
    SessionKeys {
        local_index,
        remote_index: local_index,
        peer: 3 - own,
        cipher,
        send_key,
        receive_key,
        sent: 0,
        received_below: 0,
        expires_at_ms: EXPIRES_AT_MS,
    }
}

/// Makes the tables of node `own` (1 or 2), which reaches some addresses through the other by session 5.
pub fn plane(own: u32) -> Plane {
    let other = 3 - own;
    let plane = Plane::default();
    let endpoint = Endpoint::direct(0, ([192, 0, 2, 1], 4000).into());
    let done = plane
        .install_peer(other, true, 1472)
        .and_then(|()| plane.install_session(&keys(own, 5, Cipher::Aes256Gcm)))
        .and_then(|()| plane.use_session(5))
        .and_then(|()| plane.move_peer(other, Some(endpoint)));
    assert_eq!(done, Ok(()));
    for number in 1..4 {
        assert_eq!(plane.install_route(address(false, number), 32, other), Ok(()));
        assert_eq!(plane.install_route(address(true, number), 128, other), Ok(()));
    }
    plane
}

/// Gives all addresses to `peer`.
pub fn route_everything(plane: &Plane, peer: u32) {
    assert_eq!(plane.install_route([0, 0, 0, 0].into(), 0, peer), Ok(()));
    assert_eq!(plane.install_route([0; 16].into(), 0, peer), Ok(()));
}

/// What a node sent, taken apart as the kernel does.
#[derive(Default)]
pub struct Sent {
    pub datagrams: Vec<Vec<u8>>,
    pub punted: Vec<Vec<u8>>,
    pub answers: Vec<Vec<u8>>,
    /// How many datagrams the network shall cut.
    pub exceeding: usize,
}

impl Outlet for Sent {
    fn send(&mut self, batch: &SendBatch) {
        let (_, bytes, size) = batch.contents().expect("a batch that is sent has contents");
        assert!(bytes.len() <= SEND_BYTES_MAX && batch.count() <= SEGMENTS_PER_SEND_MAX);
        assert_eq!(bytes.chunks(size).count(), batch.count());
        self.datagrams.extend(bytes.chunks(size).map(<[u8]>::to_vec));
        if batch.exceeds_path() {
            assert_eq!(batch.count(), 1);
            self.exceeding += 1;
        }
    }

    fn punt(&mut self, packet: &Segment<'_>) {
        assert!(!packet.is_partial);
        self.punted.push([packet.headers, packet.payload].concat());
    }

    fn answer(&mut self, packet: &[u8]) {
        self.answers.push(packet.to_vec());
    }
}
