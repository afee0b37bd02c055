//! What a release is made of.

use std::path::Path;

use redact_core::{ApprovedPlan, Digest, Findings, SourceIdentity};
use redact_record::manifest::{CodingFacts, PublicManifest, ReleaseContext};
use redact_record::plan::CoveredTrack;
use redact_record::sign::{KeyId, KeyPair};
use redact_record::{FileBinding, ReleasePaths};

use super::excerpt::ExcerptRequest;
use super::result::RenderResult;
use crate::chunks::render::{SegmentsUsed, SuppliedSegments};
use crate::options::{EncodingOptions, ModelOptions};
use crate::segment_cache::{RenderSettings, SegmentCacheFolder};

/// Constant rate factor of a release: visually lossless.
const CRF: u8 = 18;

/// The same for a recording whose codec needs about half the bits of H.264: see
/// `benches/README.md`.
const CRF_EFFICIENT: u8 = 21;

/// The largest constant rate factor that pictures with masks are encoded at. A codec's noise grows
/// with it, and bounds that are wide enough for more noise would let through what somebody hides in
/// it.
///
/// Measured with libx264, presets ultrafast to medium, on still and moving masks of 34 to 320
/// pixels at 640x360 over recordings with much motion and strong colors: of what the audit allows
/// them, blurs and mosaics reach 2.4 times at 28, fills 1.5 times. Small moving fills over a
/// fractal still reach 1.2 times at 18 with `veryfast`; such a release fails its audit and is
/// discarded.
const CRF_MASKED_MAX: u8 = 22;

/// Whether pictures of `codec` take about half the bits of H.264. None of them is ever copied.
pub(super) fn is_efficient(codec: &str) -> bool {
    matches!(codec, "hevc" | "av1" | "vp9")
}

/// The same for a recording of fewer than [`FEW_BITS`], which a release at [`CRF`] would exceed
/// the most. On one of 1.7 Mb/s (0.08 bits for each pixel of a frame), measured with `veryfast`: at
/// 18 the release has twice the bytes of the recording and a structural similarity of 0.988, at 20
/// one and a half times the bytes and 0.985, at 22 as many bytes and 0.981.
const CRF_FEW_BITS: u8 = 20;

/// Bits per second for each pixel of a frame and each frame of a second: 6.2 Mb/s for 1920x1080 at
/// 30 frames/s. Thousandths.
const FEW_BITS: u128 = 100;

/// Whether the pictures of `source` have fewer bits than [`FEW_BITS`].
fn has_few_bits(source: &SourceIdentity) -> bool {
    let pixels = u128::from(source.info.video.size.area()) * u128::from(source.frames);
    u128::from(source.bytes) * 8 * 1000 < pixels * FEW_BITS
}

/// The constant rate factor that suits `source`.
fn default_crf(source: &SourceIdentity) -> u8 {
    if is_efficient(&source.info.video.codec) {
        CRF_EFFICIENT
    } else if has_few_bits(source) {
        CRF_FEW_BITS
    } else {
        CRF
    }
}

/// The constant rate factor that was chosen, or that suits the recording; at most
/// [`CRF_MASKED_MAX`] where there are masks.
pub(crate) fn crf_of(plan: &ApprovedPlan, encoding: &EncodingOptions) -> u8 {
    let default = default_crf(&plan.plan().source);
    let chosen = encoding.crf.unwrap_or(default);
    if plan.redactions().masks.is_empty() {
        chosen
    } else {
        chosen.min(CRF_MASKED_MAX)
    }
}

/// One release to make.
pub struct ReleaseJob<'a> {
    /// The recording.
    pub clip: &'a Path,
    /// What ties records to it, where it was just read for that.
    pub bound: Option<FileBinding>,
    /// Where the release goes.
    pub release: &'a Path,
    /// What is hidden.
    pub plan: &'a ApprovedPlan,
    /// The findings that the plan was made from and checked against, with their file's SHA-256.
    pub findings: Option<(&'a Findings, Digest)>,
    /// Why there are none, where there are none.
    pub without_findings: Option<&'a str>,
    /// What of the recording is released, if not all of it.
    pub excerpt: Option<&'a ExcerptRequest>,
    /// How it is encoded.
    pub encoding: &'a EncodingOptions,
    /// What is known of the request.
    pub context: &'a ReleaseContext,
    /// What signs it.
    pub key: &'a KeyPair,
    /// Segments of earlier renders.
    pub cache: Option<&'a SegmentCacheFolder>,
    /// Segments that workers encoded for this render.
    pub supplied: Option<&'a SuppliedSegments>,
    /// Detectors that run on the finished file, if any do.
    pub second_look: Option<&'a ModelOptions>,
    /// Whether what they find is accepted.
    pub accept_detected: bool,
    /// Whether it gets captions, of the words in the plan.
    pub captions: bool,
}

impl ReleaseJob<'_> {
    /// The constant rate factor: see [`crf_of`].
    pub(super) fn crf(&self) -> u8 {
        crf_of(self.plan, self.encoding)
    }

    /// What coded pictures of the release follow from.
    pub(super) fn settings(&self) -> RenderSettings<'_> {
        RenderSettings {
            plan: self.plan,
            preset: self.encoding.preset,
            crf: self.crf(),
        }
    }
}

/// A release that is there, with its records.
pub struct MadeRelease {
    /// Names of its records.
    pub paths: ReleasePaths,
    /// What the render did.
    pub render: RenderResult,
    /// What was copied.
    pub coding: CodingFacts,
    /// Its public manifest.
    pub manifest: PublicManifest,
    /// The key that signed it.
    pub key: KeyId,
    /// What of the segments of workers was used, where there were any.
    pub segments: Option<SegmentsUsed>,
    /// People who were kept and whom masks of others cover.
    pub covered: Vec<CoveredTrack>,
}

/// The records of a release and the release, each under its final name, the release last. Captions
/// are among them: those of an earlier release may not stay beside a release that has none.
#[must_use]
pub fn files_of<'a>(release: &'a Path, paths: &'a ReleasePaths) -> [&'a Path; 9] {
    [
        &paths.sealed,
        &paths.sealed_signature,
        &paths.captions,
        &paths.log,
        &paths.log_csv,
        &paths.log_pdf,
        &paths.manifest,
        &paths.manifest_signature,
        release,
    ]
}

#[cfg(test)]
mod tests {
    use redact_testkit::{Scene, approved};

    use super::*;

    /// Goal: a recording of few bits is not doubled, and every other one is visually lossless.
    /// Control: codecs that need half the bits keep their own factor.
    #[test]
    fn the_factor_follows_from_codec_and_bits_of_the_recording() {
        let plan = approved(&Scene::new(640, 480, 100), Vec::new(), Vec::new());
        let mut source = plan.plan().source.clone();
        // A tenth of a bit for each pixel of 100 frames.
        let edge = 640 * 480 * 100 / 80;
        let crf = |source: &SourceIdentity, bytes: u64| {
            default_crf(&SourceIdentity {
                bytes,
                ..source.clone()
            })
        };
        "h264".clone_into(&mut source.info.video.codec);
        assert_eq!(crf(&source, edge - 1), CRF_FEW_BITS);
        assert_eq!(crf(&source, edge), CRF);
        assert_eq!(crf(&source, u64::MAX), CRF);
        "hevc".clone_into(&mut source.info.video.codec);
        assert_eq!(
            [1, u64::MAX].map(|bytes| crf(&source, bytes)),
            [CRF_EFFICIENT; 2]
        );
    }
}
