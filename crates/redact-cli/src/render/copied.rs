//! Which parts of a release are copied as they are coded, and the proof that they are the same.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use redact_core::{ApprovedPlan, Conversion, Digest, FrameSpan, SourceSettings};
use redact_engine::{Check, RenderReport, first_masked};
use redact_media::{CopiedGop, CopyAnalysis, CopyPlan};
use redact_record::manifest::{CodingFacts, PublicManifest, TakenOut, run_digest};

use crate::args::ReencodeArg;

/// Why nothing is copied when nothing may be.
const ASKED: &str = "it was asked for (--reencode all)";

/// Why nothing is copied of a recording that is damaged somewhere.
const DAMAGED: &str = "the recording is damaged";

/// Why nothing is copied of a recording whose pictures change.
const RESCALED: &str = "its pictures change their size or format midway";

/// Why nothing is copied of a recording of which every release changes pictures or times.
const CHANGED: &str = "every release of it changes some of its pictures or times";

fn is_in_the_way(conversion: &Conversion) -> bool {
    conversion.is_found_while_reading() && !conversion.allows_copy()
}

/// Why nothing at all is copied, if nothing may be.
fn refusal(plan: &ApprovedPlan, reencode: ReencodeArg) -> Option<&'static str> {
    let plan = plan.plan();
    if !plan.damage.is_empty() {
        Some(DAMAGED)
    } else if plan.source.info.conversions.contains(&Conversion::Rescaled) {
        Some(RESCALED)
    } else if plan.source.info.conversions.iter().any(is_in_the_way) {
        Some(CHANGED)
    } else {
        (reencode == ReencodeArg::All).then_some(ASKED)
    }
}

/// Decides what is copied: every group of pictures and every sound track that the plan leaves
/// alone, where copying is proved to be safe.
///
/// # Errors
/// When the recording cannot be read.
pub(super) fn choose(
    clip: &Path,
    plan: &ApprovedPlan,
    reencode: ReencodeArg,
) -> Result<Option<CopyPlan>> {
    if refusal(plan, reencode).is_some() {
        return Ok(None);
    }
    let settings = plan.plan().source.info.settings();
    let analysis =
        CopyAnalysis::read_as(clip, &settings).with_context(|| clip.display().to_string())?;
    let planned = plan.plan().source.frames;
    // It may store more than it shows; that is counted while it is decoded.
    if let Some(found) = analysis.frames().filter(|&found| found < planned) {
        bail!(
            "{}: the plan describes it wrongly: the plan says {planned} frames, it has {found}",
            clip.display()
        );
    }
    let redactions = plan.redactions();
    Ok(Some(analysis.plan(
        plan.plan().source.frames,
        |span| first_masked(redactions, span).is_none(),
        |track| {
            let mut mutes = redactions.mutes.iter();
            !mutes.any(|mute| mute.streams.contains(track))
        },
    )))
}

/// What the manifest says of a render.
pub(super) fn facts(
    copy_plan: Option<&CopyPlan>,
    report: &RenderReport,
    plan: &ApprovedPlan,
) -> CodingFacts {
    let tracks = 0..report.audio.len();
    let Some(copy_plan) = copy_plan else {
        let why = refusal(plan, ReencodeArg::All).unwrap_or(ASKED);
        return CodingFacts {
            pictures_encoded_because: Some(why.to_owned()),
            sound: tracks.map(|_| Err(why.to_owned())).collect(),
            ..CodingFacts::default()
        };
    };
    let groups = copy_plan.copied_groups();
    CodingFacts {
        pictures_encoded_because: copy_plan.pictures_refused().map(str::to_owned),
        untouched_encoded_because: copy_plan
            .untouched_refused()
            .filter(|_| copy_plan.pictures_refused().is_none())
            .map(|(frames, why)| format!("{frames} frames: {why}")),
        // What was written, not what was meant to be.
        copied: report.copied.iter().map(|c| (c.frames, c.digest)).collect(),
        taken_out: TakenOut {
            messages: sum(&groups, |group| group.sei),
            fillers: sum(&groups, |group| group.filler),
        },
        sound: tracks
            .map(|track| copy_plan.sound_copied(track).map_err(str::to_owned))
            .collect(),
    }
}

