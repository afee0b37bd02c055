//! What was found and stays visible or audible by a person's decision.

use redact_core::{KeptSpeech, Plan, Track, Verdict};
use serde::{Deserialize, Serialize};

use super::input::ManifestInput;
use super::{ClassName, OneLine, Seconds, Utc};
use crate::plan;

/// Whether the plan of a release was compared with its findings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FindingsComparison {
    /// `true`: every found box is hidden, or counted in `kept` or `rejected`. `false`: the manifest
    /// does not state what was found and left visible.
    pub compared: bool,
    /// The operator's explanation if it was not compared; otherwise `null`.
    pub why: Option<String>,
}

/// Objects of one class that were found and left visible for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct KeptCount {
    /// The class.
    pub class: ClassName,
    /// Code of the reason.
    pub reason: String,
    /// Number of tracks of the findings.
    pub tracks: u32,
}

/// Detected speech that was left audible for one reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct KeptSpeechCount {
    /// Code of the reason.
    pub reason: String,
    /// Number of spans.
    pub spans: u32,
    /// Their total duration.
    pub seconds: Seconds,
}

/// A track that was left visible.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct KeptTrack {
    /// Its number in the plan.
    pub track: u32,
    /// Tracks of the findings that this decision leaves visible; empty for a track that a person
    /// added, and in manifests of earlier versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<u32>,
    /// Its class.
    pub class: ClassName,
    /// First frame, and first frame after the last one.
    pub frames: (u32, u32),
    /// Highest score of the model, 0 to 1.
    pub score_best: f32,
    /// Code of the reason.
    pub reason: String,
    /// Who decided.
    pub by: String,
    /// When.
    pub at: Utc,
    /// Where masks of other items cover it although it was kept; omitted if they do not, if it is
    /// no face, and in manifests of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covered: Option<Covered>,
}

/// Where masks cover a face that a decision keeps visible.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Covered {
    /// Number of frames in which it is covered.
    pub frames: u32,
    /// The frame in which most of it is covered.
    pub worst_frame: u32,
    /// The share that is covered in that frame, 0 to 1.
    pub share: f32,
    /// IDs of the masks in the plan, as in `items`.
    pub plan_ids: Vec<String>,
}

/// Detected speech that was left audible.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct KeptSpeechSpan {
    /// Start and end in seconds from the first frame, on all sound tracks.
    pub seconds: (Seconds, Seconds),
    /// Code of the reason.
    pub reason: String,
    /// Who decided.
    pub by: String,
    /// When.
    pub at: Utc,
}

/// Tracks with the verdict [`Verdict::Keep`] or [`Verdict::Reject`].
pub(super) fn tracks(input: &ManifestInput<'_>, verdict: Verdict) -> Vec<OneLine<KeptTrack>> {
    let findings = input.findings.map(|(findings, _)| findings);
    let covered = match verdict {
        Verdict::Keep => plan::covered_tracks(input.plan.plan()),
        Verdict::Reject | Verdict::Redact(_) => Vec::new(),
    };
    plan::visible_tracks(input.plan.plan(), findings)
        .into_iter()
        .filter(|visible| visible.decision.verdict == verdict)
        .map(|visible| {
            let (track, decision) = (&visible.planned.track, visible.decision);
            let span = track.span();
            OneLine(KeptTrack {
                track: track.id().0,
                found: visible.found.iter().map(|id| id.0).collect(),
                class: track.class().into(),
                frames: (span.start().get(), span.end().get()),
                score_best: score_best(track),
                reason: decision.reason.0.clone(),
                by: decision.by.clone(),
                at: Utc(decision.at),
                covered: covered
                    .iter()
                    .find(|covered| covered.track == track.id())
                    .map(Covered::from),
            })
        })
        .collect()
}

impl From<&plan::CoveredTrack> for Covered {
    fn from(covered: &plan::CoveredTrack) -> Self {
        Self {
            frames: covered.frames,
            worst_frame: covered.worst.get(),
            // Two places: the share was measured in points.
            share: (covered.share * 100.0).round() / 100.0,
            plan_ids: covered.masks.clone(),
        }
    }
}

/// `kept` by class and reason.
pub(super) fn counts(kept: &[OneLine<KeptTrack>]) -> Vec<KeptCount> {
    let mut counts: Vec<KeptCount> = Vec::new();
    for OneLine(kept) in kept {
        let tracks = u32::try_from(kept.found.len().max(1)).unwrap_or(u32::MAX);
        let same =
            |known: &&mut KeptCount| known.class == kept.class && known.reason == kept.reason;
        match counts.iter_mut().find(same) {
            Some(known) => known.tracks = known.tracks.saturating_add(tracks),
            None => counts.push(KeptCount {
                class: kept.class,
                reason: kept.reason.clone(),
                tracks,
            }),
        }
    }
    counts
}

/// The speech that `plan` leaves audible.
pub(super) fn speech(plan: &Plan) -> Vec<OneLine<KeptSpeechSpan>> {
    let span = |kept: &KeptSpeech| KeptSpeechSpan {
        seconds: (
            Seconds(kept.span.start_nanos()),
            Seconds(kept.span.end_nanos()),
        ),
        reason: kept.reason.0.clone(),
        by: kept.by.clone(),
        at: Utc(kept.at),
    };
    plan.kept_speech.iter().map(span).map(OneLine).collect()
}

/// `kept` by reason.
pub(super) fn speech_counts(kept: &[OneLine<KeptSpeechSpan>]) -> Vec<KeptSpeechCount> {
    let mut counts: Vec<KeptSpeechCount> = Vec::new();
    for OneLine(kept) in kept {
        let (start, end) = kept.seconds;
        let nanos = end.0.saturating_sub(start.0);
        match counts.iter_mut().find(|known| known.reason == kept.reason) {
            Some(known) => {
                known.spans = known.spans.saturating_add(1);
                known.seconds = Seconds(known.seconds.0.saturating_add(nanos));
            }
            None => counts.push(KeptSpeechCount {
                reason: kept.reason.clone(),
                spans: 1,
                seconds: Seconds(nanos),
            }),
        }
    }
    counts
}

pub(super) fn score_best(track: &Track) -> f32 {
    track.boxes().iter().map(|b| b.score).fold(0.0, f32::max)
}
