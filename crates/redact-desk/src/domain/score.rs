//! How well a review of the sample recording hides what the sample shows.
//!
//! What counts as hidden is defined by `redact score`, which uses the same functions.

use std::collections::BTreeMap;

use redact_core::{MuteRegion, Plan, PlannedTrack, TimeSpan, Verdict};
use redact_engine::score::{
    Exposure, Mask, Truth, TruthBox, masks_of_plan, masks_of_tracks, score_clip,
};
use redact_record::truth::{self, ClipTruth, TruthLabel};
use serde::{Deserialize, Serialize};

use super::document::ClassName;
use crate::api_error::{ApiError, ApiResult};

/// What the sample shows, for each frame: `fixtures/README.md`.
const TRUTH: &[u8] = include_bytes!("../../../../fixtures/demo.truth.json");
/// What is said in the sample.
const SPEECH: &[u8] = include_bytes!("../../../../fixtures/demo.speech.json");

/// Frames per second of the sample.
const RATE: f64 = 30.0;

/// Points that each needlessly hidden thing costs, and the most that all of them cost.
const NEEDLESS_POINTS: f64 = 2.0;
const NEEDLESS_POINTS_MAX: f64 = 20.0;

/// The score of a review.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Score {
    pub(crate) revision: i64,
    /// 0 to 100: how much of what must be hidden and muted is, less what is hidden needlessly.
    pub(crate) points: u32,
    /// Objects in frames that are hidden, of all that must be.
    pub(crate) hidden: u64,
    pub(crate) objects: u64,
    /// Seconds that are muted, of all that must be.
    pub(crate) muted_seconds: f64,
    pub(crate) spoken_seconds: f64,
    /// What stayed visible, the longest first.
    pub(crate) visible: Vec<VisibleObject>,
    /// What stayed audible, in order.
    pub(crate) audible: Vec<AudibleItem>,
    /// What is hidden although nothing is there.
    pub(crate) needless: Vec<NeedlessMask>,
    /// What was rejected as a false detection, rightly or not.
    pub(crate) rejected: Vec<RejectedTrack>,
}

/// An object that stayed visible.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct VisibleObject {
    class: ClassName,
    frames: u32,
    seconds: f64,
    /// The frame in which most of it is visible.
    frame: u32,
    /// The share that is hidden there, 0 to 1.
    hidden_share: f64,
}

/// Something that was said and stayed audible.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct AudibleItem {
    /// Which sound track, from 0.
    sound_track: usize,
    start_seconds: f64,
    end_seconds: f64,
    /// How much of it is audible.
    seconds: f64,
    words: String,
}

/// Something that is hidden although nothing is there.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct NeedlessMask {
    track: u32,
    class: ClassName,
    frame: u32,
    frames: u32,
}

/// A track that was rejected as a false detection.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct RejectedTrack {
    track: u32,
    class: ClassName,
    frame: u32,
    /// Whether nothing was there.
    right: bool,
}

#[derive(Deserialize)]
struct SpeechFile {
    sensitive: Vec<SensitiveItem>,
}

#[derive(Deserialize)]
struct SensitiveItem {
    stream: usize,
    start: f64,
    end: f64,
    words: String,
}

fn truth_of(marked: &ClipTruth) -> Truth {
    let one = |label: &TruthLabel| TruthBox {
        class: label.class,
        track: label.track.clone(),
        sides: label.sides,
        visibility: label.visibility.name(),
        ignore: label.ignore,
    };
    let boxes = |labels: &Vec<TruthLabel>| labels.iter().map(one).collect();
    Truth {
        size: marked.size,
        frames: marked.frames.iter().map(boxes).collect(),
    }
}

