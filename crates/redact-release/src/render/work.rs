//! Rendering and checking a release, in the confined worker.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use redact_core::{ApprovedPlan, Digest, FrameSpan, Source, SourceInfo};
use redact_engine::{Check, Expected, RenderError, RenderReport};
use redact_jail::JailError;
use redact_media::{
    CopyPlan, EncodeOptions, FileSink, OpenOptions, Preset, Readback, ReadbackRun, SegmentCache,
};
use redact_record::manifest::{CodingFacts, FrameClock, Hex, SecondLook};
use redact_record::plan;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::checks::{AllChecks, numbered};
use super::clocked::clocked;
use super::copy_choice;
use super::excerpt;
use super::job::is_efficient;
use super::levels::{open_options, with_levels};
use super::result::RenderResult;
use super::second_look::{self, SecondLookJob};
use crate::check::{CopyClaims, Declared, Examined, leaks, open, source_channels, within};
use crate::detectors::LoadedDetectors;
use crate::error::{Context as _, ReleaseError, Result};
use crate::files::both;
use crate::options::{ModelOptions, PresetForm, Reencode};
use crate::ports::JobPorts;
use crate::segment_cache::{Evidence, KnownSegments, ProofClient, SegmentCacheClient};

/// A render, for the confined worker.
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
    #[serde(with = "PresetForm")]
    pub(super) preset: Preset,
    pub(super) crf: u8,
    /// What of the recording is released, in nanoseconds from its first frame; empty for all of it.
    pub(super) spans: Vec<(i64, i64)>,
    pub(super) reencode: Reencode,
    pub(super) threads: usize,
    /// Detectors of a second look, if there is to be one.
    pub(super) second_look: Option<ModelOptions>,
    /// Whether what a second look finds is accepted.
    pub(super) accept_detected: bool,
    /// Folder through which segments of the cache come and go, if there is a cache.
    pub(super) segments: Option<PathBuf>,
}

impl RenderWork {
    /// Loads what a second look needs, gives up every right but to read the recording and to write
    /// the release, renders and checks it.
    ///
    /// # Errors
    /// The first cause; what was written is then no release.
    pub(crate) fn run(
        self,
        seal: impl FnOnce() -> Result<(), JailError>,
        ports: &JobPorts<'_>,
    ) -> Result<Value> {
        let plan = plan::from_bytes(self.plan.as_bytes())?;
        let plan = plan::approved(plan, self.source.0)?;
        let models = self.second_look.as_ref();
        let detectors = models
            .map(|models| second_look::load(models, &plan, self.threads))
            .transpose()?;
        seal()?;
        let analysis = copy_choice::analyze(&self.clip, &plan, self.reencode, self.threads)?;
        let options = open_options(&plan, self.threads);
        let cut = excerpt::cut(&self.clip, plan, &self.spans, analysis.as_ref(), &options);
        let (plan, form) = cut?;
        let folder = self.segments.as_deref();
        let proofs = folder.map(|folder| ProofClient::new(folder, Arc::clone(&ports.cache)));
        let choose = |analysis| copy_choice::choose(analysis, &plan, proofs.as_ref());
        let copy_plan = analysis.map(choose).transpose().in_file(&self.clip)?;
        let (clip, copied) = (&self.clip, copy_plan.as_ref());
        let plan = with_levels(clip, plan, copied, self.threads, ports.progress)?;
        let render = Render {
            work: &self,
            plan: &plan,
            ports,
        };
        let made = render.run(copy_plan, detectors)?.with_excerpt(form);
        Ok(serde_json::to_value(made)?)
    }
}

/// The pictures of a written file that are coded as pictures that were parsed to their last bit:
/// those that are copied, if that is `proved`, and those of segments of earlier releases. Ranges in
/// order; GOPs are whole, so that frames and packets count alike.
fn accounted(claims: &CopyClaims, known: &KnownSegments, proved: bool) -> Vec<Range<u32>> {
    let runs = claims.runs.iter().map(|&(start, end, _)| start..end);
    let scanned = known.scanned().iter();
    let scanned = scanned.map(|frames| frames.start().get()..frames.end().get());
    let mut all: Vec<Range<u32>> = if proved {
        runs.chain(scanned).collect()
    } else {
        Vec::new()
    };
    all.sort_unstable_by_key(|range| range.start);
    all
}

