//! What the fuzzers do with their input. Each target is a function of bytes, so that a test can replay a corpus.
#![forbid(unsafe_code)]

pub mod bench;
pub mod datagram;
pub mod inner_packet;
pub mod input;
pub mod model;
pub mod packet;
pub mod path;
pub mod relay_frame;
pub mod relays;
pub mod restore;
pub mod seen;
pub mod sessions;
pub mod vnet_header;
pub mod world;
