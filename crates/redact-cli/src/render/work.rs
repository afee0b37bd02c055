//! Rendering and checking a release, in the confined process.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use redact_core::{ApprovedPlan, Digest, FrameSpan, Source, SourceInfo, SourceSettings};
use redact_engine::{Check, Expected, RenderReport, frames_of_levels, take_levels};
use redact_media::{
    CopyPlan, EncodeOptions, FileSink, OpenOptions, Readback, ReadbackRun, SegmentCache,
};
use redact_record::manifest::{CodingFacts, FrameClock, Hex};
use redact_record::{plan, policy};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::kept::{Evidence, KeptRuns, Known};
use super::look::{open, source_channels};
use super::rendered::Rendered;
use super::{Claims, Declared, Examined, both, copied, facts, leaks, look, second};
use crate::args::{ModelArgs, PresetArg, ReencodeArg};
use crate::progress::TerminalProgress;

/// A render, for the confined process.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RenderWork {
    /// The recording.
    pub(super) clip: PathBuf,
    /// Where it is written; the file is there.
    pub(super) partial: PathBuf,
    /// What it will be called.
    pub(super) release: PathBuf,
    /// The approved plan, as its file has it.
    pub(super) plan: String,
    /// SHA-256 of the recording.
    pub(super) source: Hex,
    pub(super) preset: PresetArg,
    pub(super) crf: u8,
    pub(super) reencode: ReencodeArg,
    pub(super) threads: usize,
    /// Models for a second look, if there is to be one.
    pub(super) second_look: Option<ModelArgs>,
    /// Whether what a second look still sees is accepted.
    pub(super) accept_seen: bool,
    /// Folder through which segments of the cache come and go, if there is a cache.
    pub(super) segments: Option<PathBuf>,
}

impl RenderWork {
    /// Loads what a second look needs, gives up every right but to read the recording and to write
    /// the release, renders and checks it.
    ///
    /// # Errors
    /// The first cause; what was written is then no release.
    pub(crate) fn run(self, seal: impl FnOnce() -> Result<()>) -> Result<Value> {
        let plan = plan::from_bytes(self.plan.as_bytes())?;
        let plan = plan::approved(plan, self.source.0)?;
        let looking = match &self.second_look {
            Some(models) => {
                let policy = policy::embedded(&plan.plan().policy)?;
                let acknowledged = &plan.plan().acknowledged;
                Some(second::eyes(models, &policy, acknowledged, self.threads)?)
            }
            None => None,
        };
        seal()?;
        let progress = TerminalProgress::new(true);
        let plan = self.with_levels(plan, &progress)?;
        let rendered = Render {
            work: &self,
            plan: &plan,
        }
        .run(looking, &progress)?;
        Ok(serde_json::to_value(rendered)?)
    }
}

impl RenderWork {
    /// The plan with the levels that its blurred and pixelated masks are drawn from. Only the
    /// groups of pictures in which such masks begin are decoded, where the recording's are
    /// understood.
    fn with_levels(&self, plan: ApprovedPlan, progress: &TerminalProgress) -> Result<ApprovedPlan> {
        let frames = frames_of_levels(plan.redactions());
        if frames.is_empty() {
            return Ok(plan);
        }
        let begins = |span: FrameSpan| frames.iter().any(|&frame| span.contains(frame));
        let copy_plan = copied::choose(&self.clip, &plan, self.reencode)?;
        let copy_plan = copy_plan.map(|copy_plan| copy_plan.to_compare(|span| !begins(span)));
        let options = OpenOptions {
            audio: true,
            threads: self.threads,
            damaged: look::damaged(&plan.plan().damage),
            settings: plan.plan().source.info.settings(),
            ..OpenOptions::default()
        };
        let mut source = open(&self.clip, &options, copy_plan.as_ref())?;
        let levels = take_levels(&mut source, plan.redactions(), progress)
            .with_context(|| self.clip.display().to_string())?;
        Ok(plan.with_levels(levels))
    }
}

/// One release to make, with its plan.
pub(super) struct Render<'a> {
    pub(super) work: &'a RenderWork,
    pub(super) plan: &'a ApprovedPlan,
}

