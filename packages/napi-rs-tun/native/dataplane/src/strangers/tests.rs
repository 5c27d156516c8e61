//! What of a flood comes through, and what of ordinary operation: all.

use super::*;
use proptest::prelude::*;

const INITIATION: &[u8] = &[TYPE_INITIATION, 0, 0, 0];
const HELLO: &[u8] = &[TYPE_HELLO, 1, 0, 0];
const RESPONSE: &[u8] = &[2, 0, 0, 0];

fn at(network: u32, port: u16) -> Endpoint {
    Endpoint::direct(0, ((network << 8 | 7).to_be_bytes(), port).into())
}

/// Counts what passes of `per_ms` datagrams a millisecond from `networks` networks in turn.
fn passed(strangers: &Strangers, kind: &[u8], networks: u32, per_ms: u32, ms: std::ops::Range<u64>) -> u64 {
    let mut passed = 0;
    for now_ms in ms {
        for number in 0..per_ms {
            let network = (now_ms as u32 * per_ms + number) % networks;
            passed += u64::from(strangers.admit(kind, at(network, 9), false, now_ms));
        }
    }
    passed
}

#[test]
fn a_flood_from_many_networks_is_cut_to_the_sum() {
    for (kind, burst, per_second) in [
        (INITIATION, INITIATIONS_BURST_MAX, INITIATIONS_PER_SECOND_MAX),
        (HELLO, HELLOS_BURST_MAX, HELLOS_PER_SECOND_MAX),
        (RESPONSE, REPLIES_BURST_MAX, REPLIES_PER_SECOND_MAX),
    ] {
        let strangers = Strangers::default();
        let in_ten_seconds = passed(&strangers, kind, 1_000, 20, 0..10_000);
        let expected = burst + 10 * per_second;
        let last_refill = per_second * STRANGER_REFILL_MS / 1_000;
        assert!((expected - last_refill - 1..=expected).contains(&in_ten_seconds), "{in_ten_seconds}");
    }
}

#[test]
fn what_passes_of_a_flood_comes_together() {
    let strangers = Strangers::default();
    passed(&strangers, HELLO, 1_000, 20, 0..2_000);
    let busy = (2_000..4_000).filter(|&ms| passed(&strangers, HELLO, 1_000, 20, ms..ms + 1) > 0).count();
    assert!((20..=40).contains(&busy), "{busy} of 2,000 milliseconds");
}

#[test]
fn a_flood_from_one_network_leaves_room_for_the_others() {
    let strangers = Strangers::default();
    let of_flood = passed(&strangers, HELLO, 1, 20, 0..10_000);
    assert!(of_flood <= STRANGER_PREFIX_BURST_MAX + 10 * STRANGER_PREFIX_PER_SECOND_MAX);
    let others = (1..).filter(|&network| !shares_a_cell(&strangers, network, 0)).take(200);
    assert!(others.into_iter().all(|network| strangers.admit(HELLO, at(network, 9), false, 10_000)));
}

#[test]
fn three_hundred_nodes_of_one_network_join_within_a_second() {
    let strangers = Strangers::default();
    for node in 0..300u64 {
        // A hello with a repetition, and handshakes with eight neighbours over two paths.
        let kinds = [HELLO; 2].into_iter().chain([INITIATION; 8]).chain([RESPONSE; 16]);
        for kind in kinds {
            assert!(strangers.admit(kind, at(3, node as u16), false, node * 3));
        }
    }
}

#[test]
fn peers_are_heard_while_their_own_network_floods() {
    let strangers = Strangers::default();
    passed(&strangers, INITIATION, 1_000, 20, 0..2_000);
    passed(&strangers, INITIATION, 1, 20, 2_000..4_000);
    assert!(!strangers.admit(INITIATION, at(0, 9), false, 3_999));
    let free = (10..).find(|&port| !shares_a_cell_as_peer(&strangers, port)).unwrap();
    let of_peer =
        (0..20_000).filter(|_| strangers.admit(INITIATION, at(0, free), true, 3_999)).count() as u64;
    // Somebody may send in the name of a peer.
    assert!(0 < of_peer && of_peer <= STRANGER_PREFIX_BURST_MAX);
}

#[test]
fn data_and_relay_frames_are_not_limited() {
    let strangers = Strangers::default();
    for kind in [TYPE_DATA, TYPE_RELAY] {
        assert_eq!(passed(&strangers, &[kind; 40], 1, 20, 0..2_000), 40_000);
    }
    assert!(passed(&strangers, &[], 1, 20, 0..2_000) < 40_000);
}

#[test]
fn prefixes_are_what_one_customer_has() {
    let prefix_of = |text: &str| prefix(format!("{text}:9").parse().unwrap());
    assert_eq!(prefix_of("192.0.2.1"), prefix_of("192.0.2.255"));
    assert_ne!(prefix_of("192.0.2.1"), prefix_of("192.0.3.1"));
    assert_eq!(prefix_of("[2001:db8:1:2::3]"), prefix_of("[2001:db8:1:ffff::4]"));
    assert_ne!(prefix_of("[2001:db8:1::]"), prefix_of("[2001:db8:2::]"));
    assert_ne!(prefix_of("[::c000:200:0:0:0]"), prefix_of("192.0.2.0"));
}

fn shares_a_cell(strangers: &Strangers, network: u32, with: u32) -> bool {
    let cell =
        |network| strangers.hasher.hash_one((true, prefix(at(network, 9).address))) as usize % STRANGER_CELLS;
    cell(network) == cell(with)
}

/// Whether a peer in network 0 shares the cell of any network that flooded.
fn shares_a_cell_as_peer(strangers: &Strangers, port: u16) -> bool {
    let cell = strangers.hasher.hash_one((true, at(0, port).address, 0u32)) as usize % STRANGER_CELLS;
    (0..1_000).any(|network| {
        strangers.hasher.hash_one((true, prefix(at(network, 9).address))) as usize % STRANGER_CELLS == cell
    })
}

proptest! {
    /// Whatever is asked and when: in no stretch of time does more pass than the burst and the rate allow.
    #[test]
    fn a_bucket_never_gives_more_than_it_has(
        per_second in 1u64..5_000,
        burst in 1u64..300,
        steps in prop::collection::vec((0u64..300_000, 0u64..400), 1..60),
    ) {
        let bucket = Bucket::default();
        let token_us = 1_000_000 / per_second;
        let mut now_us = 0;
        let mut passed: Vec<(u64, u64)> = Vec::new();
        for (pause, wanted) in steps {
            now_us += pause;
            let taken = (0..wanted).filter(|_| bucket.take(per_second, burst, now_us)).count() as u64;
            if passed.is_empty() {
                prop_assert_eq!(taken, wanted.min(burst));
            }
            passed.push((now_us, taken));
        }
        for (first, &(start, _)) in passed.iter().enumerate() {
            let mut sum = 0;
            for &(end, taken) in &passed[first..] {
                sum += taken;
                prop_assert!(sum <= burst + (end - start) / token_us + 1);
            }
        }
    }
}
