//! Gives what libFuzzer makes up to the target `path`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ipop_fuzz::path::run(data));
