/** Virtual network interfaces for Node, in Rust. */

export {}