/// How the pictures of a release are encoded.
pub(crate) fn encode_options(
    plan: &ApprovedPlan,
    preset: Preset,
    crf: u8,
    threads: usize,
) -> EncodeOptions {
    EncodeOptions {
        preset,
        crf,
        b_frames: is_efficient(&plan.plan().source.info.video.codec),
        threads,
        ..EncodeOptions::default()
    }
}

/// One release to make, with its plan.
struct Render<'a> {
    work: &'a RenderWork,
    plan: &'a ApprovedPlan,
    ports: &'a JobPorts<'a>,
}

/// What a render gave beside the file.
struct Written {
    report: RenderReport,
    clock: FrameClock,
    /// What was decoded while it was written.
    readback: Vec<ReadbackRun>,
}

/// How a written file was made, for its checks.
struct Made<'a> {
    copy_plan: Option<&'a CopyPlan>,
    coding: &'a CodingFacts,
    cache: Option<&'a SegmentCacheClient>,
    readback: &'a [ReadbackRun],
}

impl Made<'_> {
    /// What needs no second check in the file with `groups`; `seen` was found in the frames of the
    /// readback.
    fn known(&self, seen: Evidence, groups: &[(FrameSpan, Digest)]) -> KnownSegments {
        let mut known = KnownSegments::default();
        known.add_readback(self.readback, seen, groups);
        if let Some(cache) = self.cache {
            cache.add_to(&mut known, groups);
        }
        known
    }
}

