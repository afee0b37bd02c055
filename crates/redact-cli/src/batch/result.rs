//! How one recording ended.

use std::path::Path;

use serde::Serialize;

use super::inputs::plain;
use crate::run::Figures;

/// How one recording ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum End {
    /// It has a release.
    Ok,
    /// Its release did not verify and was removed.
    Wrong,
    Failed,
    /// It has a release of an earlier run.
    Skipped,
    /// The batch was interrupted before it had a release.
    Cancelled,
    /// No recording, but a file that belongs to one.
    Companion,
    /// A link or a hidden folder.
    Ignored,
}

impl End {
    /// As text shows it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Wrong => "WRONG",
            Self::Failed => "FAILED",
            Self::Skipped => "skipped",
            Self::Cancelled => "not done",
            Self::Companion => "no clip",
            Self::Ignored => "ignored",
        }
    }

    /// Whether it has a release now.
    pub(super) const fn is_released(self) -> bool {
        matches!(self, Self::Ok | Self::Skipped)
    }
}

/// One result line.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ClipResult {
    /// The recording.
    pub(super) clip: String,
    pub(super) end: End,
    /// The release, or what went wrong.
    pub(super) detail: String,
    /// Seconds spent on it in this run.
    pub(super) seconds: f64,
    /// What a list or a request file says.
    #[serde(flatten)]
    pub(super) request: RequestKeys,
    /// The release, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) release: Option<String>,
    /// Why a person must look at it; empty if none has to.
    pub(super) needs_person: Vec<String>,
    /// What was found and done, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) figures: Option<Figures>,
}

/// By what an office finds a recording.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct RequestKeys {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) case_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) evidence_id: Option<String>,
}

impl ClipResult {
    /// Of a file or folder that no process was started for.
    pub(super) fn without_work(path: &Path, end: End, detail: &str) -> Self {
        let needs = matches!(end, End::Wrong | End::Failed);
        Self {
            clip: plain(path),
            end,
            detail: detail.to_owned(),
            seconds: 0.0,
            request: RequestKeys::default(),
            release: None,
            needs_person: needs.then(|| detail.to_owned()).into_iter().collect(),
            figures: None,
        }
    }
}