/// Scores the decisions of a plan for the sample recording.
///
/// # Errors
/// 409 `not_sample` if the plan is about another recording.
pub(crate) fn score(plan: &Plan, revision: i64) -> ApiResult<Score> {
    let internal = |error: &dyn std::fmt::Display| ApiError::internal(error);
    let marked = truth::parse_clip(TRUTH)?;
    if plan.source.digest != marked.digest {
        let message = "Only reviews of the sample recording can be scored.";
        return Err(ApiError::conflict("not_sample", message));
    }
    let speech: SpeechFile = serde_json::from_slice(SPEECH).map_err(|error| internal(&error))?;
    let truth = truth_of(&marked);
    let masks = masks_of_plan(plan, truth.size);
    let scored = score_clip(&truth, &masks).map_err(|error| internal(&error))?;
    let hidden: u64 = scored.classes.iter().map(|class| class.all.hidden).sum();
    let objects: u64 = scored.classes.iter().map(|class| class.all.boxes).sum();
    let audible = audible(&speech.sensitive, &plan.mutes);
    let spoken: f64 = speech.sensitive.iter().map(|s| s.end - s.start).sum();
    let muted = spoken - audible.iter().map(|item| item.seconds).sum::<f64>();
    let (needless, rejected) = false_detections(plan, &truth);
    let points = points((hidden, objects), (muted, spoken), needless.len());
    Ok(Score {
        revision,
        points,
        hidden,
        objects,
        muted_seconds: muted,
        spoken_seconds: spoken,
        visible: visible(&scored.exposed),
        audible,
        needless,
        rejected,
    })
}

/// An object in a frame counts as much as a second of its share of speech: picture and sound count
/// as they would be noticed, by time.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a sample of ten seconds, and points from 0 to 100"
)]
fn points((hidden, objects): (u64, u64), (muted, spoken): (f64, f64), needless: usize) -> u32 {
    let whole = objects as f64 / RATE + spoken;
    let share = (hidden as f64 / RATE + muted) / whole;
    let lost = (needless as f64 * NEEDLESS_POINTS).min(NEEDLESS_POINTS_MAX);
    // Rounded down: 100 is for a review that misses nothing.
    (share * 100.0 - lost).clamp(0.0, 100.0).floor() as u32
}

fn visible(exposed: &[Exposure]) -> Vec<VisibleObject> {
    let mut by_object: BTreeMap<(redact_core::Class, &str), Vec<&Exposure>> = BTreeMap::new();
    for exposure in exposed {
        let key = (exposure.truth.class, exposure.truth.track.as_str());
        by_object.entry(key).or_default().push(exposure);
    }
    let mut all: Vec<VisibleObject> = by_object
        .into_iter()
        .filter_map(|((class, _), exposures)| {
            let worst = exposures.iter().max_by_key(|exposure| exposure.bare)?;
            let frames = u32::try_from(exposures.len()).unwrap_or(u32::MAX);
            Some(VisibleObject {
                class: class.into(),
                frames,
                seconds: f64::from(frames) / RATE,
                frame: worst.frame,
                hidden_share: worst.cover,
            })
        })
        .collect();
    all.sort_by_key(|object| std::cmp::Reverse(object.frames));
    all
}

#[expect(clippy::cast_possible_truncation, reason = "seconds of a short sample")]
fn nanos(seconds: f64) -> i64 {
    (seconds * 1e9) as i64
}

#[expect(clippy::cast_precision_loss, reason = "a short sample")]
fn seconds(nanos: i64) -> f64 {
    nanos as f64 / 1e9
}

fn audible(sensitive: &[SensitiveItem], mutes: &[MuteRegion]) -> Vec<AudibleItem> {
    let mut all = Vec::new();
    for item in sensitive {
        let (start, end) = (nanos(item.start), nanos(item.end));
        let here = mutes
            .iter()
            .filter(|mute| mute.streams.contains(item.stream));
        let spans: Vec<TimeSpan> = here.map(|mute| mute.span).collect();
        let muted: i64 = TimeSpan::merged(spans, 0)
            .into_iter()
            .map(|span| (span.end_nanos().min(end) - span.start_nanos().max(start)).max(0))
            .sum();
        let left = seconds((end - start - muted).max(0));
        if left > 0.0 {
            all.push(AudibleItem {
                sound_track: item.stream,
                start_seconds: item.start,
                end_seconds: item.end,
                seconds: left,
                words: item.words.clone(),
            });
        }
    }
    all
}

