//! Gives what libFuzzer makes up to the target `inner_packet`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ipop_fuzz::inner_packet::run(data));
