//! Gives what libFuzzer makes up to the target `datagram`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ipop_fuzz::datagram::run(data));
