//! How long texts in files may be.

/// Longest name, code or statute, in bytes.
pub(super) const LABEL_MAX: usize = 200;
/// Longest sentence, in bytes.
pub(super) const SENTENCE_MAX: usize = 2000;
