//! `redact generate`, which writes files for packages of the program.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `redact generate`.
#[derive(Debug, Args)]
pub(crate) struct GenerateArgs {
    /// What to write
    #[arg(value_enum)]
    pub what: Generated,

    /// Folder to write to; it is created if it does not exist
    pub dir: PathBuf,
}

/// Files that are derived from the command-line definitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Generated {
    /// One man page per verb: redact.1, redact-scan.1, and so on
    Man,
    /// The manual of the desk as PDF: redact-manual.pdf, and one for each role
    Manual,
    /// Completions for bash (redact.bash), zsh (_redact) and fish (redact.fish)
    Completions,
}
