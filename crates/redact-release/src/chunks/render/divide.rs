//! Divides a render: what is re-encoded of a recording, as tasks.

use std::path::{Path, PathBuf};

use redact_core::{ApprovedPlan, TimeBase, Timestamp};
use redact_jail::{JailError, JailLevel};
use redact_media::{CopyPlan, Preset, RunTimes, SegmentForm};
use redact_record::manifest::{Hex, LevelsFile};
use redact_record::plan;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::times::{FRAMES_MAX, RunFile};
use crate::chunks::error::ChunkError;
use crate::error::{Context as _, Result};
use crate::options::{EncodingOptions, PresetForm, Reencode};
use crate::ports::{Access, JobKind, JobPorts, Ports, ProgressListener, job as job_text};
use crate::render::{analyze, choose, crf_of, why_nothing_is_copied, with_levels};

/// Video of one task, nanoseconds: 60 s. Opening a recording costs each task a few hundredths of a
/// second, and reading it for its digest as much as the disk takes.
const TASK_NANOS: i64 = 60_000_000_000;

/// The reason for no tasks where nothing is re-encoded.
const NOTHING_TOUCHED: &str = "no mask touches any GOP, so no picture is re-encoded";

/// How one render is divided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenderDivision {
    /// The approved plan, as its file has it.
    pub plan: String,
    #[serde(with = "PresetForm")]
    preset: Preset,
    crf: u8,
    reencode: Reencode,
    /// What all segments have in common; `None` where there are none.
    form: Option<FormFile>,
    /// What each mask shows that is not filled, in their order.
    levels: Vec<Option<LevelsFile>>,
    /// The runs of each task.
    tasks: Vec<Vec<RunFile>>,
    /// Why frames are left to the machine that makes the release, if some are.
    pub left: Option<String>,
}

/// What all segments have in common, as a chunk plan says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FormFile {
    first_ticks: i64,
    reorder: u8,
    repeats_sets: bool,
}

impl From<FormFile> for SegmentForm {
    fn from(file: FormFile) -> Self {
        Self {
            first_ticks: file.first_ticks,
            reorder: usize::from(file.reorder),
            repeats_sets: file.repeats_sets,
        }
    }
}

impl From<SegmentForm> for FormFile {
    fn from(form: SegmentForm) -> Self {
        Self {
            first_ticks: form.first_ticks,
            reorder: u8::try_from(form.reorder).unwrap_or(u8::MAX),
            repeats_sets: form.repeats_sets,
        }
    }
}

impl RenderDivision {
    /// Number of tasks, which are numbered from 0.
    #[must_use]
    pub fn tasks(&self) -> u32 {
        u32::try_from(self.tasks.len()).unwrap_or(u32::MAX)
    }

    /// The runs of a task; `None` where there is no such task.
    #[must_use]
    pub fn runs(&self, task: u32) -> Option<&[RunFile]> {
        let runs = self.tasks.get(usize::try_from(task).ok()?)?;
        Some(runs)
    }

    /// Frames that all tasks encode.
    #[must_use]
    pub fn frames(&self) -> u32 {
        let runs = self.tasks.iter().flatten();
        let counts = runs.map(|run| run.count().unwrap_or_default());
        counts.fold(0, u32::saturating_add)
    }

    /// How the segments are encoded, and with them the release.
    #[must_use]
    pub const fn encoding(&self) -> EncodingOptions {
        EncodingOptions {
            preset: self.preset,
            crf: Some(self.crf),
            reencode: self.reencode,
        }
    }

    pub(super) const fn preset(&self) -> Preset {
        self.preset
    }

    pub(super) const fn crf(&self) -> u8 {
        self.crf
    }

    pub(super) const fn form(&self) -> Option<FormFile> {
        self.form
    }

    pub(super) fn levels(&self) -> &[Option<LevelsFile>] {
        &self.levels
    }

    /// Refuses an encoding that a render of the plan would not choose.
    ///
    /// # Errors
    /// [`ChunkError::Value`].
    pub(crate) fn check_encoding(&self, plan: &ApprovedPlan) -> Result<(), ChunkError> {
        let most = crf_of(plan, &self.encoding());
        if self.crf <= most {
            return Ok(());
        }
        let expected = format!("at most {most}, as with every render of this plan");
        Err(ChunkError::value("crf", self.crf, expected))
    }

