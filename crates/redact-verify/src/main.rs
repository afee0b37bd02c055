//! `redact-verify`: checks a release for whoever received it.
//!
//! Signatures, digests, records, the chain of revisions, and the file's bytes down to the last bit
//! of coded pictures and sound, with the words and the JSON of `redact verify`. It decodes nothing
//! and needs no FFmpeg, OpenCV or ONNX Runtime; what only a decoder can tell is listed as not
//! checked.

mod args;
mod event_log;
mod release;
mod terminal;
mod trust;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use crate::args::Args;
use crate::terminal::say;

/// Exit status of a check that found something wrong.
const EXIT_WRONG: u8 = 1;
/// Exit status of everything that could not be checked.
const EXIT_FAILED: u8 = 2;

fn main() -> ExitCode {
    let args = Args::parse();
    let passed = match &args.events {
        Some(log) => event_log::check(log, &args),
        None => release::check(&args),
    };
    match passed {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(EXIT_WRONG),
        Err(error) => {
            // Nothing is left to do when standard error is gone.
            writeln!(std::io::stderr().lock(), "redact-verify: {error:#}").ok();
            if args.json {
                say(&serde_json::json!({ "error": format!("{error:#}") }).to_string());
            }
            ExitCode::from(EXIT_FAILED)
        }
    }
}
