//! What a run found and did, in numbers, and what of it needs a person: for batches.

use std::collections::BTreeMap;
use std::path::Path;

use redact_core::{Class, Conversion, Findings, LeftOut, StreamKind, TimeSpan, Timestamp};
use redact_record::manifest::PublicManifest;
use serde::{Deserialize, Serialize};

/// The numbers of one released recording.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figures {
    /// Duration of the video, seconds.
    pub(crate) video_seconds: f64,
    /// Frames.
    pub(crate) frames: u32,
    /// Frames with at least one mask.
    pub(crate) frames_masked: u32,
    /// Columns and rows of the picture.
    pub(crate) size: (u32, u32),
    /// FFmpeg's name for the codec of the pictures.
    pub(crate) codec: String,
    /// Tracks by class, only classes that have some.
    pub(crate) tracks: BTreeMap<String, usize>,
    /// Tracks with a weakness, which a review would begin with.
    pub(crate) review_first: usize,
    /// Seconds of speech; `None` where no detector ran.
    pub(crate) speech_seconds: Option<f64>,
    /// Seconds in which at least one sound track is muted.
    pub(crate) muted_seconds: f64,
    /// Bytes of the recording.
    pub(crate) source_bytes: u64,
    /// Bytes of the release.
    pub(crate) release_bytes: u64,
    /// SHA-256 of the recording, hexadecimal.
    pub(crate) source_sha256: String,
}

impl Figures {
    /// Those of a release with its public manifest.
    pub(crate) fn new(found: &Findings, manifest: &PublicManifest) -> Self {
        let (source, video) = (&found.source, &found.source.info.video);
        let duration = Timestamp::new(source.duration_ticks).nanos(video.time_base);
        let duration = duration.unwrap_or(0);
        // A mute of everything goes on beyond the end.
        let mutes = manifest.mutes.iter().filter_map(|mute| {
            let (start, end) = mute.release_seconds.0;
            TimeSpan::new(start.0.max(0), end.0.min(duration))
        });
        let mutes = TimeSpan::merged(mutes.collect(), 0);
        let tracks = Class::ALL.into_iter().filter_map(|class| {
            let of_class = found.tracks.iter().filter(|track| track.class() == class);
            let count = of_class.count();
            (count > 0).then(|| (class.name().to_owned(), count))
        });
        let weak = redact_engine::review_priority(&found.tracks, source.frames, video.size);
        Self {
            video_seconds: seconds(duration),
            frames: manifest.totals.frames,
            frames_masked: manifest.totals.frames_masked,
            size: (video.size.width(), video.size.height()),
            codec: video.codec.clone(),
            tracks: tracks.collect(),
            review_first: weak.len(),
            speech_seconds: found.speech.as_ref().map(|spans| seconds(total(spans))),
            muted_seconds: seconds(total(&mutes)),
            source_bytes: source.bytes,
            release_bytes: manifest.release.binding().bytes,
            source_sha256: source.digest.to_string(),
        }
    }

    /// Those of a release that an earlier process made, and what of it needs a person as far as its
    /// findings tell; `None` where its findings are not beside it or are of another recording.
    pub(crate) fn of_earlier(findings: &Path, manifest: &[u8]) -> Option<(Self, Vec<String>)> {
        let (found, _) = redact_record::findings::read(findings).ok()?;
        let manifest: PublicManifest = serde_json::from_slice(manifest).ok()?;
        let same = found.source.digest == manifest.source.sha256.0;
        same.then(|| (Self::new(&found, &manifest), needs_person(&found, 0, false)))
    }
}

fn total(spans: &[TimeSpan]) -> i64 {
    spans.iter().map(|span| span.length_nanos()).sum()
}

fn seconds(nanos: i64) -> f64 {
    let nanos = u64::try_from(nanos).unwrap_or(0);
    std::time::Duration::from_nanos(nanos).as_secs_f64()
}

/// What a person should look at before the release goes out, one line each.
///
/// - `covered`: people who are kept and whom masks of others cover;
/// - `unreviewed_speech`: whether only what a recognizer found to be personal is muted.
pub(super) fn needs_person(
    found: &Findings,
    covered: usize,
    unreviewed_speech: bool,
) -> Vec<String> {
    let mut lines = Vec::new();
    let damaged = found.damage.pictures.len() + found.damage.sound.len();
    if damaged > 0 {
        lines.push(format!("damaged: {damaged} spans hidden or muted"));
    }
    if covered > 0 {
        lines.push(format!(
            "{covered} people who are kept are covered by masks of others"
        ));
    }
    if unreviewed_speech {
        lines.push("speech: only personal data is muted, and nobody has reviewed it".to_owned());
    }
    let info = &found.source.info;
    let videos = info.streams.iter().filter(|s| s.kind == StreamKind::Video);
    let others = videos.filter(|s| s.index != info.video.stream).count();
    if others > 0 {
        lines.push(format!(
            "{others} other video streams are not in the release"
        ));
    }
    let is_loss = |conversion: &&Conversion| {
        let is_cut = |why: LeftOut| why != LeftOut::NotShown;
        match conversion {
            Conversion::SoundLost { .. } | Conversion::EmptyTrack { .. } => true,
            Conversion::LeftOut { why, .. } => is_cut(*why),
            _ => false,
        }
    };
    let losses = info.conversions.iter().filter(is_loss);
    lines.extend(losses.map(ToString::to_string));
    lines
}
