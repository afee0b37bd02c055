//! Reasons in files.

use redact_core::{Reason, ReasonCode};
use serde::{Deserialize, Serialize};

use super::text::{LABEL_MAX, SENTENCE_MAX};
use crate::RecordError;
use crate::json::check_text;

/// Why something is withheld, or kept by a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReasonFile {
    /// The short name that items refer to.
    pub code: String,
    /// The statute: an index of withheld items names the exemption for each.
    pub statute: String,
    /// One neutral sentence for the redaction log.
    pub text: String,
}

impl From<&Reason> for ReasonFile {
    fn from(reason: &Reason) -> Self {
        Self {
            code: reason.code.0.clone(),
            statute: reason.statute.clone(),
            text: reason.text.clone(),
        }
    }
}

/// Reads reasons; codes must be unique.
pub(crate) fn read_reasons(files: Vec<ReasonFile>) -> Result<Vec<Reason>, RecordError> {
    let mut read: Vec<Reason> = Vec::with_capacity(files.len());
    let mut codes = std::collections::BTreeSet::new();
    for file in files {
        let at = |key: &str| format!("reason {:?}, {key}", file.code);
        check_text(&at("code"), &file.code, LABEL_MAX)?;
        check_text(&at("statute"), &file.statute, LABEL_MAX)?;
        check_text(&at("text"), &file.text, SENTENCE_MAX)?;
        if !codes.insert(file.code.clone()) {
            return Err(RecordError::field(
                at("code"),
                "the same code twice",
                "each code once",
            ));
        }
        read.push(Reason {
            code: ReasonCode(file.code),
            statute: file.statute,
            text: file.text,
        });
    }
    Ok(read)
}
