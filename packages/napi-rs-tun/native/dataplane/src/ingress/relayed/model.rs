//! Relay frames at random, against a model that looks at one frame at a time.

use super::tests::{at, forward, frame, through, Node};
use super::*;
use crate::egress::tests::plane;
use crate::plane::Plane;
use crate::relay::bucket::Quota;
use proptest::prelude::*;
use std::collections::HashMap;

#[derive(Clone, Debug)]
enum Step {
    Forward { channel: u32, owner: u16, next: u16, quota: Quota },
    End { channel: u32, relay: u16 },
    Remove(u32),
    Total(Quota),
    Train { port: u16, pause_ms: u64, size: usize, kinds: Vec<(u32, u8)>, last: usize },
}

fn quota() -> impl Strategy<Value = Quota> {
    let some = (0u64..20_000, 0u64..400)
        .prop_map(|(bytes_per_second, burst_bytes)| Quota { bytes_per_second, burst_bytes });
    prop_oneof![Just(Quota::NONE), some]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (1u32..4, 1u16..3, 3u16..5, quota())
            .prop_map(|(channel, owner, next, quota)| Step::Forward { channel, owner, next, quota }),
        1 => (1u32..4, 1u16..3).prop_map(|(channel, relay)| Step::End { channel, relay }),
        1 => (1u32..4).prop_map(Step::Remove),
        1 => quota().prop_map(Step::Total),
        6 => (1u16..3, 0u64..30, 8usize..40, prop::collection::vec((1u32..5, 0u8..8), 1..12), 6usize..40)
            .prop_map(|(port, pause_ms, size, kinds, last)| Step::Train { port, pause_ms, size, kinds, last }),
    ]
}

/// Most datagrams are frames; some are frames in frames, and some no frames at all.
fn datagram(channel: u32, kind: u8, length: usize) -> Vec<u8> {
    let mut bytes = frame(channel, &vec![kind; length - 5]);
    match kind {
        0 => bytes[5] = 0x12,
        1 => bytes[0] = 0x10,
        _ => (),
    }
    bytes
}

/// Looks at one frame at a time, and counts in fractions of a byte.
#[derive(Default)]
struct Model {
    rows: HashMap<u32, (RelayRow, Bucket)>,
    total: Option<Bucket>,
    dropped: HashMap<u32, u64>,
    refused: u64,
    over_quota: u64,
    forwarded: Vec<(Endpoint, Vec<u8>)>,
    notices: Vec<(u32, String, Vec<u8>)>,
}

struct Bucket {
    quota: Quota,
    /// Bytes taken that time has not given back; thousandths are exact in a float of this size.
    taken: f64,
    at_ms: u64,
}

impl Bucket {
    fn new(quota: Quota) -> Self {
        Bucket { quota, taken: 0.0, at_ms: 0 }
    }

    fn change(&mut self, quota: Quota, now_ms: u64) {
        self.fill(now_ms);
        self.quota = quota;
        self.taken = self.taken.min(quota.burst_bytes as f64);
    }

    fn fill(&mut self, now_ms: u64) {
        let gained = self.quota.bytes_per_second as f64 * (now_ms - self.at_ms) as f64 / 1_000.0;
        self.taken = ((self.taken - gained).max(0.0) * 1_000.0).round() / 1_000.0;
        self.at_ms = now_ms;
    }

    fn has_room(&mut self, bytes: usize, now_ms: u64) -> bool {
        self.fill(now_ms);
        ((self.taken + bytes as f64) * 1_000.0).round() <= self.quota.burst_bytes as f64 * 1_000.0
    }
}

impl Model {
    fn install(&mut self, channel: u32, row: RelayRow, now_ms: u64) {
        let quota = if let RelayRow::Forward { quota, .. } = row { quota } else { Quota::NONE };
        if let Some((old, bucket)) = self.rows.get_mut(&channel) {
            *old = row;
            return bucket.change(quota, now_ms);
        }
        self.dropped.insert(channel, 0);
        self.rows.insert(channel, (row, Bucket::new(quota)));
    }

