//! `scripts/fuzz chunks`
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| redact_fuzz::chunks(data));
