//! Whether a machine has the models of a chunk plan.

use super::error::ChunkError;
use super::scan_chunks::ChunkModel;

/// Checks that the models of this machine are those of a plan.
///
/// # Errors
/// [`ChunkError::OtherModels`] with those that differ.
pub(crate) fn check_models(
    found: &[ChunkModel],
    expected: &[ChunkModel],
) -> Result<(), ChunkError> {
    if found == expected {
        return Ok(());
    }
    let only = |these: &[ChunkModel], those: &[ChunkModel]| {
        let only = these.iter().filter(|this| !those.contains(this));
        let names: Vec<String> = only.map(ToString::to_string).collect();
        match names.is_empty() {
            true => "none of these, or another order".to_owned(),
            false => names.join(", "),
        }
    };
    Err(ChunkError::OtherModels {
        found: only(found, expected),
        expected: only(expected, found),
    })
}
