//! Strict parsing of the TOML files that people write: policies, reason sets and appeals.

use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::RecordError;
use crate::json::check_version;

/// Parses a file of format `version`. The version is checked first, so that a newer file is
/// reported as newer and not as having an unknown key.
///
/// # Errors
/// [`RecordError::NewerVersion`]; [`RecordError::Syntax`] and [`RecordError::Field`] with the
/// place.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8], version: u32) -> Result<T, RecordError> {
    #[derive(Deserialize)]
    struct Header {
        format_version: u64,
    }
    let text = std::str::from_utf8(bytes).map_err(|source| RecordError::Syntax {
        at: ".".into(),
        source: Box::new(source),
    })?;
    let header: Header = read(text)?;
    check_version(header.format_version, version)?;
    read(text)
}

/// Checks that the name in a file is the file's name, by which others find it.
///
/// # Errors
/// [`RecordError::Field`].
pub(crate) fn check_name(path: &Path, name: &str) -> Result<(), RecordError> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    if stem == name {
        return Ok(());
    }
    let expected = format!("{stem:?}, the file's name");
    Err(RecordError::field("name", format!("{name:?}"), expected))
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, RecordError> {
    let syntax = |at: String, source: toml::de::Error| RecordError::Syntax {
        at,
        source: Box::new(source),
    };
    let reader = toml::Deserializer::parse(text).map_err(|source| syntax(".".into(), source))?;
    serde_path_to_error::deserialize(reader)
        .map_err(|refused| syntax(refused.path().to_string(), refused.into_inner()))
}
