//! Names of the files that belong to a release.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Paths of the records of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleasePaths {
    /// `X.manifest.json`: the public manifest, released with the video.
    pub manifest: PathBuf,
    /// `X.manifest.json.minisig`.
    pub manifest_signature: PathBuf,
    /// `X.sealed.json`: the sealed manifest, which stays with the agency.
    pub sealed: PathBuf,
    /// `X.sealed.json.minisig`.
    pub sealed_signature: PathBuf,
    /// `X.vtt`: the captions, released with the video; not every release has any.
    pub captions: PathBuf,
    /// `X.log.html`: the redaction log, released with the video.
    pub log: PathBuf,
    /// `X.log.csv`: the redaction log as a spreadsheet.
    pub log_csv: PathBuf,
    /// `X.log.pdf`: the redaction log for printing.
    pub log_pdf: PathBuf,
}

/// Paths of the records of the release `X.mp4`; only the last extension is replaced.
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
        captions: beside(".vtt"),
        log: beside(".log.html"),
        log_csv: beside(".log.csv"),
        log_pdf: beside(".log.pdf"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_lie_beside_the_release_and_dots_in_names_remain() {
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
        assert_eq!(
            release_paths(Path::new("b/a.redacted.mp4")).captions,
            Path::new("b/a.redacted.vtt")
        );
    }
}
