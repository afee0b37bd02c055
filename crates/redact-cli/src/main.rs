//! The `redact` program.
//!
//! The only place that knows all crates, the terminal, the environment and exit codes. Each verb
//! has a file of its own; `args.rs` is what was typed.

mod approve;
mod args;
mod basis;
mod batch;
mod desk;
mod events;
mod eyes;
mod failure;
mod files;
mod jail;
mod journal;
mod key;
mod limits;
mod outputs;
mod places;
mod profiles;
mod progress;
mod recheck;
mod render;
mod run;
mod scan;
mod score;
mod timestamp;
mod verify;

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser as _;

use crate::args::{Cli, Command};

/// Exit status of a verification that found something wrong.
const EXIT_WRONG: i32 = 1;
/// Exit status of everything that could not be done.
const EXIT_FAILED: i32 = 2;

/// How a verb ended that did not fail outright.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It did what was asked.
    Done,
    /// It verified, and found something wrong.
    Wrong,
    /// It did part of what was asked; what failed was said.
    Failed,
}

fn main() -> ExitCode {
    // Before anything else: what decodes has no thread before it is confined.
    if jail::is_child() {
        return jail::main();
    }
    // clap exits with 2 on wrong usage and 0 on --help, which is what this program promises.
    let cli = Cli::parse();
    start_logging();
    let status = match dispatch(&cli) {
        Ok(Outcome::Done) => 0,
        Ok(Outcome::Wrong) => EXIT_WRONG,
        Ok(Outcome::Failed) => EXIT_FAILED,
        Err(error) => {
            report(&error, cli.global.json);
            EXIT_FAILED
        }
    };
    ExitCode::from(u8::try_from(status).unwrap_or(2))
}

fn dispatch(cli: &Cli) -> Result<Outcome> {
    progress::watch_for_interrupt().context("cannot watch for Ctrl-C")?;
    limits::make_size_limit_an_error().context("cannot watch for the limit of file sizes")?;
    let global = &cli.global;
    if global.tethered {
        progress::tether();
    }
    match &cli.command {
        Command::Scan(args) => scan::scan(args, global),
        Command::Approve(args) => approve::approve(args, global),
        Command::Render(args) => render::render(args, global),
        Command::Verify(args) => verify::verify(args, global),
        Command::Run(args) => run::run(args, global),
        Command::Batch(args) => batch::batch(args, global),
        Command::Score(args) => score::score(args, global),
        Command::Key(args) => key::key(args, global),
        Command::Recheck(args) => recheck::recheck(args, global),
        Command::Timestamp(args) => timestamp::timestamp(args, global),
        Command::Events(args) => events::events(args, global),
        Command::Desk(args) => desk::desk(args, global),
    }
}

pub(crate) fn start_logging() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_env("REDACT_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}

/// One line with the cause, and a hint where one helps.
fn report(error: &anyhow::Error, json: bool) {
    let hint = failure::hint(error);
    let mut stderr = std::io::stderr().lock();
    // Nothing is left to do when standard error is gone.
    writeln!(stderr, "redact: {error:#}").ok();
    if let Some(hint) = &hint {
        writeln!(stderr, "\nhint: {hint}").ok();
    }
    if json {
        let code = failure::code(error);
        let document =
            serde_json::json!({ "error": format!("{error:#}"), "hint": hint, "code": code });
        say(&document.to_string());
    }
}

/// Prints one line to standard error.
pub(crate) fn warn_line(line: &str) {
    writeln!(std::io::stderr().lock(), "{line}").ok();
}

/// Prints one line to standard output. A reader that went away (`redact … | head`) is no failure.
pub(crate) fn say(line: &str) {
    writeln!(std::io::stdout().lock(), "{line}").ok();
}
