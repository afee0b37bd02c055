//! The verbs for transcripts.

use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{Args, Subcommand, ValueEnum};
use redact_release::transcript::TranscriptForm;

use super::shared::{ModelArgs, parse_language};

/// `redact transcript`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  redact transcript make clip.findings.json
  redact transcript export clip.redacted.mp4 --format pdf
  redact transcript export clip.redacted.vtt --format docx -o case-17/transcript.docx")]
pub(crate) struct TranscriptArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: TranscriptCommand,
}

/// What can be done with transcripts.
#[derive(Debug, Subcommand)]
pub(crate) enum TranscriptCommand {
    /// Transcribe a recording that was scanned before; adds what was said to its findings
    Make(MakeTranscriptArgs),
    /// Write the redacted transcript of a release, made from its captions
    Export(TranscriptExportArgs),
}

/// `redact transcript make`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  redact transcript make clip.findings.json
  redact transcript make clip.findings.json --clip /evidence/clip.mp4 -o clip2.findings.json

The words, what was not understood and the personal data are added to the findings, which stay with
the agency. Plans that were made from the earlier findings no longer fit: approve the new ones.")]
pub(crate) struct MakeTranscriptArgs {
    /// Findings of a scan
    pub findings: PathBuf,

    /// The recording (default: the one beside the findings)
    #[arg(long, value_name = "FILE")]
    pub clip: Option<PathBuf>,

    /// Language of the speech, as in en, es or de; speech in another one counts as not understood.
    /// Personal data is found in English only
    #[arg(long, value_name = "LANG", default_value = "en", value_parser = parse_language)]
    pub language: String,

    /// Where to write the findings (default: in place of the ones that were read)
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Replace a transcript, or the output, if there is one
    #[arg(long)]
    pub force: bool,

    /// Where models are.
    #[command(flatten)]
    pub models: ModelArgs,
}

/// `redact transcript export`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  redact transcript export clip.redacted.mp4
  redact transcript export clip.redacted.vtt --format docx --trust agency.pub

The captions are compared with the signed manifest beside them first, the time of every word with
the mutes. The times themselves come from the plan and are not checked here. Muted words are
[redacted].")]
pub(crate) struct TranscriptExportArgs {
    /// The release, or its captions (.vtt)
    pub release: PathBuf,

    /// Format of the transcript
    #[arg(long, value_enum, default_value_t = FormArg(TranscriptForm::Text))]
    pub format: FormArg,

    /// Where to write it (default: beside the release, ending in .transcript.FORMAT)
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Public key to trust (may be repeated; default: keys of `redact key trust`)
    #[arg(long, value_name = "FILE")]
    pub trust: Vec<PathBuf>,

    /// Replace the output if it exists
    #[arg(long)]
    pub force: bool,
}

/// A form of a transcript, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FormArg(pub TranscriptForm);

impl ValueEnum for FormArg {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [FormArg; 3] = [
            FormArg(TranscriptForm::Text),
            FormArg(TranscriptForm::Docx),
            FormArg(TranscriptForm::Pdf),
        ];
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.name()))
    }
}
