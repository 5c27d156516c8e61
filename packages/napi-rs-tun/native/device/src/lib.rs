//! Linux system calls of the data plane: virtual interfaces, netlink, sockets, and the threads that move packets.

pub mod address;
pub mod error;
pub mod hub;
pub mod moderation;
pub mod monitor;
pub mod netlink;
pub mod patience;
pub mod punt;
pub mod rx;
pub mod socket;
pub mod sys;
pub mod threads;
pub mod tracer;
pub mod tun;
pub mod tx;
