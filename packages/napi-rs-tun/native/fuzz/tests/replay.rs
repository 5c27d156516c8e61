//! Replays the kept corpora: what a fuzzer once reached stays reachable, and stays right.

use std::path::Path;

fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let files = std::fs::read_dir(&folder).expect("the corpus is kept beside the target");
    let mut count = 0;
    for file in files {
        let path = file.expect("a file of the corpus").path();
        let data = std::fs::read(&path).expect("a readable file");
        let done = std::panic::catch_unwind(|| run(&data));
        assert!(done.is_ok(), "{} fails", path.display());
        count += 1;
    }
    assert!(count > 50, "the corpus of {target} has {count} files");
}

#[test]
fn datagram() {
    replay("datagram", ipop_fuzz::datagram::run);
}

#[test]
fn inner_packet() {
    replay("inner_packet", ipop_fuzz::inner_packet::run);
}

#[test]
fn path() {
    replay("path", ipop_fuzz::path::run);
}

#[test]
fn relay_frame() {
    replay("relay_frame", ipop_fuzz::relay_frame::run);
}

#[test]
fn sessions() {
    replay("sessions", ipop_fuzz::sessions::run);
}

#[test]
fn vnet_header() {
    replay("vnet_header", ipop_fuzz::vnet_header::run);
}
