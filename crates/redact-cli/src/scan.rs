//! `redact scan`: what may have to be hidden, as findings.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use redact_core::{Class, Digest, Findings, Phase, Progress as _, Source as _, SourceIdentity};
use redact_media::{FileSource, OpenOptions};
use redact_record::{Overwrite, RecordError, findings};

use crate::args::{GlobalArgs, ScanArgs};
use crate::eyes::{self, Looking};
use crate::progress::TerminalProgress;
use crate::{Outcome, failure, places, sandbox};

/// Finds, writes the findings and prints a table.
///
/// # Errors
/// When the recording cannot be read to its end, or a file is in the way.
pub(crate) fn scan(args: &ScanArgs, global: &GlobalArgs) -> Result<Outcome> {
    let clip = &args.clip;
    let output = match &args.output {
        Some(output) => output.clone(),
        None => places::beside(clip, ".findings.json", None),
    };
    check_clip(clip)?;
    places::check_output(&output, &[clip], args.force)?;
    let looking = eyes::open(&args.models, eyes::threads(global.threads))?;
    sandbox::confine(&[clip], &[folder_of(&output)])?;

    let progress = TerminalProgress::new(global.quiet);
    let found = find(clip, looking, global, &progress)?;
    let overwrite = if args.force {
        Overwrite::Replace
    } else {
        Overwrite::Never
    };
    findings::write(&output, &found, overwrite).with_context(|| output.display().to_string())?;
    progress.clear();
    if global.json {
        crate::say(&summary(clip, &output, &found).to_string());
    } else {
        crate::say(&table(&found));
        crate::say(&format!("findings: {}", output.display()));
    }
    Ok(Outcome::Done)
}

/// Refuses what is not a readable file, before models are loaded for it.
///
/// # Errors
/// The system's own words, after the file's name.
pub(crate) fn check_clip(clip: &Path) -> Result<()> {
    let name = || clip.display().to_string();
    let meta = std::fs::metadata(clip).with_context(name)?;
    if meta.is_dir() {
        anyhow::bail!(
            "{}: is a directory (`redact batch` takes folders)",
            clip.display()
        );
    }
    std::fs::File::open(clip).map(drop).with_context(name)
}

/// The folder that `file` lies in.
pub(crate) fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Decodes the whole recording and finds what may have to be hidden.
///
/// # Errors
/// When the recording cannot be read to its end or a model fails.
pub(crate) fn find(
    clip: &Path,
    looking: Looking,
    global: &GlobalArgs,
    progress: &TerminalProgress,
) -> Result<Findings> {
    let name = || clip.display().to_string();
    let options = OpenOptions {
        audio: looking.eyes.speech.is_some(),
        threads: eyes::threads(global.threads),
    };
    // Opened before it is digested: a file that is no recording is refused at once.
    let source = FileSource::open(clip, &options).with_context(name)?;
    let (digest, bytes) = digest(clip, progress)?;
    let info = source.info().clone();
    let report = redact_engine::scan(Box::new(source), looking.eyes, &looking.options, progress)
        .with_context(name)?;
    Ok(Findings {
        source: SourceIdentity {
            digest,
            bytes,
            frames: report.frames,
            duration_ticks: report.duration_ticks,
            info,
        },
        models: looking.models,
        missing: looking.missing,
        tracks: report.tracks,
        speech: report.speech,
    })
}

/// SHA-256 and length of a file, with a progress bar.
///
/// # Errors
/// When the file cannot be read, or a person stopped it.
pub(crate) fn digest(path: &Path, progress: &TerminalProgress) -> Result<(Digest, u64)> {
    let mut advance = |done, total| progress.advance(Phase::Digest, done, Some(total));
    stoppable(redact_record::digest_file(path, &mut advance))
        .with_context(|| path.display().to_string())
}

/// A person's Ctrl-C during a digest is the same as during any other job.
///
/// # Errors
/// What `result` holds.
pub(crate) fn stoppable<T>(result: Result<T, RecordError>) -> Result<T> {
    match result {
        Err(RecordError::Cancelled) => Err(failure::Interrupted.into()),
        other => Ok(other?),
    }
}

/// Whether a person asked to stop.
///
/// # Errors
/// [`failure::Interrupted`] when so.
pub(crate) fn check_interrupt(progress: &TerminalProgress, phase: Phase) -> Result<()> {
    match progress.advance(phase, 0, None) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(failure::Interrupted.into()),
    }
}

/// One line per class: tracks, frames in which it is hidden, longest gap filled.
pub(crate) fn table(found: &Findings) -> String {
    let mut lines = vec![format!(
        "{:<8}{:>8}{:>10}{:>14}",
        "class", "tracks", "frames", "longest gap"
    )];
    for class in Class::ALL {
        if found.missing.contains(&class) {
            lines.push(format!("{class}s: no detector installed"));
            continue;
        }
        let of_class = || found.tracks.iter().filter(|track| track.class() == class);
        let frames: usize = of_class().map(|track| track.boxes().len()).sum();
        let gap = of_class()
            .map(redact_core::Track::longest_gap)
            .max()
            .unwrap_or(0);
        lines.push(format!(
            "{:<8}{:>8}{:>10}{:>14}",
            class.name(),
            of_class().count(),
            frames,
            gap
        ));
    }
    lines.push(match (&found.speech, found.source.info.audio.len()) {
        (_, 0) => "speech: the recording has no sound".to_owned(),
        (None, _) => "speech: no detector installed".to_owned(),
        (Some(spans), _) => {
            let nanos: i64 = spans.iter().map(|span| span.length_nanos()).sum();
            format!("speech: {} spans, {} s", spans.len(), nanos / 1_000_000_000)
        }
    });
    lines.join("\n")
}

/// The same for machines.
pub(crate) fn summary(clip: &Path, output: &Path, found: &Findings) -> serde_json::Value {
    let classes: serde_json::Map<String, serde_json::Value> = Class::ALL
        .into_iter()
        .map(|class| {
            let of_class = || found.tracks.iter().filter(|track| track.class() == class);
            let entry = serde_json::json!({
                "installed": !found.missing.contains(&class),
                "tracks": of_class().count(),
                "frames": of_class().map(|track| track.boxes().len()).sum::<usize>(),
                "longest_gap": of_class().map(redact_core::Track::longest_gap).max(),
            });
            (class.name().to_owned(), entry)
        })
        .collect();
    serde_json::json!({
        "clip": clip, "findings": output, "sha256": found.source.digest.to_string(),
        "frames": found.source.frames, "classes": classes,
        "speech_spans": found.speech.as_ref().map(Vec::len),
    })
}
