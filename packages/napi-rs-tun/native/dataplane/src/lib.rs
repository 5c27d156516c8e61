//! The packet path without input or output: what the threads of `ipop-device` do to bytes they have read.
#![forbid(unsafe_code)]

pub mod limits;
pub mod queue;
