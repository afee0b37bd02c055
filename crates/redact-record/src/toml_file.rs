//! Strict parsing of the TOML files that people write: policies and reason sets.

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

fn read<T: DeserializeOwned>(text: &str) -> Result<T, RecordError> {
    let syntax = |at: String, source: toml::de::Error| RecordError::Syntax {
        at,
        source: Box::new(source),
    };
    let reader = toml::Deserializer::parse(text).map_err(|source| syntax(".".into(), source))?;
    serde_path_to_error::deserialize(reader)
        .map_err(|refused| syntax(refused.path().to_string(), refused.into_inner()))
}
