//! Gives what libFuzzer makes up to the target `relay_frame`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ipop_fuzz::relay_frame::run(data));