fn sum(groups: &[CopiedGop], of: fn(&CopiedGop) -> u32) -> u32 {
    groups.iter().map(of).fold(0, u32::saturating_add)
}

/// What a manifest, or a render, says is copied.
pub(crate) struct Claims {
    /// Runs of frames, `(start, end, SHA-256)`.
    pub(crate) runs: Vec<(u32, u32, Digest)>,
    /// Sound tracks and their SHA-256.
    pub(crate) sound: Vec<(u32, Digest)>,
    /// Frames of the release.
    pub(crate) frames: u32,
}

impl Claims {
    /// What a render of `frames` frames claims.
    pub(super) fn of(facts: &CodingFacts, frames: u32) -> Self {
        let sound = (0..)
            .zip(&facts.sound)
            .filter_map(|(track, made)| Some((track, *made.as_ref().ok()?)));
        Self {
            runs: facts.copied_runs(),
            sound: sound.collect(),
            frames,
        }
    }

    /// What the manifest of a release claims.
    pub(crate) fn of_manifest(public: &PublicManifest) -> Self {
        Self {
            runs: public.coding.copied_runs().collect(),
            sound: public.coding.copied_sound().collect(),
            frames: public.totals.frames,
        }
    }

    /// Whether nothing is claimed to be copied.
    pub(crate) fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.sound.is_empty()
    }

    fn covers(&self, span: FrameSpan) -> bool {
        let (start, end) = (span.start().get(), span.end().get());
        self.runs
            .iter()
            .any(|&(from, until, _)| from <= start && end <= until)
    }

    /// Looks at every packet of `file` and checks it against what is claimed; gives its groups for
    /// a comparison.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn check(
        &self,
        file: &Path,
        settings: &SourceSettings,
        name: &'static str,
    ) -> Result<(Check, CopyPlan)> {
        // The search for leaks walks through the release.
        let analysis = CopyAnalysis::read_copied(file, settings);
        let analysis = analysis.with_context(|| file.display().to_string())?;
        let claimed = |track: usize| self.sound.iter().any(|&(known, _)| known as usize == track);
        let copy_plan = analysis.plan(self.frames, |span| self.covers(span), claimed);
        let groups = copy_plan.copied_groups();
        let wrong_run = self.runs.iter().find(|&&(start, end, digest)| {
            let within = groups.iter().filter(|group| {
                start <= group.frames.start().get() && group.frames.end().get() <= end
            });
            let (mut due, mut digests) = (start, Vec::new());
            for group in within {
                if group.frames.start().get() != due {
                    return true;
                }
                due = group.frames.end().get();
                digests.push(group.digest);
            }
            due != end || run_digest(&digests) != digest
        });
        let wrong_sound = self
            .sound
            .iter()
            .find(|&&(track, digest)| copy_plan.sound_copied(track as usize) != Ok(digest));
        let frames: u32 = self.runs.iter().map(|(start, end, _)| end - start).sum();
        let evidence = match (wrong_run, wrong_sound) {
            (Some((start, end, _)), _) => {
                format!("frames {start} to {end} are not coded as the manifest says")
            }
            (None, Some((track, _))) => {
                format!("sound track {track} is not coded as the manifest says")
            }
            (None, None) => format!(
                "{frames} of {} frames in {} runs, {} sound tracks: the coded data have their \
                 SHA-256",
                self.frames,
                self.runs.len(),
                self.sound.len()
            ),
        };
        let check = Check {
            name,
            passed: wrong_run.is_none() && wrong_sound.is_none(),
            evidence,
        };
        Ok((check, copy_plan))
    }
}
