//! What was typed.

use std::path::PathBuf;

use clap::Parser;

/// Checks a release: signatures, digests, records, and every byte of the file; decodes nothing.
#[derive(Debug, Parser)]
#[command(
    name = "redact-verify",
    version,
    after_help = "\
Examples:
  redact-verify clip.redacted.mp4 --trust agency.pub
  redact-verify clip.redacted.mp4 --trust agency.pub --report verdict.pdf
  redact-verify --events events.jsonl clip.redacted.manifest.json --trust agency.pub

Files beside the release are found by their names: manifest, sealed manifest, signatures, time
stamp. Whether every mask is opaque and every mute silent only `redact verify` can measure: it has
decoders.

Exit status: 0 ok; 1 something is wrong; 2 it could not be checked."
)]
pub(crate) struct Args {
    /// The released file; with --events, manifests that name an entry of the log
    #[arg(required_unless_present = "events")]
    pub files: Vec<PathBuf>,

    /// Public key of the agency, its rotation key (.rotation.pub), record of an approver's key, or
    /// statement of a new key (may be repeated)
    #[arg(long, value_name = "FILE", required_unless_present = "events")]
    pub trust: Vec<PathBuf>,

    /// The manifest (default: the one beside the release)
    #[arg(long, value_name = "FILE", conflicts_with = "events")]
    pub manifest: Option<PathBuf>,

    /// The original recording, to compare its SHA-256
    #[arg(long, value_name = "CLIP", conflicts_with = "events")]
    pub source: Option<PathBuf>,

    /// The written policy: also check that the release was made with it and by its rules
    #[arg(long, value_name = "FILE", conflicts_with = "events")]
    pub policy: Option<PathBuf>,

    /// Manifest that this one replaces, then the one that that replaces, and so on (may be
    /// repeated)
    #[arg(long, value_name = "MANIFEST", conflicts_with = "events")]
    pub previous: Vec<PathBuf>,

    /// Certificate of a time-stamping authority, or of who vouches for it: the manifest must carry
    /// a stamp (may be repeated)
    #[arg(long, value_name = "CERT", conflicts_with = "events")]
    pub tsa: Vec<PathBuf>,

    /// Also write the verdict as a page: .pdf, .html or .json
    #[arg(long, value_name = "FILE", conflicts_with = "events")]
    pub report: Option<PathBuf>,

    /// Check the chain of an event log instead of a release
    #[arg(long, value_name = "LOG")]
    pub events: Option<PathBuf>,

    /// Print one JSON document instead of text
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_grammar_has_no_contradiction() {
        super::Args::command().debug_assert();
    }
}
