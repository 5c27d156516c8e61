//! Linux system calls of the data plane: virtual interfaces, netlink, and the threads that move packets.

pub mod error;
pub mod netlink;
pub mod reader;
pub mod sys;
pub mod tun;
