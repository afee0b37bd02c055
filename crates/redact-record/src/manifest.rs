//! The manifest: what was done to a release, as evidence.
//!
//! Two files, both signed. The **public** one goes out with the release: it says what is hidden,
//! when, how and under which law, and is all that a checker needs; it holds no names, no words
//! and nothing that tells what the recording shows. The **sealed** one stays with the agency: who
//! decided, what was kept and why, who asked.
//!
//! Each names the other without a cycle: the public manifest carries the SHA-256 of the sealed
//! file's `body` (the bytes of that JSON value, as they stand in the file), and the sealed file
//! puts the SHA-256 of the whole public manifest beside that body. The body holds 32 random bytes,
//! so that its digest does not let anybody try out names.

mod build;
mod changes;
mod coding;
mod damaged;
mod figures;
mod input;
mod items;
mod public;
mod removed;
mod request;
mod sealed;
mod visible;

pub use build::{Manifests, build};
pub use changes::{ChangeName, ChangedThing, HumanChange, changes};
pub use coding::{Coding, CodingFacts, PictureRun, SoundCoding, TakenOut, run_digest};
pub use damaged::DamagedItem;
pub use figures::{
    ApprovalSummary, CheckFile, Checks, Jail, NamedValue, SecondLook, SecondPsnr, SoundTotal,
    StillSeen, Tool, Totals,
};
pub use input::{
    AudioResult, CheckResult, FrameClock, Fresh, ManifestInput, Measured, MutedLevel,
    ReleaseContext, ReleaseFacts, RenderFacts, Replaced, SecondQuality, ToolInfo,
};
pub use items::{
    Coverage, MaskItem, MaskOriginName, Medium, MuteItem, MuteLevel, RemovedItem, Strength,
};
pub use public::{PolicyName, PublicManifest, ReleaseFile, SourceSummary, Supersedes};
use removed::removed;
pub use request::{Request, RequestFile, Terms, read_request, write_request};
pub use sealed::{SealedBody, SealedItem, SealedManifest};
pub use visible::{FindingsComparison, KeptCount, KeptSpeechCount, KeptSpeechSpan, KeptTrack};

/// The names that files give these types.
pub use crate::file::names::{
    ClassName, DamageName, EffectFile, LevelsFile, MuteStyleName, ProtectionName, StreamKindName,
};
pub use crate::file::plan::{ApprovalFile, ReasonFile, SoundTracks};
pub use crate::file::source::StreamFile;
pub use crate::findings::ModelFile;
pub use crate::json::{Hex, OneLine, Seconds, Utc};

use serde::Deserialize;

use crate::RecordError;

/// What the public manifest's `schema` key says.
pub const PUBLIC_SCHEMA: &str = "redact-manifest";
/// What the sealed manifest's `schema` key says.
pub const SEALED_SCHEMA: &str = "redact-sealed-manifest";
/// The only `schema_version` that is read and written.
pub const SCHEMA_VERSION: &str = "1.0";

/// Longest manifest that is read, in bytes.
pub const MANIFEST_BYTES_MAX: u64 = crate::json::BYTES_MAX;

/// Reads the file of a manifest or a signature whole, within the bound for manifests.
///
/// # Errors
/// [`RecordError::Read`], [`RecordError::NotAFile`], [`RecordError::TooLarge`].
pub fn read_bytes(path: &std::path::Path) -> Result<Vec<u8>, RecordError> {
    crate::store::read(path, MANIFEST_BYTES_MAX)
}

/// Checks kind and version before the strict reading, which a newer version would fail for the
/// wrong reason.
fn check_schema(bytes: &[u8], expected: &'static str) -> Result<(), RecordError> {
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
