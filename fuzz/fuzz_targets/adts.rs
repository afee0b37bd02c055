//! `scripts/fuzz adts`
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| redact_fuzz::adts(data));
