//! `redact scan`: what may have to be hidden, as findings.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use redact_core::{
    Class, Conversion, Digest, Findings, Phase, Progress as _, Source as _, SourceIdentity,
    StreamKind, TimeSpan, Timestamp,
};
use redact_media::{Damaged, FileSource, OpenOptions};
use redact_record::events::Act;
use redact_record::findings;
use redact_record::manifest::ClassName;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::args::{DamagedArg, GlobalArgs, InputArgs, ModelArgs, ScanArgs};
use crate::eyes;
use crate::files::digest_beside;
pub(crate) use crate::files::{check_clip, digest, folder_of, stoppable};
use crate::jail::{self, Confinement, JailLevel, Job};
use crate::journal::{self, Journal, Note};
use crate::outputs::{Inputs, Outputs};
use crate::progress::TerminalProgress;
use crate::{Outcome, failure, places};

/// Finds, writes the findings and prints a table.
///
/// # Errors
/// When the recording cannot be read to its end, or a file is in the way.
pub(crate) fn scan(args: &ScanArgs, global: &GlobalArgs) -> Result<Outcome> {
    let journal = Journal::open(global, None)?;
    let mut note = Note::new(Act::Scan);
    scan_noted(args, global, &journal, &mut note).map_err(|error| journal.failed(&note, error))
}

fn scan_noted(
    args: &ScanArgs,
    global: &GlobalArgs,
    journal: &Journal,
    note: &mut Note,
) -> Result<Outcome> {
    let clip = &args.clip;
    let output = match &args.output {
        Some(output) => output.clone(),
        None => places::beside(clip, ".findings.json", None),
    };
    check_clip(clip)?;
    let progress = TerminalProgress::new(global.quiet);
    let mut outputs = Outputs::begin(&[&output], &[clip], args.force, || {
        Ok(Inputs(vec![digest(clip, &progress)?.0]))
    })?;
    let request = ScanRequest {
        clip,
        models: &args.models,
        input: &args.input,
        acknowledged: None,
    };
    let (found, level) = request.find(global, &progress)?;
    journal::note_jail(note, level);
    outputs.set_inputs(Inputs(vec![found.source.digest]));
    let digest = write_findings(&mut outputs, &output, &found)?;
    note_findings(note, &found, digest);
    journal.done(note)?;
    outputs.finish()?;
    progress.clear();
    if global.json {
        crate::say(&summary(clip, &output, &found).to_string());
    } else {
        crate::say(&table(&found));
        if let Some(list) = look_here_first(&found) {
            crate::say(&list);
        }
        crate::say(&format!("findings: {}", output.display()));
    }
    Ok(Outcome::Done)
}

/// Writes findings to `path`; gives the SHA-256 of the file.
///
/// # Errors
/// When they could not be read back, or the system refuses.
pub(crate) fn write_findings(
    outputs: &mut Outputs,
    path: &Path,
    found: &Findings,
) -> Result<Digest> {
    let bytes = findings::to_checked_bytes(found).with_context(|| path.display().to_string())?;
    outputs.write(path, &bytes)?;
    Ok(redact_record::digest_bytes(&bytes))
}

/// What a scan found, for the event log.
pub(crate) fn note_findings(note: &mut Note, found: &Findings, digest: Digest) {
    note.subject("source", found.source.digest);
    note.subject("findings", digest);
    note.count("tracks", found.tracks.len());
    note.count("classes-missing", found.missing.len());
    note.count(
        "damaged",
        found.damage.pictures.len() + found.damage.sound.len(),
    );
}

/// What a scan is asked for.
pub(crate) struct ScanRequest<'a> {
    /// The recording.
    pub(crate) clip: &'a Path,
    /// Where models are.
    pub(crate) models: &'a ModelArgs,
    /// How the recording is read.
    pub(crate) input: &'a InputArgs,
    /// Classes of which somebody accepted that nothing looks for them, where that is to be checked
    /// before the recording is decoded.
    pub(crate) acknowledged: Option<&'a [Class]>,
}

impl ScanRequest<'_> {
    /// Lets a confined process decode the whole recording and find what may have to be hidden; the
    /// recording is digested here.
    ///
    /// # Errors
    /// When the recording cannot be read to its end or a model fails.
    pub(crate) fn find(
        &self,
        global: &GlobalArgs,
        progress: &TerminalProgress,
    ) -> Result<(Findings, JailLevel)> {
        let clip = self.clip;
        let models = places::resolved(self.models)?;
        let confinement = Confinement {
            read: vec![clip.to_owned()],
            models: models.models.clone(),
            ..Confinement::default()
        };
        let job = Job::Scan(ScanWork {
            clip: clip.to_owned(),
            models,
            input: self.input.clone(),
            threads: eyes::threads(global.threads),
            acknowledged: self.acknowledged.map(|classes| {
                let names = classes.iter().map(|&class| class.into());
                names.collect()
            }),
        });
        let ((digest, bytes), (found, level)) = digest_beside(clip, || {
            jail::run::<String>(&job, &confinement, global, progress)
        })?;
        let name = || clip.display().to_string();
        let mut found = findings::from_bytes(found.as_bytes()).with_context(name)?;
        found.source.digest = digest;
        found.source.bytes = bytes;
        Ok((found, level))
    }
}

