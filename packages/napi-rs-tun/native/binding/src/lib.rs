//! Conversions between JavaScript and the native crates; no decision is made here.

mod error;
mod tun;
mod wake;
