//! The `redact` program.
//!
//! Arguments, the terminal, the environment, processes and exit codes. What a verb does is in
//! `redact-release`; each verb has a file of its own here, and `args.rs` is what was typed.

#![cfg_attr(
    not(feature = "queue"),
    allow(
        dead_code,
        unused_imports,
        reason = "without the queue, nothing reads its options"
    )
)]

mod approve;
mod args;
mod batch;
mod chunks;
mod clock;
mod desk;
mod event_log;
mod events;
mod failure;
mod features;
mod generate;
mod host;
mod jail;
mod jobs;
mod key;
mod limits;
#[cfg_attr(not(feature = "queue"), path = "on_queue/none.rs")]
mod on_queue;
mod outcome;
mod package;
mod passphrase;
mod paths;
mod progress;
#[cfg_attr(not(feature = "queue"), path = "queue/none.rs")]
mod queue;
mod recheck;
mod render;
mod run;
mod scan;
mod score;
mod segments;
mod terminal;
mod timestamp;
mod transcript;
mod verify;
mod worker;

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser as _;

use crate::args::{Cli, Command};
use crate::outcome::{EXIT_FAILED, Outcome};

fn main() -> ExitCode {
    // Before anything else: what decodes has no thread before it is confined.
    if jail::is_child() {
        return jail::main();
    }
    // clap exits with 2 on wrong usage and 0 on --help, which is what this program promises.
    let cli = Cli::parse();
    terminal::start_logging(cli.global.quiet);
    ExitCode::from(match dispatch(&cli) {
        Ok(outcome) => outcome.status(),
        Err(error) => {
            report(&error, cli.global.json);
            EXIT_FAILED
        }
    })
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
        Command::Chunks(args) => chunks::chunks(args, global),
        Command::Worker(args) => worker::worker(args, global),
        Command::Queue(args) => queue::queue(args, global),
        Command::Score(args) => score::score(args, global),
        Command::Key(args) => key::key(args, global),
        Command::Transcript(args) => transcript::transcript(args, global),
        Command::Package(args) => package::package(args, global),
        Command::Recheck(args) => recheck::recheck(args, global),
        Command::Timestamp(args) => timestamp::timestamp(args, global),
        Command::Events(args) => events::events(args, global),
        Command::Desk(args) => desk::desk(args, global),
        Command::Generate(args) => generate::generate(args),
    }
}

/// One line with the cause, and a hint where one helps.
fn report(error: &anyhow::Error, json: bool) {
    let hint = failure::hint(error);
    terminal::warn_line(&format!("redact: {error:#}"));
    if let Some(hint) = &hint {
        terminal::warn_line(&format!("\nhint: {hint}"));
    }
    if json {
        let code = failure::remedy(error);
        let document =
            serde_json::json!({ "error": format!("{error:#}"), "hint": hint, "code": code });
        terminal::say(&document.to_string());
    }
}
