//! What the worker reports of a release that it wrote.
//!
//! Numbers that JSON cannot express (a muted track is at minus infinity) are sent as their bits.

use redact_core::{ApprovedPlan, FrameIndex, FrameSpan, SourceInfo, StreamSummary, Timestamp};
use redact_engine::{Check, RenderReport};
use redact_record::manifest::{
    AudioResult, CheckResult, CodingFacts, FrameClock, Hex, LevelsFile, Measured, MutedLevel,
    RestWithheld, SecondLook, SecondQuality, StreamFile, TakenOut,
};
use serde::{Deserialize, Serialize};

use super::checks::AllChecks;
use super::excerpt::{ExcerptForm, ExcerptRequest};
use crate::error::{Result, WorkerError};

/// What a render did and what the checks found in the file.
#[derive(Debug, Serialize, Deserialize)]
pub struct RenderResult {
    /// Frames of the release.
    pub frames: u32,
    /// Frames in which at least one mask shows.
    pub frames_masked: u32,
    /// Share of the picture under masks, on average over all frames.
    pub masked_area_mean: f64,
    /// Frames taken from the segment cache.
    pub frames_earlier: u32,
    /// Samples written and samples muted, per sound track.
    audio: Vec<(u64, u64)>,
    coding: Coding,
    /// Time of each frame, ticks.
    ticks: Vec<i64>,
    /// When the last frame ends, ticks.
    end: i64,
    leaks: Vec<CheckLine>,
    audit: Vec<CheckLine>,
    compare: Vec<CheckLine>,
    mutes: Vec<(usize, usize, u64, u64)>,
    seconds: Vec<(i64, [u64; 3])>,
    /// Leak channels that are open in the source.
    pub(super) source_channels: Vec<String>,
    pub(super) container: String,
    streams: Vec<StreamFile>,
    pub(super) second_look: Option<SecondLook>,
    /// What of the recording it shows, if not all of it.
    excerpt: Option<ExcerptForm>,
    /// What each mask shows that is not filled, in their order.
    levels: Vec<Option<LevelsFile>>,
}

/// One check.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct CheckLine {
    pub(super) name: String,
    pub(super) passed: bool,
    pub(super) evidence: String,
}

/// How pictures and sound came to be.
#[derive(Debug, Serialize, Deserialize)]
struct Coding {
    pictures_encoded_because: Option<String>,
    untouched_encoded_because: Option<String>,
    copied: Vec<(u32, u32, Hex)>,
    taken_out: TakenOut,
    sound: Vec<SoundLine>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SoundLine {
    Copied(Hex),
    Encoded(String),
}

impl From<Check> for CheckLine {
    fn from(check: Check) -> Self {
        Self {
            name: check.name.to_owned(),
            passed: check.passed,
            evidence: check.evidence,
        }
    }
}

impl From<&CheckLine> for CheckResult {
    fn from(line: &CheckLine) -> Self {
        Self {
            name: line.name.clone(),
            passed: line.passed,
            evidence: line.evidence.clone(),
        }
    }
}

impl From<&CodingFacts> for Coding {
    fn from(facts: &CodingFacts) -> Self {
        let span = |span: &FrameSpan| (span.start().get(), span.end().get());
        let copied = facts.copied.iter().map(|(frames, digest)| {
            let (start, end) = span(frames);
            (start, end, Hex(*digest))
        });
        let sound = facts.sound.iter().map(|made| match made {
            Ok(digest) => SoundLine::Copied(Hex(*digest)),
            Err(why) => SoundLine::Encoded(why.clone()),
        });
        Self {
            pictures_encoded_because: facts.pictures_encoded_because.clone(),
            untouched_encoded_because: facts.untouched_encoded_because.clone(),
            copied: copied.collect(),
            taken_out: facts.taken_out,
            sound: sound.collect(),
        }
    }
}

impl RenderResult {
    /// What is reported of a render whose checks all passed.
    pub(super) fn new(
        plan: &ApprovedPlan,
        report: &RenderReport,
        coding: &CodingFacts,
        clock: &FrameClock,
        checks: AllChecks,
        written: &SourceInfo,
        second_look: Option<SecondLook>,
    ) -> Self {
        let lines = |checks: Vec<Check>| checks.into_iter().map(Into::into).collect();
        let mutes = checks.audit.mutes.iter().map(|level| {
            let loudest = level.loudest_dbfs.to_bits();
            (level.mute, level.track, level.samples, loudest)
        });
        let seconds = checks.compare.seconds.iter().map(|second| {
            let measured = [second.worst_db, second.median_db, second.ssim];
            (second.second, measured.map(f64::to_bits))
        });
        Self {
            frames: report.frames,
            frames_masked: report.frames_masked,
            masked_area_mean: report.masked_area_mean,
            frames_earlier: report.frames_earlier,
            audio: report
                .audio
                .iter()
                .map(|track| (track.samples, track.muted_samples))
                .collect(),
            coding: coding.into(),
            ticks: clock.ticks().to_vec(),
            end: clock.end(),
            mutes: mutes.collect(),
            seconds: seconds.collect(),
            leaks: lines(checks.leaks),
            audit: lines(checks.audit.checks),
            compare: lines(checks.compare.checks),
            source_channels: checks.source_channels,
            container: written.container.clone(),
            streams: written.streams.iter().map(Into::into).collect(),
            second_look,
            excerpt: None,
            levels: plan
                .redactions()
                .masks
                .iter()
                .map(|mask| mask.levels().map(Into::into))
                .collect(),
        }
    }

