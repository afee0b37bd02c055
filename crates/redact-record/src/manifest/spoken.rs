//! What the public manifest says of speech.
//!
//! The doc comments of the fields are the descriptions in the JSON Schema.

use serde::{Deserialize, Serialize};

use super::{Hex, Seconds};
use crate::policy::SpeechRule;

/// The file with the captions of the release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CaptionsFile {
    /// Length of the file in bytes.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: Hex,
    /// The language of the words, as in ISO 639. `null` if it is not known.
    pub language: Option<String>,
}

/// What of the speech a policy mutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum SpeechMuteName {
    /// All of it.
    Speech,
    /// Personal data, and speech that was not understood.
    Personal,
    /// Nothing.
    None,
}

impl From<&SpeechRule> for SpeechMuteName {
    fn from(rule: &SpeechRule) -> Self {
        match rule {
            SpeechRule::Speech => Self::Speech,
            SpeechRule::Personal(_) => Self::Personal,
            SpeechRule::None => Self::None,
        }
    }
}

/// How the speech of the recording was redacted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SpeechSummary {
    /// What the policy mutes: `speech`, `personal` data or `none`; all `speech` also where
    /// `personal` data is to be muted and nothing was transcribed. A person may have muted more, or
    /// left speech audible, which `kept_speech` counts.
    pub mute: SpeechMuteName,
    /// How much speech of the recording a recognizer did not understand. `null` without a
    /// transcript.
    pub unclear_seconds: Option<Seconds>,
}
