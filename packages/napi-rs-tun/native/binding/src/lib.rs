//! Conversions between JavaScript and the native crates; no decision is made here.
#![deny(unsafe_code)]

mod address;
mod error;
mod monitor;
mod plane;
mod relay;
mod trace;
mod tun;
mod wake;

use napi_derive::napi;

/// Counts the changes of what JavaScript sees, `src/native/addon.ts` with it: an old build beside new sources says so.
#[napi]
pub const INTERFACE_VERSION: u32 = 5;
