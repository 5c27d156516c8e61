//! Relay frames against a table that changes: passed on, taken apart, refused, over a quota.

use crate::bench::{self, Bench, STEPS_MAX};
use crate::input::Input;
use dataplane::plane::Refusal;
use dataplane::relay::bucket::Quota;
use dataplane::relay::encode_header;
use dataplane::relay::table::RelayRow;
use dataplane::session::Endpoint;

/// Channels that rows and frames use; 0 is none.
const CHANNELS: u8 = 5;

/// `[options][routed][own]`, then steps: those of `datagram`.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let mut bench = Bench::new(&mut input);
    for _ in 0..STEPS_MAX {
        if input.is_empty() {
            break;
        }
        step(&mut bench, &mut input);
        for channel in 0..u32::from(CHANNELS) {
            assert_eq!(bench.plane.relay_counters(channel), bench.model.relays.counters(channel));
        }
    }
    bench.deliver(1, 1, 0);
}

fn step(bench: &mut Bench, input: &mut Input<'_>) {
    match input.below(10) {
        0 => {
            let channel = channel(input);
            let (owner, next, quota) = (sender(input), receiver(input), quota(input));
            install(bench, channel, RelayRow::Forward { owner, next, quota });
        }
        1 => {
            let channel = channel(input);
            install(bench, channel, RelayRow::End { relay: sender(input) });
        }
        2 => change(bench, input),
        3 | 4 => wrap(bench, input),
        5 | 6 => {
            let (channel, length) = (channel(input), usize::from(input.u8()));
            let contents = input.bytes(length % 64);
            let frame = [&encode_header(channel)[..], contents, &vec![4; length / 64 * 20]].concat();
            bench.pending.push(frame);
        }
        _ => bench.step(input),
    }
}

fn install(bench: &mut Bench, channel: u32, row: RelayRow) {
    let done = bench.plane.install_relay(channel, row, bench.now_ms);
    let is_valid = bench.model.relays.install(channel, row, bench.now_ms);
    assert_eq!(done, if is_valid { Ok(()) } else { Err(Refusal::Invalid) });
}

/// Removes rows, changes the common quota, or lets sends fail.
fn change(bench: &mut Bench, input: &mut Input<'_>) {
    match input.below(4) {
        0 => {
            let channel = channel(input);
            assert_eq!(bench.plane.remove_relay(channel), bench.model.relays.remove(channel));
        }
        1 => {
            let socket = u32::from(input.below(3));
            bench.plane.remove_socket(socket);
            bench.model.relays.remove_socket(socket);
        }
        2 => {
            let quota = quota(input);
            bench.plane.set_relay_quota(quota, bench.now_ms);
            bench.model.relays.set_total(quota, bench.now_ms);
        }
        _ => bench.lost_per_send = u64::from(input.u8()),
    }
}

/// Puts the newest pending datagrams into frames of a channel: `[channel][how many]`.
fn wrap(bench: &mut Bench, input: &mut Input<'_>) {
    let (channel, count) = (channel(input), usize::from(input.u8() % 8));
    let first = bench.pending.len().saturating_sub(count);
    for datagram in &mut bench.pending[first..] {
        datagram.splice(..0, encode_header(channel));
    }
}

fn channel(input: &mut Input<'_>) -> u32 {
    u32::from(input.below(CHANNELS))
}

fn sender(input: &mut Input<'_>) -> Endpoint {
    let what = input.u8();
    let known = bench::endpoint(1 + u16::from(what % 3));
    Endpoint { socket: u32::from(what >> 6), channel: u32::from(what & 0x3c == 0x3c), ..known }
}

fn receiver(input: &mut Input<'_>) -> Endpoint {
    let what = input.u8();
    let known = bench::endpoint(10 + u16::from(what % 3));
    Endpoint { socket: u32::from(what >> 6), channel: u32::from(what % 32) * 0x0101, ..known }
}

fn quota(input: &mut Input<'_>) -> Quota {
    match input.below(4) {
        0 => Quota::NONE,
        1 => Quota { bytes_per_second: input.u16().into(), burst_bytes: input.u8().into() },
        2 => Quota { bytes_per_second: input.u8().into(), burst_bytes: input.u16().into() },
        _ => Quota { bytes_per_second: input.u64(), burst_bytes: input.u64() },
    }
}
