//! Parts of the public manifest: policy, source, release and the replaced manifest.
//!
//! The doc comments of the fields are the descriptions in the JSON Schema.

use redact_core::{SourceSettings, StreamSummary};
use serde::{Deserialize, Serialize};

use crate::FileBinding;
use crate::file::names::StreamKindName;
use crate::file::source::StreamFile;
use crate::json::{Hex, OneLine, Seconds};

/// The replaced manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Supersedes {
    /// Its ID.
    pub manifest_id: String,
    /// SHA-256 of its file.
    pub sha256: Hex,
}

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PolicyName {
    /// Its name.
    pub name: String,
    /// SHA-256 of the policy file, which identifies the exact rules.
    pub sha256: Hex,
}

/// The recording that was redacted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SourceSummary {
    /// Length of the file in bytes.
    pub bytes: u64,
    /// SHA-256 before the run.
    pub sha256: Hex,
    /// SHA-256 after the run, which shows that the original did not change.
    pub sha256_after: Hex,
    /// FFmpeg's name for the container format.
    pub container: String,
    /// Number of frames, counted by decoding all of them.
    pub frames: u32,
    /// Time from the start of the first frame to the end of the last.
    pub duration_seconds: Seconds,
    /// Width of the displayed picture in pixels.
    pub width: u32,
    /// Height of the displayed picture in pixels.
    pub height: u32,
    /// Clockwise rotation that the source declares, in degrees. All geometry is in the rotated
    /// picture.
    pub rotation_degrees: u16,
    /// Clockwise rotation that a person requested in addition, in degrees. Omitted if 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub turned_degrees: u16,
    /// Frames per second, as numerator and denominator, of a source without timestamps. Omitted for
    /// others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames_per_second: Option<OneLine<(u32, u32)>>,
    /// Seconds per tick of the source's video stream, as numerator and denominator.
    pub seconds_per_tick: OneLine<(u32, u32)>,
    /// The first frame's timestamp in ticks: the zero of all times in the release.
    pub first_tick: i64,
    /// All streams, including those that were dropped.
    pub streams: Vec<OneLine<StreamFile>>,
    /// Number of chapters in the source; none is in the release.
    pub chapters: u32,
    /// Number of tags in the source; none is in the release.
    pub tags: u32,
    /// Conversions in every release of the source, regardless of what is redacted.
    pub conversions: Vec<String>,
    /// Shortest and longest display time of a frame, except the last, in ticks: they differ if the
    /// frame rate varies.
    pub frame_ticks: OneLine<(i64, i64)>,
    /// Leak channels (see `checks.leaks`) that are open in the source and closed in the release:
    /// edit lists, tags, telemetry and others.
    pub closed_channels: Vec<String>,
}

impl SourceSummary {
    /// The settings with which the source was opened for the release.
    #[must_use]
    pub fn settings(&self) -> SourceSettings {
        let streams = self.streams.iter().map(|stream| &stream.0);
        let mut shown =
            streams.filter(|stream| stream.kept && stream.kind == StreamKindName::Video);
        SourceSettings {
            video_stream: shown.next().map(|stream| stream.index),
            turn_degrees: self.turned_degrees,
            frame_rate: self.frames_per_second.as_ref().map(|rate| rate.0),
        }
    }
}

fn is_zero(degrees: &u16) -> bool {
    *degrees == 0
}

/// The released file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReleaseFile {
    /// Length of the file in bytes.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: Hex,
    /// Root of the file's Merkle tree over leaves of 4 KiB (RFC 6962, section 2.1).
    pub merkle_root: Hex,
    /// Bytes covered by each of `parts`: 4096 times a power of two.
    pub part_bytes: u64,
    /// Nodes of the tree, one per `part_bytes` of the file: they locate differences.
    pub parts: Vec<Hex>,
    /// FFmpeg's name for the container format.
    pub container: String,
    /// All streams of the file.
    pub streams: Vec<OneLine<StreamFile>>,
}

impl ReleaseFile {
    /// A file with these digests, of a container format as FFmpeg names it.
    pub(super) fn new(binding: &FileBinding, container: &str, streams: &[StreamSummary]) -> Self {
        Self {
            bytes: binding.bytes,
            sha256: Hex(binding.sha256),
            merkle_root: Hex(binding.merkle_root),
            part_bytes: binding.part_bytes,
            parts: binding.parts.iter().copied().map(Hex).collect(),
            container: container.to_owned(),
            streams: streams
                .iter()
                .map(|stream| OneLine(stream.into()))
                .collect(),
        }
    }

    /// The digests that bind the manifest to the release.
    #[must_use]
    pub fn binding(&self) -> FileBinding {
        FileBinding {
            bytes: self.bytes,
            sha256: self.sha256.0,
            merkle_root: self.merkle_root.0,
            part_bytes: self.part_bytes,
            parts: self.parts.iter().map(|part| part.0).collect(),
        }
    }
}
