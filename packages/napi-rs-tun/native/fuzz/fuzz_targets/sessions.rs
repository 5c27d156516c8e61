//! Gives what libFuzzer makes up to the target `sessions`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ipop_fuzz::sessions::run(data));
