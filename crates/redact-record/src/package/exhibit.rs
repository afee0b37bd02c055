//! The exhibits of a package.
//!
//! The doc comments of the fields are the descriptions in the JSON Schema.

use serde::{Deserialize, Serialize};

use super::withheld::{Withheld, withheld};
use crate::digest_bytes;
use crate::json::{Hex, OneLine, Seconds, Utc};
use crate::manifest::{PublicManifest, Supersedes};

/// One release of a package: whole, or in parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Exhibit {
    /// Its number, from 1.
    pub number: u32,
    /// The file name of the recording, as the agency received it. Omitted where the profile
    /// withholds it: such names may contain an officer's name or an incident's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_name: Option<String>,
    /// ID of the release's public manifest.
    pub manifest_id: String,
    /// SHA-256 of the release's public manifest: of the whole release, also if it is in parts.
    pub manifest_sha256: Hex,
    /// SHA-256 of the released video: of the whole release, also if it is in parts.
    pub release_sha256: Hex,
    /// Length of the released video in bytes: of the whole release, also if it is in parts.
    pub release_bytes: u64,
    /// When the release was made.
    pub created: Utc,
    /// The public manifest that this one replaces: the recipient may have an older copy.
    pub supersedes: Option<OneLine<Supersedes>>,
    /// The jurisdiction whose law applies to the release.
    pub jurisdiction: Option<String>,
    /// Number of frames.
    pub frames: u32,
    /// Duration of the video.
    pub seconds: Seconds,
    /// The parts in order; empty if the release is in one piece.
    pub parts: Vec<OneLine<ExhibitPart>>,
    /// What is withheld, by reason, in order of the reasons' codes.
    pub withheld: Vec<OneLine<Withheld>>,
    /// Number of streams, chapter lists and messages of the source that are in no release.
    pub removed: u32,
}

/// A part of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExhibitPart {
    /// Its number, from 1.
    pub number: u32,
    /// Its first frame in the whole release, and the first frame after it.
    pub frames: (u32, u32),
    /// Its start and end in the whole release, in seconds from the first frame.
    pub seconds: (Seconds, Seconds),
}

impl Exhibit {
    /// The exhibit for the release with the public manifest `public`, whose file is `bytes`.
    ///
    /// - `source_name`: the recording's file name, if the recipient may have it.
    /// - `parts`: none for a release in one piece.
    #[must_use]
    pub fn new(
        number: u32,
        public: &PublicManifest,
        bytes: &[u8],
        source_name: Option<String>,
        parts: Vec<ExhibitPart>,
    ) -> Self {
        Self {
            number,
            source_name: source_name.map(|name| crate::visible(&name)),
            manifest_id: public.manifest_id.clone(),
            manifest_sha256: Hex(digest_bytes(bytes)),
            release_sha256: public.release.sha256,
            release_bytes: public.release.bytes,
            created: public.created,
            supersedes: public.supersedes.clone(),
            jurisdiction: public.terms.jurisdiction.clone(),
            frames: public.totals.frames,
            seconds: public.totals.seconds,
            parts: parts.into_iter().map(OneLine).collect(),
            withheld: withheld(public).into_iter().map(OneLine).collect(),
            removed: u32::try_from(public.removed.len()).unwrap_or(u32::MAX),
        }
    }

    /// Whether this describes the release with the public manifest `public`, whose file is
    /// `bytes`; the recording's name and the parts are not in it.
    #[must_use]
    pub fn describes(&self, public: &PublicManifest, bytes: &[u8]) -> bool {
        let parts = self.parts.iter().map(|part| part.0).collect();
        Self::new(self.number, public, bytes, self.source_name.clone(), parts) == *self
    }

    /// Number of parts; 1 for a release in one piece.
    #[must_use]
    pub fn part_count(&self) -> u32 {
        u32::try_from(self.parts.len()).unwrap_or(u32::MAX).max(1)
    }
}