    /// Checks a division from a file.
    ///
    /// # Errors
    /// [`ChunkError::Value`] with the first thing that is wrong.
    pub(crate) fn check(&self) -> Result<(), ChunkError> {
        let wrong = |field: String, found: &dyn ToString, expected: &str| {
            Err(ChunkError::value(field, found.to_string(), expected))
        };
        if self.crf > 51 {
            return wrong("crf".to_owned(), &self.crf, "0 to 51");
        }
        if self.form.is_none() && !self.tasks.is_empty() {
            return wrong(
                "form".to_owned(),
                &"null",
                "what all segments have in common",
            );
        }
        let mut due = 0;
        for (task, runs) in self.tasks.iter().enumerate() {
            let place = |at: usize| format!("tasks[{task}][{at}]");
            if runs.is_empty() {
                return wrong(format!("tasks[{task}]"), &"no runs", "at least one");
            }
            for (at, run) in runs.iter().enumerate() {
                let end = run.frames().map(|frames| frames.end().get());
                let Some(end) = end.filter(|end| run.start >= due && *end <= FRAMES_MAX) else {
                    let expected = "runs of a recording in order, none over another";
                    return wrong(place(at), &run.start, expected);
                };
                if run.times().is_none() {
                    return wrong(place(at), &run.start, "frames whose times increase");
                }
                due = end;
            }
        }
        Ok(())
    }
}

/// Divides a render of the recording at `clip` by `plan`. A confined worker analyzes the recording,
/// as every render does first.
///
/// # Errors
/// When the recording cannot be read, or is not the one of the plan.
pub fn divide_render(
    clip: &Path,
    plan: &ApprovedPlan,
    encoding: &EncodingOptions,
    ports: &Ports<'_>,
) -> Result<(RenderDivision, JailLevel)> {
    let text = String::from_utf8_lossy(&plan::to_bytes(plan.plan())).into_owned();
    let work = RenderDivisionWork {
        clip: clip.to_owned(),
        plan: text,
        source: Hex(plan.plan().source.digest),
        preset: encoding.preset,
        crf: crf_of(plan, encoding),
        reencode: encoding.reencode,
        threads: ports.threads,
    };
    let access = Access {
        read: vec![clip.to_owned()],
        ..Access::default()
    };
    let listener = ProgressListener(ports.progress);
    let text = job_text(JobKind::DivideRender, &work)?;
    let (divided, level) = ports.worker.run(text, &access, &listener)?;
    let divided: DividedRender = serde_json::from_value(divided)?;
    let division = RenderDivision {
        plan: work.plan,
        preset: work.preset,
        crf: work.crf,
        reencode: work.reencode,
        form: divided.form,
        levels: divided.levels,
        tasks: divided.tasks,
        left: divided.left,
    };
    Ok((division, level))
}

/// What the worker found.
#[derive(Default, Serialize, Deserialize)]
struct DividedRender {
    form: Option<FormFile>,
    levels: Vec<Option<LevelsFile>>,
    tasks: Vec<Vec<RunFile>>,
    left: Option<String>,
}

impl DividedRender {
    /// Nothing is divided.
    fn whole(why: impl Into<String>) -> Self {
        Self {
            left: Some(why.into()),
            ..Self::default()
        }
    }
}

/// A division, for the confined worker.
#[derive(Serialize, Deserialize)]
pub(crate) struct RenderDivisionWork {
    clip: PathBuf,
    /// The approved plan, as its file has it.
    plan: String,
    /// SHA-256 of the recording.
    source: Hex,
    #[serde(with = "PresetForm")]
    preset: Preset,
    crf: u8,
    reencode: Reencode,
    threads: usize,
}

impl RenderDivisionWork {
    /// Gives up every right but to read the recording, analyzes it and divides what is re-encoded.
    ///
    /// # Errors
    /// The first cause.
    pub(crate) fn run(
        self,
        seal: impl FnOnce() -> Result<(), JailError>,
        ports: &JobPorts<'_>,
    ) -> Result<Value> {
        let plan = plan::from_bytes(self.plan.as_bytes())?;
        let plan = plan::approved(plan, self.source.0)?;
        seal()?;
        Ok(serde_json::to_value(self.divide(plan, ports)?)?)
    }

    fn divide(&self, plan: ApprovedPlan, ports: &JobPorts<'_>) -> Result<DividedRender> {
        let Some(analysis) = analyze(&self.clip, &plan, self.reencode, self.threads)? else {
            return Ok(DividedRender::whole(why_nothing_is_copied(
                &plan,
                self.reencode,
            )));
        };
        let copy_plan = choose(analysis, &plan, None).in_file(&self.clip)?;
        let Some(form) = copy_plan.segment_form() else {
            let why = copy_plan.pictures_refused().unwrap_or(NOTHING_TOUCHED);
            return Ok(DividedRender::whole(why));
        };
        let base = plan.plan().source.info.video.time_base;
        let (tasks, left) = divide_runs(copy_plan.run_times(), base);
        if tasks.is_empty() {
            let why = left.unwrap_or_else(|| NOTHING_TOUCHED.to_owned());
            return Ok(DividedRender::whole(why));
        }
        let levels = self.levels(plan, &copy_plan, ports)?;
        Ok(DividedRender {
            form: Some(form.into()),
            levels,
            tasks,
            left,
        })
    }

