//! The checks of a package, over files that a browser reads in slices.

use std::io::{Read, Seek};
use std::ops::Range;

use redact_check::package::{
    self, ContainerError, ContainerKind, FoundFile, GROUP, PackageCheck, PackageContainer,
    PackageFiles, PackagedRelease, ReadSeek, ReleasePlace, check_undecoded,
};
use redact_check::{Scope, Verdict};
use redact_core::Digest;
use redact_record::package::PackageManifest;
use redact_record::sign::TrustStore;

use crate::checked::{Checked, NO_STAMPS, Signer};
use crate::error::CheckerError;
use crate::slices::{SliceReader, Slices};

/// One file that the page handed in.
pub struct SlicedFile<S> {
    /// Its path in the package, with `/` between folders and name.
    pub path: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its content.
    pub slices: S,
}

/// A package, as the page received it.
pub enum PackageInHand<S: Slices> {
    /// The files of a folder, in the order in which the page has them.
    Folder(Vec<SlicedFile<S>>),
    /// A ZIP archive or a disc image.
    Container(PackageContainer<SliceReader<S>>),
}

impl<S: Slices> PackageInHand<S> {
    /// Opens a package that is one file.
    ///
    /// # Errors
    /// [`CheckerError::Encrypted`], [`CheckerError::Container`] and [`CheckerError::Read`].
    pub fn open(slices: S, bytes: u64) -> Result<Self, CheckerError> {
        let mut reader = SliceReader::new(slices, bytes);
        let kind = ContainerKind::of(&mut reader)?;
        if kind == Some(ContainerKind::Encrypted) {
            return Err(CheckerError::Encrypted);
        }
        Ok(Self::Container(PackageContainer::open(reader, kind)?))
    }

    /// Where the bytes of a file are.
    fn video(&mut self, path: &str) -> Result<VideoPlace, CheckerError> {
        match self {
            Self::Container(container) => Ok(VideoPlace {
                file: 0,
                ranges: container.extents(path)?,
            }),
            Self::Folder(files) => {
                let (file, found) = find(files, path)?;
                let whole = 0..found.bytes;
                Ok(VideoPlace {
                    file,
                    ranges: Vec::from([whole]),
                })
            }
        }
    }
}

fn find<'a, S>(
    files: &'a mut [SlicedFile<S>],
    path: &str,
) -> Result<(usize, &'a mut SlicedFile<S>), ContainerError> {
    let mut files = files.iter_mut().enumerate();
    let found = files.find(|(_, file)| file.path == path);
    found.ok_or_else(|| ContainerError::NoFile { path: path.into() })
}

impl<S: Slices> PackageFiles for PackageInHand<S> {
    type Error = CheckerError;

    fn list(&mut self) -> Result<Vec<FoundFile>, CheckerError> {
        Ok(match self {
            Self::Container(container) => container.files().to_vec(),
            Self::Folder(files) => {
                let found = |file: &SlicedFile<S>| FoundFile {
                    path: file.path.clone(),
                    bytes: file.bytes,
                };
                files.iter().map(found).collect()
            }
        })
    }

    fn open(&mut self, path: &str) -> Result<impl Read + Seek, CheckerError> {
        let reader: Box<dyn ReadSeek + '_> = match self {
            Self::Container(container) => container.open_file(path)?,
            Self::Folder(files) => {
                let (_, file) = find(files, path)?;
                Box::new(SliceReader::new(&mut file.slices, file.bytes))
            }
        };
        Ok(reader)
    }

    fn excess(&self) -> Option<&str> {
        match self {
            Self::Container(container) => container.excess(),
            Self::Folder(_) => None,
        }
    }

    fn check_stamp(
        &mut self,
        verdict: &mut Verdict,
        _: &str,
        stamp: Option<&[u8]>,
        _: Digest,
    ) -> Result<(), CheckerError> {
        if stamp.is_some() {
            verdict.open("manifest", "time stamp", NO_STAMPS);
        }
        Ok(())
    }
}

/// Where the video of a release is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoPlace {
    /// The index of the file that holds it: of the folder, or 0 for the archive or disc image.
    pub file: usize,
    /// Its bytes in that file, in order.
    pub ranges: Vec<Range<u64>>,
}

