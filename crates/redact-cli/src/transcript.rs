//! `redact transcript`: what was said, as far as a release lets it be heard.

mod export;

use anyhow::Result;

use crate::args::{GlobalArgs, TranscriptArgs, TranscriptCommand};
use crate::outcome::Outcome;

/// Does what was asked for.
///
/// # Errors
/// Those of each verb.
pub(crate) fn transcript(args: &TranscriptArgs, global: &GlobalArgs) -> Result<Outcome> {
    match &args.command {
        TranscriptCommand::Export(args) => export::export(args, global),
    }
}
