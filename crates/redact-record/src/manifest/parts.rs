//! Parts of the public manifest: policy, source, release and the manifest that it replaces.
//!
//! The doc comments of the fields are the descriptions in the JSON Schema.

use redact_core::SourceSettings;
use serde::{Deserialize, Serialize};

use crate::FileBinding;
use crate::file::names::StreamKindName;
use crate::file::source::StreamFile;
use crate::json::{Hex, OneLine, Seconds};

/// A manifest that is replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Supersedes {
    /// Its name.
    pub manifest_id: String,
    /// SHA-256 of its file.
    pub sha256: Hex,
}

/// A written policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PolicyName {
    /// Its name.
    pub name: String,
    /// SHA-256 of the policy file: the rules as they were.
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
    /// SHA-256 after the run: the original did not change.
    pub sha256_after: Hex,
    /// FFmpeg's name of the container format.
    pub container: String,
    /// Frames, counted by decoding all of them.
    pub frames: u32,
    /// From the first frame's start to the last frame's end.
    pub duration_seconds: Seconds,
    /// Width of the displayed picture in pixels.
    pub width: u32,
    /// Height of the displayed picture in pixels.
    pub height: u32,
    /// Clockwise turn that the source asks for, in degrees; geometry here is after it.
    pub rotation_degrees: u16,
    /// Clockwise turn that a person asked for beyond that, in degrees. Left out when 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub turned_degrees: u16,
    /// Frames per second, as numerator and denominator, of a source that stores no times. Left out
    /// for others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames_per_second: Option<OneLine<(u32, u32)>>,
    /// One tick of the source's video stream in seconds, as numerator and denominator.
    pub seconds_per_tick: OneLine<(u32, u32)>,
    /// The first frame's time in ticks: the zero of all release times.
    pub first_tick: i64,
    /// Every stream, those that were dropped too.
    pub streams: Vec<OneLine<StreamFile>>,
    /// Chapters in the source; none reaches the release.
    pub chapters: u32,
    /// Number of tags in the source; none reaches the release.
    pub tags: u32,
    /// What any release of this source changes, whatever is redacted.
    pub conversions: Vec<String>,
    /// Shortest and longest time that a frame but the last is shown, in ticks: they differ where
    /// the frame rate varies.
    pub frame_ticks: OneLine<(i64, i64)>,
    /// Ways of giving something away that are open in the source (see `checks.leaks`) and closed in
    /// the release: edit lists, tags, telemetry and others that were dropped.
    pub closed_channels: Vec<String>,
}

impl SourceSummary {
    /// How to open the source as it was opened for the release.
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

/// The file that goes out.
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
    /// Bytes under each of `parts`: 4096 times a power of two.
    pub part_bytes: u64,
    /// Nodes of the tree, one for every `part_bytes` of the file: they show where it differs.
    pub parts: Vec<Hex>,
    /// FFmpeg's name of the container format.
    pub container: String,
    /// Every stream of the file.
    pub streams: Vec<OneLine<StreamFile>>,
}

impl ReleaseFile {
    /// What ties the manifest to the release.
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
