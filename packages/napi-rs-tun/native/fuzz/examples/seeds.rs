//! Writes seeds for every target: `cargo run --no-default-features --example seeds -- FOLDER`.

use dataplane::vnet::{Gso, VnetHeader};
use ipop_fuzz::input::Input;
use ipop_fuzz::packet::{self, Flows};
use std::path::{Path, PathBuf};

fn main() -> std::io::Result<()> {
    let folder: PathBuf = std::env::args().nth(1).unwrap_or_else(|| "corpus".into()).into();
    write(&folder, "vnet_header", vnet_headers())?;
    write(&folder, "inner_packet", inner_packets())?;
    write(&folder, "datagram", datagrams())?;
    write(&folder, "sessions", sessions())?;
    write(&folder, "path", paths())?;
    write(&folder, "relay_frame", relay_frames())
}

fn write(folder: &Path, target: &str, seeds: Vec<Vec<u8>>) -> std::io::Result<()> {
    std::fs::create_dir_all(folder.join(target))?;
    for (number, seed) in seeds.iter().enumerate() {
        std::fs::write(folder.join(target).join(format!("seed-{number:03}")), seed)?;
    }
    println!("{target}: {} seeds", seeds.len());
    Ok(())
}

/// TCP and UDP over both families, with options, extension headers, a fragment, another protocol.
fn packets() -> Vec<Vec<u8>> {
    let recipes: [&[u8]; 14] = [
        &[0, 0x9, 1, 0x10, 6, 1, 0],
        &[0, 0x9, 1, 0x98, 7, 9, 0],
        &[1, 0x9, 1, 0x10, 7, 1, 0],
        &[1, 0x9, 1, 0x19, 3, 255, 255],
        &[2, 0x9, 1, 0, 6, 0, 0],
        &[3, 0x9, 1, 0, 7, 0, 0],
        &[2, 0x9, 1, 0, 0, 0, 0],
        &[8, 0x9, 1, 0x10, 6, 1, 0, 3, 2],
        &[8, 0x9, 1, 0x10, 6, 1, 0, 10, 10],
        &[9, 0x9, 1, 0x10, 6, 1, 0, 3, 1, 0, 0],
        &[11, 0x9, 1, 0x10, 6, 0, 0, 3, 3, 0, 1, 2, 1, 3, 0],
        &[32, 0x9, 1, 0x10, 6, 1, 0, 0x20, 0],
        &[4, 0x9, 1, 0, 3, 1, 1, 0],
        &[5, 0x9, 1, 0, 3, 58, 1, 0],
    ];
    recipes.iter().map(|recipe| packet::build(&mut Input::new(recipe), &mut Flows::new())).collect()
}

/// Trains of one flow and of two, raw packets, mutated ones; what is not a seed here is two mutations away from one.
fn inner_packets() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for what in [0x10u8, 0x11, 0x12, 0x13] {
        for (kind, other) in [(0u8, what), (2, what), (0, what ^ 1), (4, what), (0, what | 0x40), (0, 0x14)] {
            let mut seed = vec![0xff, if kind == 4 { 0xff } else { 0 }, 1];
            for number in 0..8 {
                let what = if number % 4 == 2 { other } else { what };
                let flags = if number == 7 { 0x18 } else { 0x10 };
                seed.extend_from_slice(&[kind, what, 0x9, 1, flags, if number == 7 { 2 } else { 4 }]);
            }
            seeds.push(seed);
        }
    }
    for packet in packets().into_iter().filter(|packet| packet.len() < 256) {
        let mut seed = vec![0xff, 0, 1];
        for kind in [1, 3] {
            seed.extend_from_slice(&[kind, packet.len() as u8]);
            seed.extend_from_slice(&packet);
        }
        seeds.push(seed);
    }
    seeds
}