/// A scan, for the confined process.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ScanWork {
    clip: PathBuf,
    models: ModelArgs,
    input: InputArgs,
    threads: usize,
    acknowledged: Option<Vec<ClassName>>,
}

impl ScanWork {
    /// Loads the models, gives up every right but to read the recording, and scans it. The findings
    /// are without the recording's digest.
    ///
    /// # Errors
    /// When the recording cannot be read to its end, a model fails, or nothing looks for a class
    /// that is not acknowledged.
    pub(crate) fn run(self, seal: impl FnOnce() -> Result<()>) -> Result<Value> {
        let name = || self.clip.display().to_string();
        let looking = eyes::open(&self.models, self.threads)?;
        if let Some(acknowledged) = &self.acknowledged {
            for &class in &looking.missing {
                if !acknowledged.contains(&class.into()) {
                    let error = redact_core::PlanError::Unacknowledged { class };
                    return Err(error).with_context(name);
                }
            }
        }
        seal()?;
        let options = OpenOptions {
            // Also when nothing listens: the tracks that a release will have are counted here.
            audio: true,
            threads: self.threads,
            damaged: match self.input.damaged {
                DamagedArg::Stop => Damaged::Stop,
                DamagedArg::Mask => Damaged::Mask,
            },
            require_sound: !self.input.accept_lost_sound,
            settings: self.input.settings(),
        };
        let progress = &TerminalProgress::new(true);
        let source = FileSource::open(&self.clip, &options).with_context(name)?;
        let mut info = source.info().clone();
        // Nobody should review what cannot be released.
        redact_media::check_sound(&info).with_context(name)?;
        let source = Box::new(source);
        let report = redact_engine::scan(source, looking.eyes, &looking.options, progress)
            .with_context(name)?;
        info.conversions.extend(report.diagnostics.conversions);
        let found = Findings {
            source: SourceIdentity {
                digest: Digest([0; 32]),
                bytes: 0,
                frames: report.frames,
                duration_ticks: report.duration_ticks,
                info,
            },
            models: looking.models,
            missing: looking.missing,
            tracks: report.tracks,
            speech: report.speech,
            damage: report.diagnostics.damage,
        };
        Ok(String::from_utf8(findings::to_bytes(&found))?.into())
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

/// One line per class: tracks, frames in which it is hidden, longest gap filled. Vehicles only
/// where there are some without a plate.
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
        if class == Class::Vehicle && of_class().next().is_none() {
            continue;
        }
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
        if class == Class::Vehicle {
            lines.push("  (vehicles in the frames in which no plate is found on them)".into());
        }
    }
    lines.push(match (&found.speech, found.source.info.audio.len()) {
        (_, 0) => "speech: the recording has no sound".to_owned(),
        (None, _) => "speech: no detector installed".to_owned(),
        (Some(spans), _) => {
            let nanos: i64 = spans.iter().map(|span| span.length_nanos()).sum();
            format!("speech: {} spans, {} s", spans.len(), nanos / 1_000_000_000)
        }
    });
    lines.extend(damaged_lines(found));
    let conversions = found.source.info.conversions.iter();
    let is_listed = |conversion: &&Conversion| {
        let is_setting = matches!(
            conversion,
            Conversion::Turned { .. } | Conversion::FrameRate { .. }
        );
        conversion.is_found_while_reading() || is_setting
    };
    let listed = conversions.filter(is_listed);
    lines.extend(listed.map(|conversion| format!("changed: {conversion}")));
    lines.extend(other_videos(found));
    lines.join("\n")
}

/// Which other video streams there are, if any.
fn other_videos(found: &Findings) -> Option<String> {
    let info = &found.source.info;
    let videos = info
        .streams
        .iter()
        .filter(|stream| stream.kind == StreamKind::Video);
    let others: Vec<String> = videos
        .filter(|stream| stream.index != info.video.stream)
        .map(|stream| format!("{} ({})", stream.index, stream.codec))
        .collect();
    (!others.is_empty()).then(|| {
        format!(
            "video stream {} is read; not in this release: {} (--video-stream releases another)",
            info.video.stream,
            others.join(", ")
        )
    })
}

