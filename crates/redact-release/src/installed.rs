//! Which models a machine has, for a queue that gives a chunk only to machines that have the same.

use std::path::Path;

use redact_vision::ModelStore;

use crate::error::{Context as _, Result};

/// The installed models of a folder, by name, each as its name and the SHA-256 that its card
/// requires. Their files are checked where they are loaded.
///
/// # Errors
/// When the folder or a card cannot be read.
pub fn installed_models(folder: &Path) -> Result<Vec<String>> {
    let store = ModelStore::open(folder).in_file(folder)?;
    let models = store.installed().map(|card| {
        let digests = card.sources.iter().map(|source| source.digest.to_string());
        format!("{} {}", card.name, digests.collect::<Vec<_>>().join("+"))
    });
    let mut models: Vec<String> = models.collect();
    models.sort();
    Ok(models)
}
