//! Links the outputs of a scan's tasks to the findings of an undivided scan.
//!
//! Linking refuses what does not fit together. It compares the numbers and times of all frames,
//! when each detector ran, and the machines; a recording whose chunks do not fit is scanned as a
//! whole.

use std::path::Path;

use redact_core::{Digest, Findings};
use redact_engine::{Linker, ScanOptions};
use redact_jail::JailLevel;
use redact_record::findings;

use super::error::ChunkError;
use super::machine::Machine;
use super::output::{ChunkContent, ChunkOutput};
use super::pictures::{PicturesOutput, VideoForm};
use super::plan::{ChunkPlan, ChunkWork};
use super::scan_chunks::{Division, PictureChunk, ScanParts};
use crate::error::{Context as _, ReleaseError, Result};

/// Gives the output of a task.
pub type ReadOutput<'a> = &'a mut dyn FnMut(u32) -> Result<Vec<u8>, ReleaseError>;

/// Links the outputs of all tasks; gives the weakest confinement of the processes that decoded.
///
/// - `plan_digest`: SHA-256 of the plan's file;
/// - `clip`: the recording, for messages;
/// - `read`: gives the output of a task.
///
/// # Errors
/// When an output cannot be read, is not one of the plan, or does not fit the others
/// ([`ChunkError::Unfit`]).
pub fn link_scan(
    plan: &ChunkPlan,
    plan_digest: Digest,
    clip: &Path,
    read: ReadOutput<'_>,
) -> Result<(Findings, JailLevel)> {
    plan.check_program()?;
    let ChunkWork::Scan(scan) = &plan.work else {
        return Err(plan.other_work("scan").into());
    };
    let mut outputs = TaskOutputs {
        plan: plan_digest,
        read,
        first: None,
    };
    match &scan.division {
        Division::Whole(_) => {
            let (content, level) = outputs.take(0)?;
            let ChunkContent::Whole { findings } = content else {
                return Err(other_content(0, "a whole scan").into());
            };
            let found = findings::from_bytes(findings.as_bytes()).in_file(clip)?;
            let source = (found.source.digest, found.source.bytes);
            plan.check_source(source).in_file(clip)?;
            Ok((found, level))
        }
        Division::Parts(parts) => {
            let (mut found, level) = link_parts(parts, &mut outputs, clip)?;
            found.source.digest = plan.source.sha256.0;
            found.source.bytes = plan.source.bytes;
            Ok((found, level))
        }
    }
}

/// Links pictures and sound.
fn link_parts(
    parts: &ScanParts,
    outputs: &mut TaskOutputs<'_>,
    clip: &Path,
) -> Result<(Findings, JailLevel)> {
    let sound = u32::try_from(parts.pictures.len()).unwrap_or(u32::MAX);
    let (content, mut level) = outputs.take(sound)?;
    let ChunkContent::Sound { findings } = content else {
        return Err(other_content(sound, "the sound").into());
    };
    let mut found = findings::from_bytes(findings.as_bytes()).in_file(clip)?;
    let video = &found.source.info.video;
    let options = ScanOptions::default();
    let mut linker = Linker::new(video.time_base, video.first_timestamp, &options.tracker);
    let mut joint = Joint {
        video: video.into(),
        runs: None,
        end_ticks: None,
    };
    for (task, chunk) in (0..).zip(&parts.pictures) {
        let (content, confined) = outputs.take(task)?;
        level = weaker(level, confined);
        let ChunkContent::Pictures(pictures) = content else {
            return Err(other_content(task, "pictures").into());
        };
        joint.check(task, chunk, &pictures)?;
        for place in 0..pictures.frames.len() {
            let frame = pictures.frame(chunk.start, place)?;
            joint.check_time(frame.timestamp.ticks(), frame.duration_ticks, task)?;
            linker.add(&frame).in_file(clip)?;
        }
    }
    let linked = linker.finish().in_file(clip)?;
    found.source.frames = linked.frames;
    found.source.duration_ticks = linked.duration_ticks;
    found.tracks = linked.tracks;
    Ok((found, level))
}

/// What is known where the next chunk begins.
struct Joint {
    video: VideoForm,
    /// When detectors ran last; `None` before the first chunk.
    runs: Option<Vec<(i64, Option<i64>)>>,
    /// When the last frame ends; `None` before the first one.
    end_ticks: Option<i64>,
}

impl Joint {
    /// Checks a chunk against the one before it, and continues behind it.
    fn check(
        &mut self,
        task: u32,
        chunk: &PictureChunk,
        pictures: &PicturesOutput,
    ) -> Result<(), ChunkError> {
        let unfit = |what: String| ChunkError::Unfit { task, what };
        if let Some(conversion) = pictures.conversions.first() {
            return Err(unfit(conversion.clone()));
        }
        if pictures.video != self.video {
            return Err(unfit(
                "its pictures differ from those of the other tasks".to_owned(),
            ));
        }
        let (found, expected) = (pictures.frames.len(), chunk.end - chunk.start);
        if found != expected as usize {
            return Err(unfit(format!("found {found} frames, expected {expected}")));
        }
        let [before, after] = &pictures.runs;
        let continues = match &self.runs {
            Some(runs) => runs == before,
            None => before.iter().all(|(_, last)| last.is_none()),
        };
        if !continues {
            let what = "its detectors did not continue where those of the task before it ended";
            return Err(unfit(what.to_owned()));
        }
        self.runs = Some(after.clone());
        Ok(())
    }

    /// Checks that a frame begins where the one before it ends.
    fn check_time(&mut self, ticks: i64, duration: i64, task: u32) -> Result<(), ChunkError> {
        let expected = self.end_ticks.unwrap_or(self.video.first_tick);
        if ticks != expected {
            let what = format!("a frame is shown at tick {ticks}, expected {expected}");
            return Err(ChunkError::Unfit { task, what });
        }
        self.end_ticks = Some(ticks.saturating_add(duration));
        Ok(())
    }
}

/// The outputs of all tasks.
struct TaskOutputs<'a> {
    plan: Digest,
    read: ReadOutput<'a>,
    /// The first task that was read, and its machine.
    first: Option<(u32, Machine)>,
}

impl TaskOutputs<'_> {
    /// The output of a task, of the plan and from a machine like that of the others.
    fn take(&mut self, task: u32) -> Result<(ChunkContent, JailLevel)> {
        let output = ChunkOutput::from_bytes(&(self.read)(task)?)?;
        output.check(self.plan, task)?;
        let (first, machine) = self
            .first
            .get_or_insert_with(|| (task, output.machine.clone()));
        if let Some((found, expected)) = output.machine.difference(machine) {
            return Err(ChunkError::OtherMachine {
                task,
                first: *first,
                found,
                expected,
            }
            .into());
        }
        Ok((output.content, output.confined))
    }
}

/// The weaker confinement of two.
fn weaker(one: JailLevel, other: JailLevel) -> JailLevel {
    JailLevel {
        landlock_abi: one.landlock_abi.min(other.landlock_abi),
        landlock_capped: one.landlock_capped || other.landlock_capped,
        seccomp: one.seccomp && other.seccomp,
    }
}

fn other_content(task: u32, expected: &'static str) -> ChunkError {
    ChunkError::value(
        format!("output of task {task}"),
        "the output of another task",
        expected,
    )
}
