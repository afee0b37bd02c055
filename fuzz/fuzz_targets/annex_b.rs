//! `scripts/fuzz annex_b`
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| redact_fuzz::annex_b(data));
