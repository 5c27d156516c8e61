//! What the fuzzers do with their input. Each target is a function of bytes, so that a test can replay a corpus.
#![forbid(unsafe_code)]

pub mod datagram;
pub mod inner_packet;
pub mod input;
pub mod packet;
pub mod path;
pub mod restore;
pub mod seen;
pub mod sessions;
pub mod vnet_header;
pub mod world;