impl Render<'_> {
    fn run(
        &self,
        mut copy_plan: Option<CopyPlan>,
        detectors: Option<LoadedDetectors>,
    ) -> Result<RenderResult> {
        let work = self.work;
        let cache = work.segments.as_deref().zip(copy_plan.as_ref());
        let cache = cache.map(|(folder, copy_plan)| {
            let link = Arc::clone(&self.ports.cache);
            Arc::new(SegmentCacheClient::new(folder, copy_plan, link))
        });
        if let (Some(cache), Some(copy_plan)) = (&cache, &mut copy_plan) {
            let store: Arc<dyn SegmentCache> = Arc::<SegmentCacheClient>::clone(cache);
            *copy_plan = copy_plan.with_cache(store, |run| cache.has(run));
        }
        let mut written = self.write(copy_plan.as_ref())?;
        let seen = std::mem::take(&mut written.report.seen);
        let report = &written.report;
        let coding = copy_choice::facts(copy_plan.as_ref(), report, self.plan);
        let made = Made {
            copy_plan: copy_plan.as_ref(),
            coding: &coding,
            cache: cache.as_deref(),
            readback: &written.readback,
        };
        let (checks, info) = self.check(&made, seen)?;
        let second_look = detectors.map(|detectors| self.second_look(detectors));
        let second_look = second_look.transpose()?;
        let clock = &written.clock;
        Ok(RenderResult::new(
            self.plan,
            report,
            &coding,
            clock,
            checks,
            &info,
            second_look,
        ))
    }

    fn second_look(&self, detectors: LoadedDetectors) -> Result<SecondLook> {
        let job = SecondLookJob {
            partial: &self.work.partial,
            release: &self.work.release,
            plan: self.plan,
            accept: self.work.accept_detected,
            threads: self.work.threads,
        };
        job.run(detectors, self.ports.progress)
    }

    /// What the plan declares of the recording.
    fn declared(&self) -> Declared {
        let plan = self.plan.plan();
        let conversions = plan.source.info.conversions.iter();
        Declared {
            damage: self.plan.damage().into_owned(),
            conversions: conversions.map(ToString::to_string).collect(),
            settings: plan.source.info.settings(),
        }
    }

    /// Refuses a plan that describes another recording than the one with its SHA-256: masks and
    /// mutes would lie elsewhere.
    fn check_source(&self, found: &SourceInfo) -> Result<()> {
        let planned = &self.plan.plan().source;
        match planned.disagreement(found) {
            None => Ok(()),
            Some((what, expected, found)) => {
                let error = ReleaseError::WrongSource {
                    what,
                    expected,
                    found,
                };
                Err(error).in_file(&self.work.clip)
            }
        }
    }

    fn write(&self, copy_plan: Option<&CopyPlan>) -> Result<Written> {
        let work = self.work;
        let source = open(
            &work.clip,
            &open_options(self.plan, work.threads),
            copy_plan,
        )?;
        self.check_source(source.info())?;
        let source = within(source, self.plan.excerpt());
        let encode = encode_options(self.plan, work.preset, work.crf, work.threads);
        let sink = match copy_plan {
            Some(copy_plan) => {
                let cut = self.plan.excerpt().map(|cut| copy_plan.of_excerpt(cut));
                let copy_plan = cut.as_ref().unwrap_or(copy_plan);
                FileSink::create_with_plan(&work.partial, source.info(), &encode, copy_plan)
            }
            None => FileSink::create(&work.partial, source.info(), &encode),
        };
        let mut sink = sink.in_file(&work.release)?;
        let (source, clock) = clocked(source);
        // An excerpt is decoded from the file instead.
        let is_whole = self.plan.excerpt().is_none();
        let readback = is_whole.then(|| sink.readback()).flatten();
        let record = readback.as_ref().map(Readback::record);
        let readback = readback.map(|readback| Box::new(readback) as Box<dyn Source>);
        let (source, sink) = (Box::new(source), Box::new(sink));
        let progress = self.ports.progress;
        let report = redact_engine::render(source, self.plan, sink, readback, progress);
        // A failing source is the recording's fault, anything else the release's.
        let is_source = matches!(report, Err(RenderError::Source(_)));
        let report = report.in_file(if is_source { &work.clip } else { &work.release })?;
        Ok(Written {
            report,
            clock: clock.take(),
            readback: record.map(|record| record.runs()).unwrap_or_default(),
        })
    }

    /// Checks the written file as a third party would, and compares it with the source.
    fn check(&self, made: &Made<'_>, seen: Evidence) -> Result<(AllChecks, SourceInfo)> {
        let redactions = &numbered(self.plan.redactions());
        let audio_tracks = self.plan.plan().source.info.audio.len();
        let expected = Expected {
            frames: self.plan.frames(),
            audio_tracks,
        };
        let claims = CopyClaims::of(made.coding, expected.frames);
        let (clip, partial) = (self.work.clip.as_path(), self.work.partial.as_path());
        let (source_channels, claimed) = both(
            || source_channels(clip, audio_tracks),
            || self.claimed(made, &claims),
        );
        let (source_channels, (copied, written)) = (source_channels?, claimed?.unzip());
        let groups = written.as_ref().map(CopyPlan::gops).unwrap_or_default();
        let known = made.known(seen, &groups);
        // What has the source's digests, or those of what was checked before, decodes as that
        // does; anything else is decoded. It is also accounted for as that is.
        let proved = copied.as_ref().is_none_or(|check| check.passed);
        let accounted = accounted(&claims, &known, proved);
        let plans = made.copy_plan.zip(written).filter(|_| proved);
        let is_known = |span| known.covers(span);
        let examined = Examined {
            clip,
            release: partial,
            source_copy_plan: plans
                .as_ref()
                .map(|(copy_plan, _)| copy_plan.to_compare(is_known)),
            release_copy_plan: plans.as_ref().map(|(_, written)| {
                let decoded = written.to_compare(is_known);
                decoded.with_decoded_joins(|frame| known.is_join(frame))
            }),
            excerpt: self.plan.excerpt(),
            redactions,
            expected: &expected,
            declared: &self.declared(),
            earlier: made.copy_plan.map(|_| &known.evidence),
        };
        let (leaks, found) = both(
            || leaks(partial, &expected, &accounted),
            || examined.examine(self.work.threads, self.ports.progress),
        );
        let (leaks, (mut found, info)) = (leaks?, found?);
        found
            .compare
            .checks
            .extend(copied.filter(|_| !claims.is_empty()));
        let checks = AllChecks {
            leaks,
            audit: found.audit,
            compare: found.compare,
            source_channels,
        };
        if let Some(check) = checks.first_failure() {
            return Err(ReleaseError::AuditFailed { check }).in_file(&self.work.release);
        }
        if let Some(cache) = made.cache {
            cache.save_evidence(&groups, &found.evidence, &known);
        }
        Ok((checks, info))
    }

    /// Whether what is claimed to be copied is so, and the GOPs of the file; nothing where all was
    /// to be re-encoded.
    fn claimed(&self, made: &Made<'_>, claims: &CopyClaims) -> Result<Option<(Check, CopyPlan)>> {
        let options = OpenOptions {
            threads: self.work.threads,
            ..OpenOptions::default()
        };
        made.copy_plan
            .map(|_| claims.check(&self.work.partial, &options, "copied data"))
            .transpose()
    }
}
