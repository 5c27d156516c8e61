//! Conversions between JavaScript and the native crates; no decision is made here.

mod error;
mod plane;
mod tun;
mod wake;
