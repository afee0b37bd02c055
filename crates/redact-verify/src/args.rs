//! The command line.

use std::path::PathBuf;

use clap::Parser;

/// Check a release without decoding it: signatures, digests, records, and every byte of the file
#[derive(Debug, Parser)]
#[command(
    name = "redact-verify",
    version,
    after_help = "\
Examples:
  redact-verify clip.redacted.mp4 --trust agency.pub
  redact-verify clip.redacted.mp4 --trust agency.pub --report verdict.pdf
  redact-verify case-17.zip --trust agency.pub
  redact-verify --events events.jsonl clip.redacted.manifest.json --trust agency.pub

Manifest, sealed manifest, signatures and time stamp are found beside the release by their names.
Only `redact verify`, which has decoders, can measure whether every mask is opaque and every mute
silent.

Exit status: 0 ok; 1 something is wrong; 2 it could not be checked."
)]
pub(crate) struct Args {
    /// The released file or a package (folder, .zip, .iso); with --events, manifests that name an
    /// entry of the log
    #[arg(required_unless_present = "events")]
    pub files: Vec<PathBuf>,

    /// The agency's public key, rotation key (.rotation.pub), statement of a new key
    /// (.rotation.json) or record of an approver's key (.approver.json); may be repeated
    #[arg(long, value_name = "FILE", required_unless_present = "events")]
    pub trust: Vec<PathBuf>,

    /// The manifest (default: the one beside the release)
    #[arg(long, value_name = "FILE", conflicts_with = "events")]
    pub manifest: Option<PathBuf>,

    /// The original recording, to compare its SHA-256
    #[arg(long, value_name = "CLIP", conflicts_with = "events")]
    pub source: Option<PathBuf>,

    /// The policy: also check that the release was made with it and follows its rules
    #[arg(long, value_name = "FILE", conflicts_with = "events")]
    pub policy: Option<PathBuf>,

    /// The manifest that this one replaces; may be repeated for earlier manifests, newest first
    #[arg(long, value_name = "MANIFEST", conflicts_with = "events")]
    pub previous: Vec<PathBuf>,

    /// Certificate of a time-stamping authority or of its issuer: require a time stamp; may be
    /// repeated
    #[arg(long, value_name = "CERT", conflicts_with = "events")]
    pub tsa: Vec<PathBuf>,

    /// Also write a report: .pdf, .html or .json
    #[arg(long, value_name = "FILE", conflicts_with = "events")]
    pub report: Option<PathBuf>,

    /// Open an encrypted package with the passphrase on the first line of this file
    #[arg(long, value_name = "FILE", conflicts_with = "events")]
    pub passphrase_file: Option<PathBuf>,

    /// Open an encrypted package with the secret keys in this file (AGE-SECRET-KEY-1…); may be
    /// repeated
    #[arg(long, value_name = "FILE", conflicts_with = "events")]
    pub identity: Vec<PathBuf>,

    /// Check an event log instead of a release
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
    fn the_command_line_is_consistent() {
        super::Args::command().debug_assert();
    }
}
