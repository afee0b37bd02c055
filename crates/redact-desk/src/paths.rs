//! Paths in the data folder. Every name is made of an id: nothing that a client sends becomes a
//! path.

use std::path::{Path, PathBuf};

use crate::error::DeskError;
use crate::id::Id;
use crate::private;

/// Names of the files in a recording's folder.
pub mod recording_files {
    /// The recording as received, without its extension.
    pub const SOURCE: &str = "source";
    /// The proxy: see `API.md`.
    pub const PROXY: &str = "proxy.mp4";
    /// The durations of all frames: `API.md`, `Timeline`.
    pub const TIMELINE: &str = "timeline.json";
    /// The recording's properties: `API.md`, `Media`. Written last, so the proxy exists if this
    /// does.
    pub const MEDIA: &str = "media.json";
    /// What the scan found.
    pub const FINDINGS: &str = "findings.json";
    /// What to check first: `API.md`, `Found`.
    pub const MOMENTS: &str = "moments.json";
    /// The folder with the thumbnails of each found track, `TRACK.jpg` and `TRACK-worst.jpg`.
    pub const THUMBNAILS: &str = "thumbnails";

    /// The waveform of a sound track.
    #[must_use]
    pub fn waveform(track: usize) -> String {
        format!("waveform-{track}")
    }

    /// The thumbnail of a found track, in [`THUMBNAILS`].
    #[must_use]
    pub fn thumbnail(track: u32) -> String {
        format!("{track}.jpg")
    }

    /// The picture of a found track in the frame to check first, in [`THUMBNAILS`].
    #[must_use]
    pub fn worst_thumbnail(track: u32) -> String {
        format!("{track}-worst.jpg")
    }
}

/// Paths in the data folder. Every name is made of an id: nothing that a client sends becomes a
/// path.
#[derive(Clone, Debug)]
pub(crate) struct Folders {
    root: PathBuf,
}

impl Folders {
    /// Creates the data folder with its subfolders, readable by the owner only.
    ///
    /// # Errors
    /// [`DeskError::Folder`].
    pub(crate) fn make(root: &Path) -> Result<Self, DeskError> {
        for name in [
            "",
            "uploads",
            "recordings",
            "reviews",
            "releases",
            "packages",
            "audits",
            "work",
        ] {
            private::folder(&root.join(name))?;
        }
        let root = root.canonicalize().map_err(|source| DeskError::Folder {
            path: root.to_owned(),
            source,
        })?;
        private::restrict_to_owner(&root)?;
        Ok(Self { root })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn upload(&self, id: &Id) -> PathBuf {
        self.uploads().join(id.as_str())
    }

    /// The folder of all uploads.
    pub(crate) fn uploads(&self) -> PathBuf {
        self.root.join("uploads")
    }

    /// The upload whose file has that path in the data folder; `None` for any other path.
    pub(crate) fn upload_at(path: &str) -> Option<Id> {
        Id::read(path.strip_prefix("uploads/")?)
    }

    /// The folder of a recording: the recording, its proxy, findings and thumbnails.
    pub(crate) fn recording(&self, id: &Id) -> PathBuf {
        self.root.join("recordings").join(id.as_str())
    }

    /// The approved plan of a review's revision.
    pub(crate) fn plan(&self, review: &Id, revision: i64) -> PathBuf {
        self.plans(review).join(format!("{revision}.plan.json"))
    }

    /// The folder of a review's approved plans.
    pub(crate) fn plans(&self, review: &Id) -> PathBuf {
        self.root.join("reviews").join(review.as_str())
    }

    pub(crate) fn release(&self, id: &Id) -> PathBuf {
        self.root.join("releases").join(id.as_str())
    }

    /// The folder of all releases.
    pub(crate) fn releases(&self) -> PathBuf {
        self.root.join("releases")
    }

    /// The folder of all packages.
    pub(crate) fn packages(&self) -> PathBuf {
        self.root.join("packages")
    }

    /// The folder of a package: what it is made by, and the package itself.
    pub(crate) fn package(&self, id: &Id) -> PathBuf {
        self.packages().join(id.as_str())
    }

    pub(crate) fn audit(&self, id: &Id) -> PathBuf {
        self.root.join("audits").join(id.as_str())
    }

    /// Temporary files, deleted at the next start.
    pub(crate) fn work(&self) -> PathBuf {
        self.root.join("work")
    }

    /// The clip of a preview.
    pub(crate) fn clip(&self, job: &Id) -> PathBuf {
        self.work().join(format!("{job}.mp4"))
    }
}

/// Names of the files in a release's folder beside the release and its records.
pub(crate) mod release_files {
    /// The plan that it was rendered from.
    pub(crate) const PLAN: &str = "plan.json";
    /// The request, as manifests record it.
    pub(crate) const REQUEST: &str = "request.toml";
}

/// Names of the files in a package's folder beside the package.
pub(crate) mod package_files {
    /// The request, as the package names it.
    pub(crate) const REQUEST: &str = "request.toml";
    /// The profile.
    pub(crate) const PROFILE: &str = "profile.toml";
}

/// Names of the files in an audit's folder. The signature is found beside the manifest.
pub(crate) mod audit_files {
    pub(crate) const RELEASE: &str = "release.mp4";
    pub(crate) const MANIFEST: &str = "manifest.json";
    pub(crate) const SIGNATURE: &str = "manifest.json.minisig";
    pub(crate) const REPORT: &str = "report.pdf";
}
