//! Speech that a reviewer decided to keep audible, in plan files.

use redact_core::{KeptSpeech, ReasonCode};
use serde::{Deserialize, Serialize};

use super::span::sound_span;
use super::text::LABEL_MAX;
use crate::RecordError;
use crate::json::{Seconds, Utc, check_text};

/// A span on all sound tracks, with the decision.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeptSpeechFile {
    start_seconds: Seconds,
    end_seconds: Seconds,
    reason: String,
    by: String,
    at: Utc,
}

impl From<&KeptSpeech> for KeptSpeechFile {
    fn from(kept: &KeptSpeech) -> Self {
        Self {
            start_seconds: Seconds(kept.span.start_nanos()),
            end_seconds: Seconds(kept.span.end_nanos()),
            reason: kept.reason.0.clone(),
            by: kept.by.clone(),
            at: Utc(kept.at),
        }
    }
}

impl TryFrom<KeptSpeechFile> for KeptSpeech {
    type Error = RecordError;

    fn try_from(file: KeptSpeechFile) -> Result<Self, RecordError> {
        let (start, end) = (file.start_seconds, file.end_seconds);
        let at = |key: &str| format!("kept_speech at second {start}, {key}");
        check_text(&at("by"), &file.by, LABEL_MAX)?;
        Ok(Self {
            span: sound_span(&at("end_seconds"), start, end)?,
            reason: ReasonCode(file.reason),
            by: file.by,
            at: file.at.0,
        })
    }
}
