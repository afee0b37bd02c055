//! How a render reads its recording, and the levels that blurred masks take from it beforehand.

use std::path::Path;

use redact_core::{ApprovedPlan, FrameSpan, Progress};
use redact_engine::{frames_of_levels, take_levels};
use redact_media::{CopyPlan, OpenOptions};

use crate::check::{damage_mode, open, within};
use crate::error::{Context as _, Result};

/// How the recording is read: past damage only where the scan did so and found some.
pub(crate) fn open_options(plan: &ApprovedPlan, threads: usize) -> OpenOptions {
    let plan = plan.plan();
    OpenOptions {
        audio: true,
        threads,
        damaged: damage_mode(&plan.damage),
        settings: plan.source.info.settings(),
        ..OpenOptions::default()
    }
}

/// The plan with the levels that its blurred and pixelated masks are drawn from. Only the GOPs in
/// which such masks begin are decoded, where the recording can be copied.
///
/// # Errors
/// When the recording cannot be read.
pub(crate) fn with_levels(
    clip: &Path,
    plan: ApprovedPlan,
    copy_plan: Option<&CopyPlan>,
    threads: usize,
    progress: &dyn Progress,
) -> Result<ApprovedPlan> {
    let frames = frames_of_levels(plan.redactions());
    if frames.is_empty() {
        return Ok(plan);
    }
    let begins = |span: FrameSpan| frames.iter().any(|&frame| span.contains(frame));
    let excerpt = plan.excerpt();
    // A GOP that a cut goes through cannot be passed on undecoded.
    let is_skipped = |span: FrameSpan| match excerpt {
        None => !begins(span),
        Some(excerpt) => excerpt
            .release_frames(span)
            .is_some_and(|span| !begins(span)),
    };
    let copy_plan = copy_plan.map(|copy_plan| copy_plan.to_compare(is_skipped));
    let options = open_options(&plan, threads);
    let source = open(clip, &options, copy_plan.as_ref())?;
    let mut source = within(source, excerpt);
    let levels = take_levels(source.as_mut(), plan.redactions(), progress);
    let levels = levels.in_file(clip)?;
    Ok(plan.with_levels(levels))
}
