//! Kind and version of manifests.

use serde::Deserialize;

use crate::RecordError;

/// Value of the public manifest's `schema` key.
pub const PUBLIC_SCHEMA: &str = "redact-manifest";
/// Value of the sealed manifest's `schema` key.
pub const SEALED_SCHEMA: &str = "redact-sealed-manifest";
/// The only `schema_version` that is read and written.
pub const SCHEMA_VERSION: &str = "1.0";

/// Checks kind and version before strict parsing, which would reject a newer version with a
/// misleading error.
pub(crate) fn check_schema(bytes: &[u8], expected: &'static str) -> Result<(), RecordError> {
    #[derive(Deserialize)]
    struct Header {
        schema: String,
        schema_version: String,
    }
    let header: Header = crate::json::parse(bytes)?;
    if header.schema != expected {
        return Err(RecordError::OtherKind {
            found: header.schema,
            expected,
        });
    }
    if header.schema_version == SCHEMA_VERSION {
        return Ok(());
    }
    let number = |text: &str| -> Option<(u32, u32)> {
        let (major, minor) = text.split_once('.')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    };
    match number(&header.schema_version) {
        Some(found) if Some(found) > number(SCHEMA_VERSION) => Err(RecordError::NewerVersion {
            found: header.schema_version,
            supported: SCHEMA_VERSION.into(),
        }),
        _ => Err(RecordError::field(
            "schema_version",
            format!("{:.20?}", header.schema_version),
            SCHEMA_VERSION,
        )),
    }
}
