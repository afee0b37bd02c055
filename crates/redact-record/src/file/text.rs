//! Maximum lengths of texts in files.

/// Maximum length of a name, code or statute in bytes.
pub(super) const LABEL_MAX: usize = 200;
/// Maximum length of a sentence in bytes.
pub(super) const SENTENCE_MAX: usize = 2000;
