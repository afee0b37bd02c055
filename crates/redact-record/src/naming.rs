//! Names of the files beside a release.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where the records of one release are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleasePaths {
    /// `X.manifest.json`: may go out with the release.
    pub manifest: PathBuf,
    /// `X.manifest.json.minisig`.
    pub manifest_signature: PathBuf,
    /// `X.sealed.json`: stays with the agency.
    pub sealed: PathBuf,
    /// `X.sealed.json.minisig`.
    pub sealed_signature: PathBuf,
    /// `X.log.html`: may go out with the release.
    pub log: PathBuf,
    /// `X.log.csv`: the same for a spreadsheet.
    pub log_csv: PathBuf,
    /// `X.log.pdf`: the same for paper.
    pub log_pdf: PathBuf,
}

/// The records of the release `X.mp4`; only its last extension is replaced.
#[must_use]
pub fn release_paths(release: &Path) -> ReleasePaths {
    let beside = |suffix: &str| {
        let mut name: OsString = release.file_stem().unwrap_or_default().to_owned();
        name.push(suffix);
        release.with_file_name(name)
    };
    ReleasePaths {
        manifest: beside(".manifest.json"),
        manifest_signature: beside(".manifest.json.minisig"),
        sealed: beside(".sealed.json"),
        sealed_signature: beside(".sealed.json.minisig"),
        log: beside(".log.html"),
        log_csv: beside(".log.csv"),
        log_pdf: beside(".log.pdf"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_lie_beside_the_release_and_keep_its_dots() {
        let paths = release_paths(Path::new("/out/2026.03.redacted.mp4"));
        assert_eq!(
            paths.manifest,
            Path::new("/out/2026.03.redacted.manifest.json")
        );
        assert_eq!(
            paths.sealed_signature,
            Path::new("/out/2026.03.redacted.sealed.json.minisig")
        );
        assert_eq!(
            release_paths(Path::new("a.mp4")).log,
            Path::new("a.log.html")
        );
        assert_eq!(
            release_paths(Path::new("b/a.mp4")).log_pdf,
            Path::new("b/a.log.pdf")
        );
    }
}
