//! The header of a segment: one line that its signature covers together with its pictures.

use redact_core::FrameSpan;
use redact_media::CachedSegment;
use redact_record::manifest::Hex;
use serde::{Deserialize, Serialize};

use crate::segment_cache::RenderSettings;

/// The format of a segment's first line.
const FORMAT: &str = "redact-segment/1";

/// Most bytes of that line.
const LINE_BYTES_MAX: usize = 4096;

/// Everything that the coded pictures of a segment depend on, as its first line states it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SegmentHeader {
    format: String,
    /// Version of the program that encoded it.
    program: String,
    /// SHA-256 of the recording.
    source: Hex,
    /// Number of the video stream in it.
    stream: u32,
    /// First frame, and the first one after.
    frames: (u32, u32),
    preset: String,
    crf: u8,
    /// SHA-256 over every mask of every frame.
    masks: Hex,
}

impl SegmentHeader {
    /// The header that a segment of `frames` must have in a release with `settings`.
    pub(super) fn of(settings: RenderSettings<'_>, frames: FrameSpan) -> Self {
        let source = &settings.plan.plan().source;
        let masks = settings.masks_of(frames);
        Self {
            format: FORMAT.to_owned(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            source: Hex(source.digest),
            stream: source.info.video.stream,
            frames: (frames.start().get(), frames.end().get()),
            preset: settings.preset.name().to_owned(),
            crf: settings.crf,
            masks: Hex(redact_record::digest_bytes(&masks)),
        }
    }

    /// Its frames, as it says.
    pub(super) fn frames(&self) -> Option<FrameSpan> {
        let (start, end) = self.frames;
        let index = redact_core::FrameIndex::new;
        FrameSpan::new(index(start), index(end))
    }

    /// The first difference from what is `expected`, in words.
    pub(super) fn difference(&self, expected: &Self) -> Option<String> {
        let differs = |what: &str, found: &str, expected: &str| {
            let text = || format!("it is for another {what}: found {found}; expected {expected}");
            (found != expected).then(text)
        };
        let text =
            |(start, end): (u32, u32)| format!("frames {start} to {}", end.saturating_sub(1));
        let number = |value: u32| value.to_string();
        let digest = |hex: Hex| hex.0.to_string();
        differs("format", &self.format, &expected.format)
            .or_else(|| differs("version of the program", &self.program, &expected.program))
            .or_else(|| differs("recording", &digest(self.source), &digest(expected.source)))
            .or_else(|| differs("stream", &number(self.stream), &number(expected.stream)))
            .or_else(|| differs("run", &text(self.frames), &text(expected.frames)))
            .or_else(|| differs("preset", &self.preset, &expected.preset))
            .or_else(|| {
                let (found, expected) = (u32::from(self.crf), u32::from(expected.crf));
                differs("constant rate factor", &number(found), &number(expected))
            })
            .or_else(|| differs("set of masks", &digest(self.masks), &digest(expected.masks)))
    }

    /// What is signed: this line, then the coded pictures.
    pub(super) fn sign_over(&self, segment: &[u8]) -> serde_json::Result<Vec<u8>> {
        let mut signed = serde_json::to_vec(self)?;
        signed.push(b'\n');
        signed.extend_from_slice(segment);
        Ok(signed)
    }

    /// The header and the pictures of what was signed; the error says what is wrong.
    pub(super) fn split(signed: &[u8]) -> Result<(Self, &[u8]), String> {
        let line = signed
            .iter()
            .take(LINE_BYTES_MAX)
            .position(|byte| *byte == b'\n');
        let line = line.ok_or("its header is missing or too long")?;
        let header = serde_json::from_slice(&signed[..line])
            .map_err(|error| format!("its header is invalid: {error}"))?;
        Ok((header, &signed[line + 1..]))
    }

    /// Checks that the pictures are those of the frames in the header.
    pub(super) fn check_pictures(&self, pictures: &[u8]) -> Result<(), String> {
        let segment = CachedSegment::from_bytes(pictures).ok_or("its pictures are incomplete")?;
        if Some(segment.frames()) == self.frames() {
            return Ok(());
        }
        let (start, end) = (segment.frames().start(), segment.frames().end());
        Err(format!(
            "it has pictures of frames {start} to {end} instead"
        ))
    }
}