/// Trains in both ciphers, repeated, altered and cut; keepalives, control frames, jumps of the counter, a key's end.
fn datagrams() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for what in [0x10u8, 0x11, 0x12, 0x13] {
        for (how, kind) in [(0u8, 7u8), (0, 3), (1, 7), (2, 7), (0x10, 3), (0x21, 7)] {
            for (own, train) in [(0u8, [7u8, 0, 0, 0, 0]), (0, [7, 1, 1, 0, 0]), (4, [7, 2, 1, 40, 0])] {
                let mut seed = vec![0, 0, own];
                for number in 0..5 {
                    seed.extend_from_slice(&[1, how]);
                    seed.extend_from_slice(
                        &[9u8, 1, 0][..match how >> 4 {
                            0 => 0,
                            1 => 1,
                            _ => 2,
                        }],
                    );
                    seed.extend_from_slice(&[kind, what, 0x9, 1, if number == 4 { 0x18 } else { 0x10 }, 3]);
                }
                seed.extend_from_slice(&train);
                seed.extend_from_slice(&[4, 2, 5, 1, 0, 70, 0, 3, 5, 3, 1, 30, 0, 0]);
                seed.extend_from_slice(&[7, 0, 1, 0, 0]);
                seeds.push(seed);
            }
        }
    }
    seeds.push(vec![
        0, 0, 0, 1, 0, 0, 1, 1, 1, 4, 0x01, b'p', b'i', b'n', 7, 0, 0, 0, 0, 6, 250, 4, 0, 7, 0, 0, 0, 0,
    ]);
    seeds.push(
        [&[2, 0, 0, 0, 40, 4, 0, 0, 0, 5, 0, 0, 0][..], &[0; 34], &[0, 5, 1, 2, 3, 4, 5, 7, 0, 0, 0, 0]]
            .concat(),
    );
    seeds
}

/// SYNs with options in many orders, ICMP of all kinds, and what packets() has.
fn paths() -> Vec<Vec<u8>> {
    let options: [&[u8]; 8] = [
        &[2, 4, 5, 180],
        &[1, 2, 4, 5, 180, 1, 1, 0],
        &[8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 2, 4, 35, 0, 1, 1],
        &[1, 1, 1, 2, 4, 255, 255, 1],
        &[2, 2, 2, 4, 4, 9, 0, 0],
        &[0, 2, 4, 5],
        &[3, 3, 7, 2, 4, 5, 180, 0],
        &[254, 0, 2, 4, 5, 180, 1, 1],
    ];
    let mut all = packets();
    for (number, options) in options.iter().enumerate() {
        for what in [0u8, 1] {
            let mut syn = packet::build(&mut Input::new(&[what, 0x9, 1, 2, 0, 1, 0]), &mut Flows::new());
            let tcp = packet::outline(&syn).expect("a whole packet").header;
            syn[tcp + 12] = (5 + options.len() as u8 / 4) << 4;
            syn.extend_from_slice(options);
            syn.extend_from_slice(&vec![number as u8; number % 3]);
            all.push(syn);
        }
    }
    for (what, protocol, kind) in [(4u8, 1u8, 3u8), (4, 1, 8), (5, 58, 1), (5, 58, 128)] {
        let mut message =
            packet::build(&mut Input::new(&[what, 0x9, 1, 0, 6, protocol, 0, 0]), &mut Flows::new());
        let at = packet::outline(&message).expect("a whole packet").header;
        message[at] = kind;
        all.push(message);
    }
    let mut seeds = Vec::new();
    for packet in all {
        for (mode, packet_max) in [(5u8, 1_240u16), (3, 600), (13, 1_240)] {
            let mut seed = vec![mode];
            seed.extend_from_slice(&packet_max.to_le_bytes());
            seed.extend_from_slice(&[0x80, 0, 0, 5, 0, 1, 7, 100, 0, 255, 0, 3]);
            seed.extend_from_slice(&packet);
            seeds.push(seed);
        }
    }
    seeds
}

/// A relay and an end of a relayed path, with and without quotas; frames of sealed packets and of anything.
fn relay_frames() -> Vec<Vec<u8>> {
    let forward: &[u8] = &[0, 1, 0, 5, 0];
    let limited: &[u8] = &[0, 1, 0, 5, 1, 100, 0, 120];
    let end: &[u8] = &[1, 2, 0];
    let total: &[u8] = &[2, 2, 1, 50, 0, 200];
    let losing: &[u8] = &[2, 3, 2];
    let filler: &[u8] = &[
        5, 1, 3, 4, 1, 2, 5, 1, 3, 4, 1, 2, 5, 1, 3, 4, 1, 2, 5, 1, 2, 4, 1, 5, 2, 3, 1, 2, 3, 5, 1, 3, 0x12,
        0, 0,
    ];
    let sealed: &[u8] =
        &[7, 1, 0, 7, 0x10, 0x9, 1, 0x10, 3, 7, 1, 0, 7, 0x10, 0x9, 1, 0x10, 3, 7, 1, 0, 0, 3, 2, 3];
    let deliver: &[u8] = &[7, 7, 1, 0, 0, 0];
    let pause: &[u8] = &[7, 6, 200];
    let wrap_all: &[u8] = &[3, 1, 7, 7, 7, 1, 0, 0, 0];
    let remove: &[u8] = &[2, 0, 1, 5, 1, 2, 4, 4, 2, 1, 0, 5, 2, 2, 4, 4];
    let mut seeds = Vec::new();
    for row in [
        forward,
        limited,
        end,
        &[forward, total].concat(),
        &[forward, losing].concat(),
        &[end, total].concat(),
    ] {
        for frames in [filler, sealed, &[sealed, wrap_all].concat()] {
            seeds.push([&[0, 0, 0], row, frames, deliver, pause, frames, deliver].concat());
            seeds.push([&[0, 0, 0], row, frames, deliver, remove, deliver].concat());
        }
    }
    seeds
}

