//! `redact transcript make`: adds what was said to the findings of an earlier scan.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use redact_core::{Damage, Findings};
use redact_media::Damaged;
use redact_record::events::Act;
use redact_record::{Overwrite, findings};
use redact_release::events::describe_jail;
use redact_release::files::check_recording;
use redact_release::names::{check_output, folder_of};
use redact_release::options::{InputOptions, TranscriptOptions};
use redact_release::outputs::{Partial, sync_folder};
use redact_release::ports::Events as _;
use redact_release::scan::describe_findings;
use redact_release::transcribe::{TranscriptRequest, recording_beside, transcribe_recording};

use crate::args::{GlobalArgs, MakeTranscriptArgs};
use crate::event_log::{OpenEvent, recorded};
use crate::jail::Process;
use crate::outcome::Outcome;
use crate::progress::TerminalProgress;
use crate::terminal::say;
use crate::{jobs, paths, scan};

/// Transcribes the recording and writes the findings with the transcript.
///
/// # Errors
/// When the recording is not there or not the one that was scanned, no model is installed, or a
/// file is in the way.
pub(crate) fn make(args: &MakeTranscriptArgs, global: &GlobalArgs) -> Result<Outcome> {
    recorded(global, None, Act::Scan, |event| run(args, global, event))
}

fn run(
    args: &MakeTranscriptArgs,
    global: &GlobalArgs,
    event: &mut OpenEvent<'_>,
) -> Result<Outcome> {
    let file = &args.findings;
    let name = || file.display().to_string();
    let (found, _) = findings::read(file).with_context(name)?;
    if found.source.info.audio.is_empty() {
        bail!("{}: the recording has no sound", file.display());
    }
    if found.transcript.is_some() && !args.force {
        bail!(
            "{}: already has a transcript; --force replaces it",
            file.display()
        );
    }
    let clip = clip_of(args, &found)?;
    check_recording(&clip)?;
    let output = args.output.as_ref().unwrap_or(file);
    if output != file {
        check_output(output, &[&clip, file], args.force)?;
    }
    let options = jobs::output_options(args.force);
    let partial = Partial::beside(output, options.wait)?.for_owner()?;
    let progress = TerminalProgress::new(global.quiet);
    let request = TranscriptRequest {
        clip: &clip,
        findings: &found,
        models: &paths::model_options(&args.models)?,
        input: &input_of(&found),
        options: &TranscriptOptions {
            language: args.language.clone(),
        },
    };
    let worker = Process::new(global);
    let ports = jobs::ports(global, &worker, &progress);
    let (made, level) = transcribe_recording(&request, &ports)?;
    describe_jail(event.draft(), level);
    let bytes = findings::to_checked_bytes(&made).with_context(name)?;
    describe_findings(event.draft(), &made, redact_record::digest_bytes(&bytes));
    partial
        .fill(&bytes)
        .with_context(|| output.display().to_string())?;
    event.succeeded()?;
    partial.rename(output, Overwrite::Replace)?;
    sync_folder(&folder_of(output))?;
    progress.clear();
    report(&clip, output, &made, global);
    Ok(Outcome::Done)
}

fn report(clip: &Path, output: &Path, made: &Findings, global: &GlobalArgs) {
    if global.json {
        say(&scan::summary(clip, output, made).to_string());
        return;
    }
    if let Some(line) = scan::transcript_line(made) {
        say(&line);
    }
    say(&format!("findings: {}", output.display()));
    say("Plans that were made from the findings without this transcript no longer fit them.");
}

/// The recording that was named, or the one beside the findings.
fn clip_of(args: &MakeTranscriptArgs, found: &Findings) -> Result<PathBuf> {
    let beside = || recording_beside(&args.findings, found);
    args.clip.clone().or_else(beside).with_context(|| {
        let file = args.findings.display();
        format!("{file}: the recording is not beside the findings; give --clip FILE")
    })
}

/// The recording is read as the scan read it.
fn input_of(found: &Findings) -> InputOptions {
    let is_damaged = found.damage != Damage::default();
    InputOptions {
        damaged: if is_damaged {
            Damaged::Mask
        } else {
            Damaged::Stop
        },
        accept_lost_sound: true,
        settings: found.source.info.settings(),
    }
}