/// A release of a package whose masks and mutes can be measured next.
pub struct BegunRelease {
    /// `exhibit 1`, or `exhibit 1, part 2`.
    pub label: String,
    /// Which release of the package it is.
    pub place: ReleasePlace,
    /// Where its video is.
    pub video: VideoPlace,
    /// What was checked of it, and what was not.
    pub checked: Checked,
}

/// Checks a package: first the package itself, then one release after the other.
pub struct PackageChecker<S: Slices> {
    trust: TrustStore,
    files: Option<PackageInHand<S>>,
    check: Option<PackageCheck>,
    /// The releases that were not checked yet, last first.
    left: Vec<ReleasePlace>,
    verdict: Verdict,
}

impl<S: Slices> PackageChecker<S> {
    /// Checks the package itself. What is damaged is a failed check.
    ///
    /// # Errors
    /// [`CheckerError`] if the package cannot be opened or read.
    pub fn new(
        trust: TrustStore,
        opened: Result<PackageInHand<S>, CheckerError>,
    ) -> Result<Self, CheckerError> {
        let mut verdict = Verdict::new(Scope::Release);
        let mut files = match opened {
            Ok(files) => Some(files),
            Err(CheckerError::Container(error)) if error.is_damage() => {
                verdict.add(GROUP, "can be read", false, error.to_string());
                None
            }
            Err(error) => return Err(error),
        };
        let check = match &mut files {
            Some(files) => PackageCheck::begin(&mut verdict, &trust, files)?,
            None => None,
        };
        let mut left = check.as_ref().map_or_else(Vec::new, PackageCheck::places);
        left.reverse();
        Ok(Self {
            trust,
            files,
            check,
            left,
            verdict,
        })
    }

    /// What was checked so far, and what was not.
    #[must_use]
    pub const fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// Who signed the package manifest.
    #[must_use]
    pub fn signer(&self) -> Signer {
        let check = self.check.as_ref();
        check.map_or(Signer::Nobody, |check| Signer::of(&check.signer))
    }

    /// The package manifest, once its signature holds.
    #[must_use]
    pub fn manifest(&self) -> Option<&PackageManifest> {
        self.check.as_ref().map(|check| &check.package)
    }

    /// The paths of all files that are in the package.
    ///
    /// # Errors
    /// [`CheckerError`].
    pub fn paths(&mut self) -> Result<Vec<String>, CheckerError> {
        let Some(files) = &mut self.files else {
            return Ok(Vec::new());
        };
        Ok(files.list()?.into_iter().map(|file| file.path).collect())
    }

    /// Checks everything about the next release that needs no decoder; `None` after the last one.
    /// A release with a missing file is listed as not checked, and left out.
    ///
    /// # Errors
    /// [`CheckerError`] if a file cannot be read.
    pub fn next_release(&mut self) -> Result<Option<BegunRelease>, CheckerError> {
        let (Some(check), Some(files)) = (&self.check, &mut self.files) else {
            return Ok(None);
        };
        while let Some(place) = self.left.pop() {
            let begun = check.begin_release(&mut self.verdict, place, &self.trust, files)?;
            let Some((release, mut verdict)) = begun else {
                continue;
            };
            // Until it is measured.
            verdict.scope = Scope::Undecoded;
            check_undecoded(&mut verdict, &release, &self.trust, files)?;
            let record = release.read_record(files)?;
            let PackagedRelease { label, video, .. } = release;
            let video = files.video(&video)?;
            let signer = Signer::of_record(&record, &self.trust);
            let checked = Checked { verdict, signer };
            return Ok(Some(BegunRelease {
                label,
                place,
                video,
                checked,
            }));
        }
        Ok(None)
    }

    /// Adds what was checked of a release to the verdict on the package.
    pub fn add_release(&mut self, label: &str, checked: Checked) {
        // The package is decoded if every release is.
        if checked.verdict.scope != Scope::Release {
            self.verdict.scope = checked.verdict.scope;
        }
        package::add_release(&mut self.verdict, label, checked.verdict);
    }
}

#[cfg(test)]
mod tests;
