//! `redact transcript export`: the captions of a release as a text to read or print.

use anyhow::{Context as _, Result};
use redact_record::events::Act;
use redact_record::{Overwrite, digest_bytes, release_paths};
use redact_release::names::check_output;
use redact_release::ports::Events as _;
use redact_release::transcript::ReleasedWords;

use crate::args::{GlobalArgs, TranscriptExportArgs};
use crate::event_log::{OpenEvent, recorded};
use crate::key;
use crate::outcome::Outcome;
use crate::terminal::say;

/// Compares the captions with their manifest, and writes the transcript.
///
/// # Errors
/// When the captions do not fit the manifest, or the output is in the way.
pub(super) fn export(args: &TranscriptExportArgs, global: &GlobalArgs) -> Result<Outcome> {
    recorded(global, None, Act::Export, |event| run(args, global, event))
}

fn run(
    args: &TranscriptExportArgs,
    global: &GlobalArgs,
    event: &mut OpenEvent<'_>,
) -> Result<Outcome> {
    let form = args.format.0;
    let paths = release_paths(&args.release);
    let output = match &args.output {
        Some(output) => output.clone(),
        None => form.beside(&args.release),
    };
    let inputs = [args.release.as_path(), &paths.captions, &paths.manifest];
    check_output(&output, &inputs, args.force)?;
    let words = ReleasedWords::read(&args.release, &key::trusted(&args.trust)?)?;
    let bytes = words.transcript(form)?;
    event.draft().label("kind", "transcript");
    event.draft().label("form", form.name());
    event.draft().subject("captions", words.digest);
    event.draft().subject("transcript", digest_bytes(&bytes));
    let overwrite = match args.force {
        true => Overwrite::Replace,
        false => Overwrite::Never,
    };
    redact_record::write(&output, &bytes, overwrite)
        .with_context(|| output.display().to_string())?;
    if global.json {
        say(&serde_json::json!({ "transcript": output }).to_string());
    } else {
        say(&format!("transcript: {}", output.display()));
    }
    Ok(Outcome::Done)
}
