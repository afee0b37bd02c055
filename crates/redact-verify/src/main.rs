//! `redact-verify`: checks a release for its recipient.
//!
//! It checks signatures, digests, records, the chain of revisions and every byte of the file,
//! including coded video and sound, with the same output as `redact verify`. It does not decode and
//! needs no FFmpeg or ONNX Runtime; what only a decoder can check is listed as not checked.

mod args;
mod event_log;
mod package;
mod release;
mod terminal;
mod trust;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use crate::args::Args;
use crate::terminal::print_line;

/// Exit status if something is wrong.
const EXIT_WRONG: u8 = 1;
/// Exit status if something could not be checked.
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
            // If standard error is closed, nothing can be done.
            writeln!(std::io::stderr().lock(), "redact-verify: {error:#}").ok();
            if args.json {
                print_line(&serde_json::json!({ "error": format!("{error:#}") }).to_string());
            }
            ExitCode::from(EXIT_FAILED)
        }
    }
}