/// What a render gave beside the file.
struct Written {
    report: RenderReport,
    clock: FrameClock,
    /// What was decoded again while it was written.
    echoed: Vec<ReadbackRun>,
}

/// A written file, and how it was made.
struct Looked<'a> {
    partial: &'a Path,
    copy_plan: Option<&'a CopyPlan>,
    coding: &'a CodingFacts,
    kept: Option<&'a KeptRuns>,
    echoed: &'a [ReadbackRun],
    /// What was found in their frames.
    seen: &'a Evidence,
}

impl Looked<'_> {
    /// Whether what is claimed to be copied is so, and the groups of the file; nothing where all
    /// was to be encoded anew.
    fn claims(&self, claims: &Claims) -> Result<Option<(Check, CopyPlan)>> {
        let is_asked = self.copy_plan.is_some();
        is_asked
            .then(|| claims.check(self.partial, &SourceSettings::default(), "copied data"))
            .transpose()
    }

    /// What need not be looked at again in the file with `groups`.
    fn known(&self, groups: &[(FrameSpan, Digest)]) -> Known {
        let mut known = Known::default();
        known.add_seen(self.echoed, self.seen, groups);
        if let Some(kept) = self.kept {
            kept.add_to(&mut known, groups);
        }
        known
    }
}

impl Render<'_> {
    fn run(
        &self,
        looking: Option<crate::eyes::Looking>,
        progress: &TerminalProgress,
    ) -> Result<Rendered> {
        let work = self.work;
        let (partial, threads) = (work.partial.as_path(), work.threads);
        let mut copy_plan = copied::choose(&work.clip, self.plan, work.reencode)?;
        let kept = work.segments.as_deref().zip(copy_plan.as_ref());
        let kept = kept.map(|(folder, copy_plan)| Arc::new(KeptRuns::new(folder, copy_plan)));
        if let (Some(kept), Some(copy_plan)) = (&kept, &mut copy_plan) {
            let store: Arc<dyn SegmentCache> = Arc::<KeptRuns>::clone(kept);
            *copy_plan = copy_plan.with_cache(store, |run| kept.has(run));
        }
        let written = self.write(partial, copy_plan.as_ref(), threads, progress)?;
        let Written {
            report,
            clock,
            echoed,
        } = written;
        let coding = copied::facts(copy_plan.as_ref(), &report, self.plan);
        let looked = Looked {
            partial,
            copy_plan: copy_plan.as_ref(),
            coding: &coding,
            kept: kept.as_deref(),
            echoed: &echoed,
            seen: &report.seen,
        };
        let (checks, info) = self.check(&looked, threads, progress)?;
        let second_look = looking
            .map(|looking| second::check(self, looking, progress))
            .transpose()?;
        Ok(Rendered::new(
            self.plan,
            &report,
            &coding,
            &clock,
            checks,
            &info,
            second_look,
        ))
    }

    /// What the plan says that the recording's source meets.
    fn declared(&self) -> Declared {
        let plan = self.plan.plan();
        let conversions = plan.source.info.conversions.iter();
        Declared {
            damage: plan.damage.clone(),
            conversions: conversions.map(ToString::to_string).collect(),
            settings: plan.source.info.settings(),
        }
    }

    /// How the recording is read: past damage only where the scan did so and found some.
    fn options(&self, threads: usize) -> OpenOptions {
        OpenOptions {
            audio: true,
            threads,
            damaged: look::damaged(&self.plan.plan().damage),
            settings: self.plan.plan().source.info.settings(),
            ..OpenOptions::default()
        }
    }

    /// Refuses a plan that describes another recording than the one with its SHA-256: masks and
    /// mutes would lie elsewhere.
    fn check_source(&self, found: &SourceInfo) -> Result<()> {
        let planned = &self.plan.plan().source;
        let Some((what, expected, found)) = planned.disagreement(found) else {
            return Ok(());
        };
        bail!(
            "{}: the plan describes it wrongly: {what}: the plan says {expected}, it is {found}",
            self.work.clip.display()
        )
    }

    fn write(
        &self,
        partial: &Path,
        copy_plan: Option<&CopyPlan>,
        threads: usize,
        progress: &TerminalProgress,
    ) -> Result<Written> {
        let clip = || self.work.clip.display().to_string();
        let release = || self.work.release.display().to_string();
        let options = self.options(threads);
        let source = open(&self.work.clip, &options, copy_plan)?;
        self.check_source(source.info())?;
        let encode = EncodeOptions {
            preset: super::preset(self.work.preset),
            crf: self.work.crf,
            b_frames: super::is_efficient(&self.plan.plan().source.info.video.codec),
            threads,
            ..EncodeOptions::default()
        };
        let sink = match copy_plan {
            Some(copy_plan) => {
                FileSink::create_with_plan(partial, source.info(), &encode, copy_plan)
            }
            None => FileSink::create(partial, source.info(), &encode),
        };
        let mut sink = sink.with_context(release)?;
        let (source, clock) = facts::clocked(source);
        let readback = sink.readback();
        let record = readback.as_ref().map(Readback::record);
        let readback = readback.map(|readback| Box::new(readback) as Box<dyn Source>);
        let (source, sink) = (Box::new(source), Box::new(sink));
        let report = redact_engine::render(source, self.plan, sink, readback, progress);
        let report = report.map_err(|error| {
            // A failing source is the recording's fault, anything else the release's.
            let name = match error {
                redact_engine::RenderError::Source(_) => clip(),
                _ => release(),
            };
            anyhow::Error::from(error).context(name)
        })?;
        Ok(Written {
            report,
            clock: clock.take(),
            echoed: record.map(|record| record.runs()).unwrap_or_default(),
        })
    }

    /// Looks at the written file as a stranger would, and compares it with the source.
    fn check(
        &self,
        looked: &Looked<'_>,
        threads: usize,
        progress: &TerminalProgress,
    ) -> Result<(facts::AllChecks, SourceInfo)> {
        let redactions = &facts::nameless(self.plan.redactions());
        let audio_tracks = self.plan.plan().source.info.audio.len();
        let expected = Expected {
            frames: self.plan.plan().source.frames,
            audio_tracks,
        };
        let claims = Claims::of(looked.coding, expected.frames);
        let (clip, partial) = (self.work.clip.as_path(), looked.partial);
        let (leaks, claimed) = both(
            || {
                Ok::<_, anyhow::Error>((
                    leaks(partial, &expected)?,
                    source_channels(clip, audio_tracks)?,
                ))
            },
            || looked.claims(&claims),
        );
        let ((leaks, source_channels), (copied, written)) = (leaks?, claimed?.unzip());
        let groups = written.as_ref().map(CopyPlan::groups).unwrap_or_default();
        let known = looked.known(&groups);
        // What has the source's digests, or those of what was looked at before, decodes as that
        // does; anything else is looked at.
        let proved = copied.as_ref().is_none_or(|check| check.passed);
        let both = looked.copy_plan.zip(written).filter(|_| proved);
        let is_known = |span| known.covers(span);
        let examined = Examined {
            clip,
            release: looked.partial,
            source_copy_plan: both
                .as_ref()
                .map(|(copy_plan, _)| copy_plan.to_compare(is_known)),
            release_copy_plan: both.as_ref().map(|(_, written)| {
                let decoded = written.to_compare(is_known);
                decoded.with_decoded_joins(|frame| known.is_join(frame))
            }),
            redactions,
            expected: &expected,
            declared: &self.declared(),
            earlier: looked.copy_plan.map(|_| &known.evidence),
        };
        let (mut found, info) = examined.examine(threads, progress)?;
        found
            .compare
            .checks
            .extend(copied.filter(|_| !claims.is_empty()));
        let checks = facts::AllChecks {
            leaks,
            audit: found.audit,
            compare: found.compare,
            source_channels,
        };
        if let Some(failed) = checks.first_failure() {
            bail!(
                "{}: the written file failed its audit and was discarded: {failed}",
                self.work.release.display()
            );
        }
        if let Some(kept) = looked.kept {
            kept.note(&groups, &found.evidence, &known);
        }
        Ok((checks, info))
    }
}