    fn train(&mut self, datagrams: &[Vec<u8>], port: u16, now_ms: u64) {
        // Behind a frame over the quota, the rest of its run is over it, too, even a shorter end.
        let mut closed: Option<u32> = None;
        for datagram in datagrams {
            let channel = u32::from_le_bytes([datagram[1], datagram[2], datagram[3], datagram[4]]);
            let is_frame = datagram[0] == 0x12;
            let is_nested = datagram.get(5).is_none_or(|first| *first == 0x12);
            if closed != Some(channel) || !is_frame || is_nested {
                closed = None;
            }
            let found = if is_frame { self.rows.get_mut(&channel) } else { None };
            let Some((row, bucket)) = found else {
                self.notices.push((0, "datagram".to_owned(), datagram.clone()));
                continue;
            };
            let dropped = self.dropped.entry(channel).or_default();
            if is_nested {
                self.refused += 1;
                *dropped += 1;
                continue;
            }
            if row.sender() != at(port) {
                self.notices.push((0, "datagram".to_owned(), datagram.clone()));
                continue;
            }
            match *row {
                RelayRow::End { .. } => {
                    self.notices.push((channel, "datagram".to_owned(), datagram[5..].to_vec()))
                }
                RelayRow::Forward { next, .. } => {
                    let total = self.total.get_or_insert_with(|| Bucket::new(Quota::NONE));
                    let size = datagram.len();
                    if closed.is_some() || !bucket.has_room(size, now_ms) || !total.has_room(size, now_ms) {
                        closed = Some(channel);
                        self.over_quota += 1;
                        *dropped += 1;
                        continue;
                    }
                    bucket.taken += size as f64;
                    total.taken += size as f64;
                    self.forwarded.push((next, frame(next.channel, &datagram[5..])));
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn agrees_with_a_model_that_looks_at_one_frame_at_a_time(steps in prop::collection::vec(step(), 1..40)) {
        let (mut node, mut model, mut now_ms) = (Node::new(Plane::default()), Model::default(), 0);
        for step in steps {
            match step {
                Step::Forward { channel, owner, next, quota } => {
                    let next = through(next, 10 + channel);
                    let row = RelayRow::Forward { owner: at(owner), next, quota };
                    node.plane.install_relay(channel, row, now_ms).unwrap();
                    model.install(channel, row, now_ms);
                }
                Step::End { channel, relay } => {
                    let row = RelayRow::End { relay: at(relay) };
                    node.plane.install_relay(channel, row, now_ms).unwrap();
                    model.install(channel, row, now_ms);
                }
                Step::Remove(channel) => {
                    let was_there = model.rows.remove(&channel).is_some();
                    prop_assert_eq!(node.plane.remove_relay(channel), was_there);
                }
                Step::Total(quota) => {
                    node.plane.set_relay_quota(quota, now_ms);
                    model.total.get_or_insert_with(|| Bucket::new(Quota::NONE)).change(quota, now_ms);
                }
                Step::Train { port, pause_ms, size, kinds, last } => {
                    now_ms += pause_ms;
                    let end = kinds.len() - 1;
                    let length = |number| if number == end { last.min(size) } else { size };
                    let datagrams: Vec<Vec<u8>> = kinds
                        .iter()
                        .enumerate()
                        .map(|(number, &(channel, kind))| datagram(channel, kind, length(number)))
                        .collect();
                    node.receive(&datagrams, port, now_ms);
                    model.train(&datagrams, port, now_ms);
                }
            }
            for &channel in model.rows.keys() {
                let counters = node.plane.relay_counters(channel).unwrap();
                prop_assert_eq!(counters.dropped, model.dropped[&channel]);
            }
        }
        prop_assert_eq!(&node.heard.forwarded, &model.forwarded);
        prop_assert_eq!(&node.heard.notices, &model.notices);
        let counters = node.ingress.counters;
        let bytes = model.forwarded.iter().map(|(_, frame)| frame.len() as u64).sum::<u64>();
        prop_assert_eq!((counters.relayed, counters.relayed_bytes), (model.forwarded.len() as u64, bytes));
        prop_assert_eq!((counters.relay_refused, counters.relay_over_quota), (model.refused, model.over_quota));
    }

    #[test]
    fn survives_any_train(
        bytes in prop::collection::vec(prop::sample::select(vec![0x12u8, 0, 1, 4, 5]), 0..200),
        size in 0usize..40,
    ) {
        let mut node = Node::new(plane(2));
        node.plane.install_relay(1, RelayRow::End { relay: at(1) }, 0).unwrap();
        node.plane.install_relay(4, forward(1, through(2, 6)), 0).unwrap();
        let mut arena = bytes.clone();
        let arrival = Arrival { source: at(1), now_ms: 0 };
        let tables = node.plane.tables();
        node.ingress.train(&tables, &mut arena, 0..bytes.len(), size, arrival, &mut node.heard);
        let counters = node.ingress.counters;
        let count = bytes.len().div_ceil(size.max(1)) as u64;
        prop_assert_eq!(counters.noticed + counters.relayed + counters.relay_refused + counters.replays + counters.auth_failures, count);
    }
}
