//! `redact transcript`: what was said, for the agency and as far as a release lets it be heard.

mod export;
mod make;

use anyhow::Result;

use crate::args::{GlobalArgs, TranscriptArgs, TranscriptCommand};
use crate::outcome::Outcome;

/// Does what was asked for.
///
/// # Errors
/// Those of each verb.
pub(crate) fn transcript(args: &TranscriptArgs, global: &GlobalArgs) -> Result<Outcome> {
    match &args.command {
        TranscriptCommand::Make(args) => make::make(args, global),
        TranscriptCommand::Export(args) => export::export(args, global),
    }
}