    fn levels(
        &self,
        plan: ApprovedPlan,
        copy_plan: &CopyPlan,
        ports: &JobPorts<'_>,
    ) -> Result<Vec<Option<LevelsFile>>> {
        let plan = with_levels(
            &self.clip,
            plan,
            Some(copy_plan),
            self.threads,
            ports.progress,
        );
        let plan = plan.in_file(&self.clip)?;
        let masks = plan.redactions().masks.iter();
        Ok(masks.map(|mask| mask.levels().map(Into::into)).collect())
    }
}

/// Consecutive runs of about [`TASK_NANOS`] each, and why runs that are longer by themselves are
/// left out.
fn divide_runs(runs: Vec<RunTimes>, base: TimeBase) -> (Vec<Vec<RunFile>>, Option<String>) {
    let (mut tasks, mut task, mut nanos) = (Vec::new(), Vec::new(), 0_i64);
    let mut long = 0_u32;
    for run in runs {
        let (first, last) = (run.ticks().first(), run.ticks().last());
        let ticks = first
            .zip(last)
            .map_or(0, |(first, last)| last.saturating_sub(*first));
        let length = Timestamp::new(ticks).nanos(base).unwrap_or(i64::MAX);
        if length > TASK_NANOS {
            long = long.saturating_add(run.frames.frames());
            continue;
        }
        task.push(RunFile::from(&run));
        nanos = nanos.saturating_add(length);
        if nanos >= TASK_NANOS {
            tasks.push(std::mem::take(&mut task));
            nanos = 0;
        }
    }
    tasks.extend(Some(task).filter(|task| !task.is_empty()));
    let seconds = TASK_NANOS / 1_000_000_000;
    let left = (long > 0).then(|| {
        format!("{long} frames are in runs of more than {seconds} s without a key frame in between")
    });
    (tasks, left)
}

#[cfg(test)]
mod tests {
    use redact_core::{FrameIndex, FrameSpan};

    use super::*;

    /// A run of `frames` at 10 frames/s from frame `start`, in ticks of a millisecond.
    fn run(start: u32, frames: u32) -> RunTimes {
        let span = FrameSpan::new(FrameIndex::new(start), FrameIndex::new(start + frames));
        let ticks = (start..start + frames).map(|frame| i64::from(frame) * 100);
        RunTimes::new(span.unwrap(), ticks.collect()).unwrap()
    }

    /// Goal: tasks have about a minute each, every run is in one task or in the reason why not, and
    /// a run that is longer by itself is left out.
    #[test]
    fn runs_are_divided_into_minutes() {
        let base = TimeBase::new(1, 1000).unwrap();
        let short = || (0..70).map(|at| run(at * 20, 20));
        let (tasks, left) = divide_runs(short().collect(), base);
        let counts: Vec<usize> = tasks.iter().map(Vec::len).collect();
        // Each run lasts 1.9 s from its first frame to its last.
        assert_eq!((counts, left), (vec![32, 32, 6], None));
        let (tasks, left) = divide_runs(vec![run(0, 20), run(20, 700), run(720, 20)], base);
        assert_eq!(tasks.len(), 1);
        assert_eq!(
            tasks[0].iter().map(|run| run.start).collect::<Vec<_>>(),
            [0, 720]
        );
        assert!(
            left.unwrap()
                .starts_with("700 frames are in runs of more than 60 s")
        );
        assert_eq!(divide_runs(Vec::new(), base), (Vec::new(), None));
    }

    /// Goal: a chunk plan that was edited is refused with the place. Control: the whole one is not.
    #[test]
    fn a_wrong_division_is_refused_with_the_place() {
        let whole = RenderDivision {
            plan: String::new(),
            preset: Preset::Fast,
            crf: 18,
            reencode: Reencode::Touched,
            form: Some(FormFile {
                first_ticks: 0,
                reorder: 0,
                repeats_sets: false,
            }),
            levels: Vec::new(),
            tasks: vec![
                vec![RunFile::from(&run(0, 20))],
                vec![RunFile::from(&run(20, 20))],
            ],
            left: None,
        };
        assert!(whole.check().is_ok());
        assert_eq!((whole.tasks(), whole.frames()), (2, 40));
        let place = |edit: fn(&mut RenderDivision)| {
            let mut edited = whole.clone();
            edit(&mut edited);
            match edited.check() {
                Err(ChunkError::Value { field, .. }) => field,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(place(|edited| edited.crf = 52), "crf");
        assert_eq!(place(|edited| edited.form = None), "form");
        assert_eq!(place(|edited| edited.tasks[1].clear()), "tasks[1]");
        assert_eq!(place(|edited| edited.tasks.swap(0, 1)), "tasks[1][0]");
        assert_eq!(
            place(|edited| edited.tasks[0][0].steps[0].0 = 0),
            "tasks[0][0]"
        );
    }
}
