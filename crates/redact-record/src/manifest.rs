//! The manifest: what was done to a release, as evidence.
//!
//! Two files, both signed. The **public** one goes out with the release: it says what is hidden,
//! when, how and under which law, and is all that a checker needs; it holds no names, no words
//! and nothing about what the recording shows. The **sealed** one stays with the agency: who
//! decided, what was kept and why, who asked.
//!
//! Each names the other without a cycle: the public manifest carries the SHA-256 of the sealed
//! file's `body` (the bytes of that JSON value, as they stand in the file), and the sealed file
//! puts the SHA-256 of the whole public manifest beside that body. The body holds 32 random bytes,
//! so that its digest does not let anybody try out names.

mod build;
mod changes;
mod coding;
mod damage_check;
mod damaged;
mod figures;
mod input;
mod items;
mod parts;
mod public;
mod removed;
mod request;
mod schema;
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
pub use parts::{PolicyName, ReleaseFile, SourceSummary, Supersedes};
pub use public::PublicManifest;
pub use request::{Request, RequestFile, Terms, read_request, write_request};
pub use schema::{PUBLIC_SCHEMA, SCHEMA_VERSION, SEALED_SCHEMA};
pub use sealed::{SealedBody, SealedItem, SealedManifest};
pub use visible::{FindingsComparison, KeptCount, KeptSpeechCount, KeptSpeechSpan, KeptTrack};

/// The names that files give these types.
pub use crate::file::names::{
    ClassName, DamageName, EffectFile, LevelsFile, MuteStyleName, ProtectionName, StreamKindName,
};
pub use crate::file::plan::{ApprovalFile, SoundTracks};
pub use crate::file::reason::ReasonFile;
pub use crate::file::source::StreamFile;
pub use crate::findings::ModelFile;
pub use crate::json::{Hex, OneLine, Seconds, Utc};

use crate::RecordError;

/// Longest manifest that is read, in bytes.
pub const MANIFEST_BYTES_MAX: u64 = crate::json::BYTES_MAX;

/// Reads the file of a manifest or a signature whole, within the bound for manifests.
///
/// # Errors
/// [`RecordError::Read`], [`RecordError::NotAFile`], [`RecordError::TooLarge`].
pub fn read_bytes(path: &std::path::Path) -> Result<Vec<u8>, RecordError> {
    crate::store::read(path, MANIFEST_BYTES_MAX)
}
