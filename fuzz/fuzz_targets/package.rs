//! `scripts/fuzz package`
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| redact_fuzz::package(data));
