//! Checking a release.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use redact_check::package::is_package;
use redact_check::records::SignedBytes;
use redact_check::undecoded::{self, ReleaseFiles};
use redact_check::{Scope, Verdict, stamp};
use redact_core::{Digest, UtcNanos};
use redact_record::captions::CAPTIONS_BYTES_MAX;
use redact_record::manifest::PublicManifest;
use redact_record::policy::Policy;
use redact_record::sign::TrustStore;
use redact_record::timestamp::{Certificate, STAMP_BYTES_MAX};
use redact_record::{FileBinding, Overwrite, policy, release_paths};

use crate::args::Args;
use crate::package::{self, NO_DECODER};
use crate::terminal::print_line;
use crate::trust::read_signed;

/// Checks the release and prints the verdict; returns whether every check passed.
///
/// # Errors
/// If a required file cannot be read.
pub(crate) fn check(args: &Args) -> Result<bool> {
    let [release] = &args.files[..] else {
        bail!("found {} files; expected one release", args.files.len());
    };
    let report = args.report.as_deref().map(ReportFormat::of).transpose()?;
    // What cannot be read is reported where it is opened.
    let is_package = is_package(release).unwrap_or(false);
    let trust = TrustStore::from_paths(&args.trust)?;
    let anchors = args
        .tsa
        .iter()
        .map(|file| certificate(file))
        .collect::<Result<Vec<_>>>()?;
    let verdict = match is_package {
        true => package::verdict(args, release, &trust, &anchors)?,
        false => verdict(args, release, &trust, &anchors)?,
    };
    if let (Some(format), Some(path)) = (report, &args.report) {
        format.write(&verdict, release, path)?;
    }
    print_line(&match (args.json, is_package) {
        (false, _) => verdict.text(),
        (true, false) => verdict.json(release).to_string(),
        (true, true) => verdict.package_json(release).to_string(),
    });
    Ok(verdict.passed())
}

fn verdict(
    args: &Args,
    release: &Path,
    trust: &TrustStore,
    anchors: &[Certificate],
) -> Result<Verdict> {
    let paths = release_paths(release);
    let manifest = args.manifest.clone().unwrap_or(paths.manifest);
    let record = read_signed(&manifest)?;
    let mut verdict = Verdict::new(Scope::Undecoded);
    let mut files = FilesOnDisk {
        args,
        release,
        manifest: &manifest,
        sealed: &paths.sealed,
        captions: &paths.captions,
        anchors,
    };
    if undecoded::check(&mut verdict, &record, trust, &mut files)? {
        undecoded::skip_cropped_edges(&mut verdict, NO_DECODER);
        undecoded::skip_audit(&mut verdict, NO_DECODER);
        undecoded::skip_comparison(&mut verdict, NO_DECODER);
    }
    Ok(verdict)
}

/// The files of a release, as named on the command line or found beside it.
struct FilesOnDisk<'a> {
    args: &'a Args,
    release: &'a Path,
    manifest: &'a Path,
    sealed: &'a Path,
    captions: &'a Path,
    anchors: &'a [Certificate],
}

impl ReleaseFiles for FilesOnDisk<'_> {
    type Error = anyhow::Error;

    /// With certificates, a stamp is required.
    fn check_stamp(&mut self, verdict: &mut Verdict, manifest: Digest) -> Result<()> {
        let mut name = self.manifest.as_os_str().to_owned();
        name.push(".tsr");
        let path = PathBuf::from(name);
        let name = || path.display().to_string();
        let read = || redact_record::read(&path, STAMP_BYTES_MAX).with_context(name);
        let bytes = path.exists().then(read).transpose()?;
        stamp::due(verdict, &name(), bytes.as_deref(), manifest, self.anchors);
        Ok(())
    }

    fn policy(&mut self) -> Result<Option<Policy>> {
        let read = |path| policy::read(path).with_context(|| path.display().to_string());
        self.args.policy.as_deref().map(read).transpose()
    }

    fn previous(&mut self, _: &PublicManifest) -> Result<Vec<SignedBytes>> {
        self.args.previous.iter().map(|p| read_signed(p)).collect()
    }

    fn sealed(&mut self) -> Result<Option<SignedBytes>> {
        let exists = self.sealed.exists();
        exists.then(|| read_signed(self.sealed)).transpose()
    }

    fn captions(&mut self) -> Result<Option<Vec<u8>>> {
        if !self.captions.exists() {
            return Ok(None);
        }
        // Of a file that is too large, what is read is enough to see that it is not the one.
        let read = redact_record::read_start(self.captions, CAPTIONS_BYTES_MAX + 1);
        read.map(Some)
            .with_context(|| self.captions.display().to_string())
    }

    fn binding(&mut self) -> Result<FileBinding> {
        FileBinding::of_file(self.release, &mut go_on)
            .with_context(|| self.release.display().to_string())
    }

    fn source(&mut self) -> Result<Option<Digest>> {
        let digest = |source: &PathBuf| {
            redact_record::digest_file(source, &mut go_on)
                .with_context(|| source.display().to_string())
        };
        let found = self.args.source.as_ref().map(digest).transpose()?;
        Ok(found.map(|(digest, _)| digest))
    }

    fn release(&mut self) -> Result<impl Read + Seek> {
        let file = File::open(self.release).with_context(|| self.release.display().to_string())?;
        Ok(BufReader::new(file))
    }
}

const fn go_on(_: u64, _: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn certificate(file: &Path) -> Result<Certificate> {
    let name = || file.display().to_string();
    let bytes = redact_record::read(file, STAMP_BYTES_MAX).with_context(name)?;
    Certificate::read(&bytes).with_context(name)
}

/// The formats of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReportFormat {
    Pdf,
    Html,
    Json,
}

impl ReportFormat {
    /// The format for the extension of `path`, which must not exist.
    ///
    /// # Errors
    /// For another extension, or if the file exists.
    fn of(path: &Path) -> Result<Self> {
        if path.symlink_metadata().is_ok() {
            bail!("{}: the file exists already", path.display());
        }
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        match extension.to_lowercase().as_str() {
            "pdf" => Ok(Self::Pdf),
            "html" => Ok(Self::Html),
            "json" => Ok(Self::Json),
            other => bail!(
                "{}: unknown report format: found {other:?}; expected .pdf, .html or .json",
                path.display()
            ),
        }
    }

    /// Writes the verdict on `release` to `path`.
    ///
    /// # Errors
    /// If it cannot be produced or written.
    fn write(self, verdict: &Verdict, release: &Path, path: &Path) -> Result<()> {
        let name = release.file_name().unwrap_or_default().to_string_lossy();
        let program = concat!("redact-verify ", env!("CARGO_PKG_VERSION"));
        let report = verdict.report(&name, program, now());
        let bytes = match self {
            Self::Pdf => report.pdf()?,
            Self::Html => report.html()?.into_bytes(),
            Self::Json => report.json(),
        };
        redact_record::write(path, &bytes, Overwrite::Never)
            .with_context(|| path.display().to_string())
    }
}

fn now() -> UtcNanos {
    let nanos = time::OffsetDateTime::now_utc().unix_timestamp_nanos();
    UtcNanos(i64::try_from(nanos).unwrap_or(i64::MAX))
}
