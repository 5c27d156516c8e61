//! Gives what libFuzzer makes up to the target `vnet_header`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ipop_fuzz::vnet_header::run(data));
