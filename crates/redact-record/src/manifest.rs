//! The manifest: what was done to a release, as evidence.
//!
//! There are two files, both signed. The **public** manifest is released with the video: it says
//! what is hidden, when, how and under which law, and is all that a checker needs. It contains no
//! names, no words and nothing about what the recording shows. The **sealed** manifest stays with
//! the agency: who decided, what was kept and why, who made the request.
//!
//! Each identifies the other without a cycle: the public manifest has the SHA-256 of the sealed
//! file's `body` (the bytes of that JSON value in the file), and the sealed file has, beside the
//! body, the SHA-256 of the whole public manifest. The body contains 32 random bytes, so that
//! nobody can test guessed names against its digest.

mod build;
mod captions;
mod changes;
mod coding;
mod cut;
mod damage_check;
mod damaged;
mod divide;
mod excerpt;
mod figures;
mod input;
mod input_check;
mod items;
mod part;
mod parts;
mod public;
mod removed;
mod request;
mod schema;
mod sealed;
mod spoken;
mod used_reasons;
mod visible;

pub use build::{Manifests, build};
pub use changes::{ChangeName, ChangedThing, HumanChange, changes};
pub use coding::{Coding, CodingFacts, PictureRun, SoundCoding, TakenOut, run_digest};
pub use damaged::DamagedItem;
pub use divide::PartRecords;
pub use excerpt::{ExcerptFile, ExcerptSpanFile, RestDecision, TitleCardFile, WithheldSpan};
pub use figures::{
    ApprovalSummary, CheckFile, Checks, Jail, NamedValue, SecondLook, SecondPsnr, SoundTotal,
    StillSeen, Tool, Totals,
};
pub use input::{
    AudioResult, CheckResult, FrameClock, Fresh, ManifestInput, Measured, MutedLevel,
    ReleaseContext, ReleaseFacts, RenderFacts, Replaced, RestWithheld, SecondQuality, ToolInfo,
};
pub use items::{
    Coverage, MaskItem, MaskOriginName, Medium, MuteItem, MuteLevel, RemovedItem, Strength,
};
pub use part::{Part, PartFacts, PartSoundFacts, PartTotals, PartTrack};
pub use parts::{PolicyName, ReleaseFile, SourceSummary, Supersedes};
pub use public::PublicManifest;
pub use request::{Request, RequestFile, Terms, read_request, write_request};
pub(crate) use schema::check_schema;
pub use schema::{PUBLIC_SCHEMA, SCHEMA_VERSION, SEALED_SCHEMA};
pub use sealed::{SealedBody, SealedItem, SealedManifest};
pub use spoken::{CaptionsFile, SpeechMuteName, SpeechSummary};
pub use visible::{
    Covered, FindingsComparison, KeptCount, KeptSpeechCount, KeptSpeechSpan, KeptTrack,
};

/// Types as they are spelled in files.
pub use crate::file::names::{
    ClassName, DamageName, EffectFile, LevelsFile, MuteStyleName, ProtectionName, StreamKindName,
};
pub use crate::file::plan::{ApprovalFile, SoundTracks};
pub use crate::file::reason::ReasonFile;
pub use crate::file::shape::ShapeFile;
pub use crate::file::source::StreamFile;
pub use crate::findings::ModelFile;
pub use crate::json::{Hex, OneLine, Seconds, Utc};

use crate::RecordError;

/// Maximum length of a manifest in bytes.
pub const MANIFEST_BYTES_MAX: u64 = crate::json::BYTES_MAX;

/// Reads the file of a manifest or a signature.
///
/// # Errors
/// [`RecordError::Read`], [`RecordError::NotAFile`], [`RecordError::TooLarge`].
pub fn read_bytes(path: &std::path::Path) -> Result<Vec<u8>, RecordError> {
    crate::store::read(path, MANIFEST_BYTES_MAX)
}