/// The life of a peer; a rekey; the end of a key; networks within networks; a full queue; the window's edges.
fn sessions() -> Vec<Vec<u8>> {
    let life: &[u8] =
        &[0, 1, 193, 3, 1, 1, 0, 0, 0, 0, 0, 4, 1, 6, 1, 16, 8, 2 << 3, 32, 1, 12, 2 << 3, 13, 1, 60];
    let open: &[u8] =
        &[14, 1, 0, 5, 20, 0, 16, 14, 1, 0, 5, 20, 0, 16, 14, 1, 0, 6, 20, 9, 16, 14, 1, 0, 7, 20, 0, 33];
    let rekey: &[u8] =
        &[3, 2, 1, 1, 0, 0, 0, 0, 4, 2, 13, 2, 80, 13, 1, 80, 5, 1, 12, 2 << 3, 5, 2, 12, 2 << 3];
    let end: &[u8] = &[
        3, 3, 1, 2, 5, 4, 5, 2, 10, 0, 13, 3, 40, 13, 3, 40, 13, 3, 40, 16, 11, 0, 13, 3, 40, 14, 3, 0, 1, 3,
        0, 0,
    ];
    let last: &[u8] = &[
        3, 4, 1, 1, 6, 1, 6, 1, 13, 4, 40, 13, 4, 40, 13, 4, 40, 14, 4, 6, 0, 9, 0, 1, 14, 4, 6, 1, 9, 0, 1,
    ];
    let nested: &[u8] = &[
        8, 4, 10, 1, 2, 3, 8, 1, 8, 4, 10, 1, 2, 3, 24, 1, 8, 5, 0, 1, 12, 4, 10, 1, 2, 9, 10, 4, 10, 1, 2,
        3, 24,
    ];
    let queue: &[u8] =
        &[17, 3, 90, b'a', b'b', b'c', 17, 0, 90, 17, 0, 200, 18, 60, 17, 0, 60, 18, 3, 18, 200];
    let window: &[u8] = &[
        19, 0, 0, 19, 0, 0, 19, 4, 13, 19, 0, 1, 19, 4, 20, 19, 12, 20, 19, 4, 40, 19, 7, 0, 19, 7, 1, 19, 7,
        1,
    ];
    let own: &[u8] =
        &[11, 2, 1 << 3, 2 << 3, 12, 1 << 3, 11, 1, 4, 224, 0, 0, 1, 11, 3, 8, 8, 8, 7, 7, 1, 1, 1, 1];
    let parts = [open, rekey, end, last, nested, queue, window, own];
    let mut seeds: Vec<Vec<u8>> = parts.iter().map(|part| [&[100, 0, 0], life, part].concat()).collect();
    seeds.push([&[100, 4, 20], life, &parts.concat()[..]].concat());
    seeds
}

fn vnet_headers() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for packet in packets() {
        let outline = packet::outline(&packet).expect("a whole packet");
        let is_tcp = outline.protocol == packet::TCP;
        let super_kind = match (is_tcp, outline.source.is_ipv4()) {
            (false, _) => Gso::Udp,
            (true, true) => Gso::Tcp4,
            (true, false) => Gso::Tcp6,
        };
        for (mode, gso, gso_size, more) in [
            (0x0c, super_kind, 100, 0u16),
            (0x0b, super_kind, 1380, 60_000),
            (0x08, Gso::None, 0, 0),
            (0x1c, super_kind, 512, 2_000),
        ] {
            let vnet = VnetHeader {
                needs_checksum: gso != Gso::None || mode & 4 != 0,
                gso,
                gso_size,
                header_length: 0,
                checksum_start: outline.header as u16,
                checksum_offset: if is_tcp { 16 } else { 6 },
            };
            let mut seed = vec![mode];
            seed.extend_from_slice(&1472u16.to_le_bytes());
            seed.extend_from_slice(&more.to_le_bytes());
            seed.extend_from_slice(&vnet.encode());
            seed.extend_from_slice(&packet);
            seeds.push(seed);
        }
    }
    seeds
}
