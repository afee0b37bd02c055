//! What parent and child say to each other: lines of JSON.
//!
//! The parent writes [`redact_jail::Bounds`], then a [`Job`], then whatever [`Told`] has; the child
//! writes
//! [`Said`].

use redact_jail::JailLevel;
use serde::{Deserialize, Serialize};

use crate::{desk, render, scan, score, verify};

/// What a child does.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Job {
    /// Find what may have to be hidden.
    Scan(scan::ScanWork),
    /// Write and check a release.
    Render(render::RenderWork),
    /// Check a release that somebody made.
    Verify(verify::VerifyWork),
    /// Measure findings or detectors against labels.
    Score(score::ScoreWork),
    /// A job of the desk.
    Desk(desk::Spec),
}

/// What a child says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Said {
    /// It is confined, so far.
    Confined(JailLevel),
    /// How far it is.
    Progress {
        phase: String,
        done: u64,
        total: Option<u64>,
    },
    /// It needs something that only the parent can do.
    Ask(Ask),
    /// It is done.
    Done(serde_json::Value),
    /// It could not do it.
    Failed(Failure),
}

/// What a parent says after the job.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Told {
    /// Stop, and clean up.
    Cancel,
    /// Whether what was asked for is done.
    Answer(bool),
}

/// What a child asks its parent for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ask {
    /// Whether a segment is in the cache.
    Has(Segment),
    /// Put a segment of the cache into the child's folder.
    Load(Segment),
    /// Sign what is in the child's folder and put it into the cache.
    Store(Segment),
    /// Remove what is old or too much in the cache.
    MakeRoom,
}

/// An entry of the segment cache. The parent names it after the plan that it holds itself, so a
/// child can ask for nothing but segments of its own job.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Segment {
    /// First frame.
    pub(crate) start: u32,
    /// First frame after.
    pub(crate) end: u32,
    /// What of it.
    pub(crate) kind: SegmentKind,
}

/// What the cache holds of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SegmentKind {
    /// Coded pictures.
    Pictures,
    /// What audit and comparison found in them.
    Found,
}

/// Why a child could not do its job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Failure {
    pub(super) message: String,
    pub(super) hint: Option<String>,
    /// Whether a rule forbids it.
    pub(super) refused: bool,
    /// Whether somebody stopped it.
    pub(super) cancelled: bool,
    /// Whether none of the recording's sound can be decoded.
    pub(super) lost_sound: bool,
}
