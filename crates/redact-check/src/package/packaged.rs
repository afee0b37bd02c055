//! Which files of a package belong to one release.

use std::collections::BTreeMap;

use redact_record::FileBinding;
use redact_record::package::{FileRole, PackageManifest};

/// What was read of the listed files: the digests of each.
pub(super) type ReadFiles = BTreeMap<String, FileBinding>;

/// A release of a package, by its place: an exhibit in one piece, or one part of an exhibit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleasePlace {
    /// The number of the exhibit.
    pub exhibit: u32,
    /// The number of the part; `None` for an exhibit in one piece.
    pub part: Option<u32>,
}

impl ReleasePlace {
    /// `exhibit 1`, or `exhibit 1, part 2`.
    #[must_use]
    pub fn label(self) -> String {
        match self.part {
            Some(part) => format!("exhibit {}, part {part}", self.exhibit),
            None => format!("exhibit {}", self.exhibit),
        }
    }
}

/// The files of one release in a package, or of one part of it. Each of them exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackagedRelease {
    /// `exhibit 1`, or `exhibit 1, part 2`.
    pub label: String,
    /// Whether it is a part: its time stamp is that of the whole release's manifest.
    pub is_part: bool,
    /// The released video.
    pub video: String,
    /// Its public manifest.
    pub manifest: String,
    /// The signature of the manifest.
    pub signature: String,
    /// The sealed manifest and its signature, if the package contains them.
    pub sealed: Option<(String, String)>,
    /// Its captions, if it has any.
    pub captions: Option<String>,
    /// The transcript that is made from the captions, if it has one.
    pub transcript: Option<String>,
    /// The time stamp of the manifest, if there is one.
    pub stamp: Option<String>,
    /// Digests of the video.
    pub binding: FileBinding,
}

impl PackagedRelease {
    /// The release at `place`; the path of a missing file if one is.
    pub(super) fn find(
        package: &PackageManifest,
        place: ReleasePlace,
        read: &ReadFiles,
    ) -> Result<Self, String> {
        let path = |role: FileRole| {
            let file = package.file_of(place.exhibit, place.part, role);
            let path = file.map(|file| file.path.clone());
            path.filter(|path| read.contains_key(path))
        };
        let needed = |role: FileRole| path(role).ok_or_else(|| format!("no {}", role.name()));
        let video = needed(FileRole::Release)?;
        let sealed = path(FileRole::SealedManifest).zip(path(FileRole::SealedSignature));
        Ok(Self {
            label: place.label(),
            is_part: place.part.is_some(),
            binding: read[&video].clone(),
            video,
            manifest: needed(FileRole::Manifest)?,
            signature: needed(FileRole::Signature)?,
            sealed,
            captions: path(FileRole::Captions),
            transcript: path(FileRole::Transcript),
            stamp: path(FileRole::TimeStamp),
        })
    }
}
