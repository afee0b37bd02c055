//! What a render made, for people and for machines.

use std::path::Path;

use redact_release::chunks::render::SegmentsUsed;
use redact_release::render::MadeRelease;

use crate::approve::{covered_json, covered_lines};

/// Where everything is, for people.
pub(crate) fn text(made: &MadeRelease, release: &Path) -> String {
    let (report, paths) = (&made.render, &made.paths);
    let share = report.masked_area_mean * 100.0;
    let mut lines = vec![
        format!(
            "{} frames, {} with masks ({share:.2} % of the picture on average)",
            report.frames, report.frames_masked
        ),
        coding_text(made),
        format!(
            "signed with key {} (`redact key show` for auditors)",
            made.key
        ),
        format!("release:  {}", release.display()),
        format!("manifest: {}", paths.manifest.display()),
        format!(
            "sealed:   {} (stays with the agency)",
            paths.sealed.display()
        ),
        format!("log:      {} (and .csv, .pdf)", paths.log.display()),
    ];
    if made.manifest.captions.is_some() {
        lines.push(format!("captions: {}", paths.captions.display()));
    }
    if let Some(excerpt) = &made.manifest.excerpt {
        let spans = excerpt.spans.iter().map(|span| {
            let (start, end) = span.0.source_frames;
            format!("frames {start} to {}", end.saturating_sub(1))
        });
        let spans: Vec<String> = spans.collect();
        let (spans, all) = (spans.join(", "), made.manifest.source.frames);
        lines.insert(
            1,
            format!("excerpt: {spans} of {all}; the rest is withheld"),
        );
    }
    if report.frames_earlier > 0 {
        let cached = report.frames_earlier;
        lines.insert(2, earlier_text(cached, made));
    }
    lines.extend(covered_lines(&made.covered));
    lines.join("\n")
}

/// Where pictures come from that this render did not encode.
fn earlier_text(frames: u32, made: &MadeRelease) -> String {
    let supplied = made.segments.as_ref().filter(|used| used.segments > 0);
    let Some(used) = supplied else {
        return format!("{frames} frames taken from the segment cache");
    };
    let keys: Vec<String> = used.keys.iter().map(ToString::to_string).collect();
    let (segments, keys) = (used.segments, keys.join(", "));
    format!("{frames} frames not encoded here; {segments} segments by workers with keys {keys}")
}

/// What was copied, or why nothing was.
fn coding_text(made: &MadeRelease) -> String {
    let coding = &made.coding;
    let frames: u32 = coding.copied.iter().map(|(span, _)| span.frames()).sum();
    let mut text = match &coding.pictures_encoded_because {
        Some(why) => format!("all pictures re-encoded: {why}"),
        None if frames == made.render.frames => format!("all {frames} frames copied bit for bit"),
        None => format!("{frames} frames copied bit for bit, the others re-encoded"),
    };
    if let Some(why) = &coding.untouched_encoded_because {
        text.push_str(&format!(
            "; re-encoded although no mask touches them, {why}"
        ));
    }
    for (track, made) in coding.sound.iter().enumerate() {
        text.push_str(&match made {
            Ok(_) => format!("; sound track {track} copied bit for bit"),
            Err(why) => format!("; sound track {track} re-encoded: {why}"),
        });
    }
    text
}

/// The same for machines.
pub(crate) fn json(made: &MadeRelease, release: &Path) -> serde_json::Value {
    let (copied, paths) = (made.coding.copied.iter(), &made.paths);
    serde_json::json!({
        "segments": made.segments.as_ref().map(segments_json),
        "frames_kept": made.render.frames_earlier,
        "frames_copied": copied.map(|(span, _)| span.frames()).sum::<u32>(),
        "pictures_encoded_because": made.coding.pictures_encoded_because,
        "release": release, "manifest": paths.manifest, "sealed": paths.sealed,
        "captions": made.manifest.captions.as_ref().map(|_| &paths.captions),
        "log": paths.log, "log_csv": paths.log_csv, "log_pdf": paths.log_pdf,
        "sha256": made.manifest.release.binding().sha256.to_string(),
        "frames": made.render.frames, "frames_masked": made.render.frames_masked,
        "masks": made.manifest.masks.len(), "mutes": made.manifest.mutes.len(),
        "kept_but_covered": covered_json(&made.covered),
    })
}

fn segments_json(used: &SegmentsUsed) -> serde_json::Value {
    let keys: Vec<String> = used.keys.iter().map(ToString::to_string).collect();
    serde_json::json!({ "used": used.segments, "keys": keys, "refused": used.refused })
}
