//! Which parts of a release are copied instead of re-encoded.

use std::path::Path;

use redact_core::{ApprovedPlan, Conversion};
use redact_engine::{RenderReport, first_masked};
use redact_media::{CopiedGop, CopyAnalysis, CopyPlan, OpenOptions};
use redact_record::manifest::{CodingFacts, TakenOut};

use crate::error::{Context as _, ReleaseError, Result};
use crate::options::Reencode;
use crate::segment_cache::ProofClient;

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
fn refusal(plan: &ApprovedPlan, reencode: Reencode) -> Option<&'static str> {
    let plan = plan.plan();
    if !plan.damage.is_empty() {
        Some(DAMAGED)
    } else if plan.source.info.conversions.contains(&Conversion::Rescaled) {
        Some(RESCALED)
    } else if plan.source.info.conversions.iter().any(is_in_the_way) {
        Some(CHANGED)
    } else {
        (reencode == Reencode::All).then_some(ASKED)
    }
}

/// Why nothing is copied of a recording that [`analyze`] gives nothing for.
pub(crate) fn why_nothing_is_copied(plan: &ApprovedPlan, reencode: Reencode) -> &'static str {
    refusal(plan, reencode).unwrap_or(ASKED)
}

/// What could be copied of the recording once it is proved ([`choose`]); `None` where nothing may
/// be.
///
/// # Errors
/// When the recording cannot be read.
pub(crate) fn analyze(
    clip: &Path,
    plan: &ApprovedPlan,
    reencode: Reencode,
    threads: usize,
) -> Result<Option<CopyAnalysis>> {
    if refusal(plan, reencode).is_some() {
        return Ok(None);
    }
    let options = OpenOptions {
        threads,
        settings: plan.plan().source.info.settings(),
        ..OpenOptions::default()
    };
    let analysis = CopyAnalysis::read_unproved(clip, &options).in_file(clip)?;
    let planned = plan.plan().source.frames;
    // It may store more than it shows; that is counted while it is decoded.
    if let Some(found) = analysis.frames().filter(|&found| found < planned) {
        let (what, expected) = ("length", format!("{planned} frames"));
        let found = format!("{found} frames");
        return Err(ReleaseError::WrongSource {
            what,
            expected,
            found,
        })
        .in_file(clip);
    }
    Ok(Some(analysis))
}

/// Decides what is copied of what was analyzed: every GOP and every sound track that the plan does
/// not touch. Of an excerpt, no sound is copied.
///
/// Only GOPs that would be copied are parsed, and of these none that `proofs` know already.
///
/// # Errors
/// When the recording cannot be read.
pub(crate) fn choose(
    mut analysis: CopyAnalysis,
    plan: &ApprovedPlan,
    proofs: Option<&ProofClient>,
) -> Result<CopyPlan> {
    let (redactions, excerpt) = (plan.redactions(), plan.excerpt());
    let in_release = |span| excerpt.map_or(Some(span), |excerpt| excerpt.release_frames(span));
    let is_untouched =
        |span| in_release(span).is_some_and(|span| first_masked(redactions, span).is_none());
    let known = proofs.map(ProofClient::load).unwrap_or_default();
    analysis.prove(is_untouched, &known)?;
    if let Some(proofs) = proofs {
        proofs.store(&known, &analysis.proved());
    }
    let copy_plan = analysis.plan(plan.plan().source.frames, is_untouched, |track| {
        let mut mutes = redactions.mutes.iter();
        !mutes.any(|mute| mute.streams.contains(track))
    });
    Ok(match excerpt {
        None => copy_plan,
        Some(excerpt) => copy_plan.within(excerpt),
    })
}

/// How pictures and sound of a render came to be, for the manifest.
pub(super) fn facts(
    copy_plan: Option<&CopyPlan>,
    report: &RenderReport,
    plan: &ApprovedPlan,
) -> CodingFacts {
    let tracks = 0..report.audio.len();
    let Some(copy_plan) = copy_plan else {
        let why = why_nothing_is_copied(plan, Reencode::All);
        return CodingFacts {
            pictures_encoded_because: Some(why.to_owned()),
            sound: tracks.map(|_| Err(why.to_owned())).collect(),
            ..CodingFacts::default()
        };
    };
    let groups = copy_plan.copied_gops();
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
