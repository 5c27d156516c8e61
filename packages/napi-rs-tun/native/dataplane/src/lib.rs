//! The packet path without input or output: what the threads of `ipop-device` do to bytes they have read.
//!
//! Every parser here accepts any bytes and answers with `None` or a refusal; none panics.
#![forbid(unsafe_code)]

pub mod admission;
pub mod aead;
pub mod batch;
pub mod checksum;
pub mod coalesce;
pub mod egress;
pub mod icmp;
pub mod ingress;
pub mod ip;
pub mod limits;
pub mod mss;
pub mod plane;
pub mod prefix;
pub mod queue;
pub mod relay;
pub mod replay;
pub mod segment;
pub mod session;
pub mod strangers;
pub mod trace;
pub mod transport;
pub mod vnet;