/// Tracks that lie on nothing that is really there: those that are hidden, and those rejected.
fn false_detections(plan: &Plan, truth: &Truth) -> (Vec<NeedlessMask>, Vec<RejectedTrack>) {
    let (mut needless, mut rejected) = (Vec::new(), Vec::new());
    for PlannedTrack { track, decision } in &plan.tracks {
        let masks = masks_of_tracks([track], truth.size, plan.source.frames);
        let shown = masks.iter().filter(|masks| !masks.is_empty()).count();
        let Some(first) = masks.iter().position(|masks| !masks.is_empty()) else {
            continue;
        };
        let both = || truth.frames.iter().zip(&masks);
        let real = both().any(|(boxes, masks)| {
            let mut pairs = boxes
                .iter()
                .flat_map(|b| masks.iter().map(move |mask| (b, mask)));
            pairs.any(|(truth, mask)| touches(truth, mask))
        });
        let (number, class) = (track.id().0, track.class().into());
        let frame = u32::try_from(first).unwrap_or(u32::MAX);
        match decision.as_ref().map(|decision| &decision.verdict) {
            Some(Verdict::Redact(_)) if !real => needless.push(NeedlessMask {
                track: number,
                class,
                frame,
                frames: u32::try_from(shown).unwrap_or(u32::MAX),
            }),
            Some(Verdict::Reject) => rejected.push(RejectedTrack {
                track: number,
                class,
                frame,
                right: !real,
            }),
            _ => {}
        }
    }
    (needless, rejected)
}

/// Whether a mask has a pixel of what is really there.
fn touches(truth: &TruthBox, mask: &Mask) -> bool {
    let [x, y, width, height] = truth.sides;
    let rect = mask.rect;
    x < f64::from(rect.x_max())
        && f64::from(rect.x_min()) < x + width
        && y < f64::from(rect.y_max())
        && f64::from(rect.y_min()) < y + height
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mute(start: f64, end: f64) -> MuteRegion {
        MuteRegion {
            id: format!("m-{start}"),
            span: TimeSpan::new(nanos(start), nanos(end)).unwrap(),
            streams: redact_core::MuteStreams::All,
            style: redact_core::MuteStyle::Silence,
            reason: redact_core::ReasonCode("r".into()),
        }
    }

    /// Goal: what is muted in two pieces counts once, and the rest is listed with its length.
    #[test]
    fn what_stays_audible_is_listed() {
        let item = |stream, start, end| SensitiveItem {
            stream,
            start,
            end,
            words: "a name".to_owned(),
        };
        let said = [item(0, 1.0, 3.0), item(1, 5.0, 6.0)];
        let mutes = [mute(0.5, 1.5), mute(1.25, 2.0), mute(4.0, 7.0)];
        let left = audible(&said, &mutes);
        assert_eq!(left.len(), 1);
        assert!((left[0].seconds - 1.0).abs() < 1e-6);
        assert_eq!(left[0].sound_track, 0);
    }

    /// Goal: only a review that misses nothing and hides nothing needlessly has all points.
    #[test]
    fn points_are_for_what_is_hidden_and_against_what_is_needless() {
        assert_eq!(points((300, 300), (4.0, 4.0), 0), 100);
        assert_eq!(points((299, 300), (4.0, 4.0), 0), 99);
        assert_eq!(points((300, 300), (4.0, 4.0), 3), 94);
        assert_eq!(points((300, 300), (4.0, 4.0), 99), 80);
        assert_eq!(points((0, 300), (0.0, 4.0), 99), 0);
    }

    /// Goal: the files that are part of the program are those of the sample recording.
    #[test]
    fn the_truth_is_that_of_the_sample() {
        let marked = truth::parse_clip(TRUTH).unwrap();
        let sample = include_bytes!("../../../../fixtures/demo.mp4");
        assert_eq!(marked.digest, redact_record::digest_bytes(sample));
        let speech: SpeechFile = serde_json::from_slice(SPEECH).unwrap();
        assert_eq!(speech.sensitive.len(), 4);
    }
}