    /// `plan` for what was released, with the levels that its masks were drawn from.
    pub(super) fn plan_of(&self, plan: &ApprovedPlan) -> Result<ApprovedPlan> {
        let plan = match &self.excerpt {
            None => plan.clone(),
            Some(excerpt) => excerpt.apply(plan)?,
        };
        let levels = self.levels.iter().map(|file| file.as_ref()?.levels());
        Ok(plan.with_levels(levels.collect()))
    }

    /// Who withholds the rest of the recording, and why.
    pub(super) fn rest(&self, request: &ExcerptRequest) -> Option<RestWithheld> {
        let excerpt = self.excerpt.as_ref()?;
        Some(excerpt.rest(request))
    }

    /// States what of the recording it shows.
    pub(super) fn with_excerpt(self, excerpt: Option<ExcerptForm>) -> Self {
        Self { excerpt, ..self }
    }

    /// How pictures and sound came to be.
    ///
    /// # Errors
    /// When a span is invalid.
    pub(super) fn coding(&self) -> Result<CodingFacts> {
        let coding = &self.coding;
        let copied = coding.copied.iter().map(|&(start, end, digest)| {
            let span = FrameSpan::new(FrameIndex::new(start), FrameIndex::new(end))
                .ok_or(WorkerError::InvalidResult)?;
            Ok((span, digest.0))
        });
        let sound = coding.sound.iter().map(|line| match line {
            SoundLine::Copied(digest) => Ok(digest.0),
            SoundLine::Encoded(why) => Err(why.clone()),
        });
        Ok(CodingFacts {
            pictures_encoded_because: coding.pictures_encoded_because.clone(),
            untouched_encoded_because: coding.untouched_encoded_because.clone(),
            copied: copied.collect::<Result<_>>()?,
            taken_out: coding.taken_out,
            sound: sound.collect(),
        })
    }

    /// When each frame is shown.
    pub(super) fn clock(&self) -> FrameClock {
        let mut clock = FrameClock::default();
        for (at, &ticks) in self.ticks.iter().enumerate() {
            let next = self.ticks.get(at + 1).copied().unwrap_or(self.end);
            clock.push(Timestamp::new(ticks), next.saturating_sub(ticks));
        }
        clock
    }

    /// What was done to each sound track; the rates are the plan's.
    pub(super) fn audio(&self, rates: impl Iterator<Item = u32>) -> Vec<AudioResult> {
        let audio = self.audio.iter().zip(rates);
        let audio = audio.map(|(&(samples, muted_samples), rate_hz)| AudioResult {
            rate_hz,
            samples,
            muted_samples,
        });
        audio.collect()
    }

    pub(super) fn leaks(&self) -> Vec<CheckResult> {
        self.leaks.iter().map(Into::into).collect()
    }

    pub(super) fn audit(&self) -> Vec<CheckResult> {
        self.audit.iter().map(Into::into).collect()
    }

    pub(super) fn compare(&self) -> Vec<CheckResult> {
        self.compare.iter().map(Into::into).collect()
    }

    /// The first check that failed, in words. The worker stops at one; whoever signs checks again.
    pub(super) fn first_failure(&self) -> Option<String> {
        let all = [&self.leaks, &self.audit, &self.compare];
        let failed = all.into_iter().flatten().find(|check| !check.passed)?;
        Some(format!("{}: {}", failed.name, failed.evidence))
    }

    pub(super) fn measured(&self) -> Measured {
        let mutes = self
            .mutes
            .iter()
            .map(|&(mute, track, samples, loudest)| MutedLevel {
                mute,
                track,
                samples,
                loudest_dbfs: f64::from_bits(loudest),
            });
        let seconds = self.seconds.iter().map(|&(second, measured)| {
            let [worst_db, median_db, ssim] = measured.map(f64::from_bits);
            SecondQuality {
                second,
                worst_db,
                median_db,
                ssim,
            }
        });
        Measured {
            mutes: mutes.collect(),
            seconds: seconds.collect(),
        }
    }

    /// The streams of the file.
    pub(super) fn streams(&self) -> Vec<StreamSummary> {
        self.streams.iter().cloned().map(Into::into).collect()
    }
}
