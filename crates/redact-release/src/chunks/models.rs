//! Whether a machine has the models of a chunk plan.

use super::error::ChunkError;
use super::scan_chunks::{ChunkModel, ModelSet};

/// Checks that the models of this machine are those of a plan.
///
/// # Errors
/// [`ChunkError::OtherModels`] with those that differ.
pub(crate) fn check_models(found: &ModelSet, expected: &ModelSet) -> Result<(), ChunkError> {
    check(&found.detectors, &expected.detectors)?;
    check(found.recognizer.as_slice(), expected.recognizer.as_slice())
}

fn check(found: &[ChunkModel], expected: &[ChunkModel]) -> Result<(), ChunkError> {
    if found == expected {
        return Ok(());
    }
    let only = |these: &[ChunkModel], those: &[ChunkModel]| {
        let only = these.iter().filter(|this| !those.contains(this));
        let names: Vec<String> = only.map(ToString::to_string).collect();
        match names.is_empty() {
            true if these.len() == those.len() => "the same in another order".to_owned(),
            true => "none of these".to_owned(),
            false => names.join(", "),
        }
    };
    Err(ChunkError::OtherModels {
        found: only(found, expected),
        expected: only(expected, found),
    })
}