/// One line per damaged stretch, the first few of them.
fn damaged_lines(found: &Findings) -> Vec<String> {
    let damage = &found.damage;
    let seconds = |span: TimeSpan| {
        let tenths = |nanos: i64| nanos.div_euclid(100_000_000);
        let (start, end) = (tenths(span.start_nanos()), tenths(span.end_nanos()) + 1);
        let text = |tenths: i64| format!("{}.{}", tenths.div_euclid(10), tenths.rem_euclid(10));
        format!("{} to {} s", text(start), text(end))
    };
    let pictures = damage.pictures.iter().map(|damaged| {
        let (first, end) = (damaged.frames.start().get(), damaged.frames.end().get());
        let (at, why) = (seconds(damaged.span), damaged.cause.text());
        format!(
            "damaged: {at} (frames {first} to {}), hidden: {why}",
            end - 1
        )
    });
    let sound = damage.sound.iter().map(|damaged| {
        let (at, why) = (seconds(damaged.span), damaged.cause.text());
        format!("damaged: {at}, sound track {} muted: {why}", damaged.stream)
    });
    let mut lines: Vec<String> = pictures.chain(sound).collect();
    let more = lines.len().saturating_sub(DAMAGED_MAX);
    lines.truncate(DAMAGED_MAX);
    if more > 0 {
        lines.push(format!("damaged: {more} more stretches (see the findings)"));
    }
    lines
}

/// So many damaged stretches are printed.
const DAMAGED_MAX: usize = 10;

/// So many weak moments are printed; a person who wants all of them reviews the findings.
const MOMENTS_MAX: usize = 5;

/// The weak moments that are printed, the riskiest first, and how many there are.
fn worst_moments(found: &Findings) -> (Vec<redact_engine::WeakSpan>, usize) {
    let mut moments = redact_engine::review_priority(&found.tracks, found.source.frames);
    let all = moments.len();
    moments.truncate(MOMENTS_MAX);
    (moments, all)
}

/// Where to look first, or nothing when no track has a weak moment.
fn look_here_first(found: &Findings) -> Option<String> {
    let (moments, all) = worst_moments(found);
    if all == 0 {
        return None;
    }
    let mut lines = vec![format!("look here first ({} of {all}):", moments.len())];
    for moment in moments {
        let (first, end) = (moment.frames.start().get(), moment.frames.end().get());
        lines.push(format!(
            "  {} - {}  {} {}: {} (frames {first} to {})",
            clock(found, first),
            clock(found, end),
            moment.class,
            moment.track,
            moment.weakness.text(),
            end - 1
        ));
    }
    Some(lines.join("\n"))
}

/// About when a frame is shown, minutes and seconds: findings do not hold every frame's time.
fn clock(found: &Findings, frame: u32) -> String {
    let source = &found.source;
    let ticks =
        i128::from(source.duration_ticks) * i128::from(frame) / i128::from(source.frames.max(1));
    let nanos = i64::try_from(ticks)
        .ok()
        .and_then(|ticks| Timestamp::new(ticks).nanos(source.info.video.time_base))
        .unwrap_or(0);
    let tenths = nanos / 100_000_000;
    format!("{}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10)
}

/// The same for machines.
pub(crate) fn summary(clip: &Path, output: &Path, found: &Findings) -> serde_json::Value {
    let classes: serde_json::Map<String, serde_json::Value> = Class::ALL
        .into_iter()
        .map(|class| {
            let of_class = || found.tracks.iter().filter(|track| track.class() == class);
            let entry = serde_json::json!({
                "installed": found.models.iter().any(|model| model.classes.contains(&class)),
                "tracks": of_class().count(),
                "frames": of_class().map(|track| track.boxes().len()).sum::<usize>(),
                "longest_gap": of_class().map(redact_core::Track::longest_gap).max(),
            });
            (class.name().to_owned(), entry)
        })
        .collect();
    let moments: Vec<_> = worst_moments(found)
        .0
        .iter()
        .map(|moment| {
            serde_json::json!({
                "track": moment.track.0, "class": moment.class.name(),
                "first_frame": moment.frames.start().get(),
                "last_frame": moment.frames.end().get() - 1,
                "why": moment.weakness.text(), "risk": moment.risk,
            })
        })
        .collect();
    serde_json::json!({
        "look_here_first": moments,
        "clip": clip, "findings": output, "sha256": found.source.digest.to_string(),
        "frames": found.source.frames, "classes": classes,
        "damaged_pictures": found.damage.pictures.len(),
        "damaged_sound": found.damage.sound.len(),
        "speech_spans": found.speech.as_ref().map(Vec::len),
    })
}
