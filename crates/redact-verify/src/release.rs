//! Checking a release.

use std::fs::File;
use std::io::BufReader;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use redact_check::records::SignedBytes;
use redact_check::{Scope, Verdict, files, leaks, records, stamp};
use redact_core::{Digest, UtcNanos};
use redact_record::manifest::PublicManifest;
use redact_record::sign::TrustStore;
use redact_record::timestamp::{Certificate, STAMP_BYTES_MAX};
use redact_record::{FileBinding, Overwrite, policy, release_paths};

use crate::args::Args;
use crate::terminal::print_line;
use crate::trust::read_signed;

/// Why checks that need a decoder were not done.
const NO_DECODER: &str = "redact-verify does not decode; use `redact verify`";

/// Checks the release and prints the verdict; returns whether every check passed.
///
/// # Errors
/// If a required file cannot be read.
pub(crate) fn check(args: &Args) -> Result<bool> {
    let [release] = &args.files[..] else {
        bail!("found {} files; expected one release", args.files.len());
    };
    let report = args.report.as_deref().map(ReportFormat::of).transpose()?;
    let verdict = verdict(args, release)?;
    if let (Some(format), Some(path)) = (report, &args.report) {
        format.write(&verdict, release, path)?;
    }
    if args.json {
        print_line(&verdict.json(release).to_string());
    } else {
        print_line(&verdict.text());
    }
    Ok(verdict.passed())
}

fn verdict(args: &Args, release: &Path) -> Result<Verdict> {
    let trust = TrustStore::from_paths(&args.trust)?;
    let anchors = args
        .tsa
        .iter()
        .map(|file| certificate(file))
        .collect::<Result<Vec<_>>>()?;
    let paths = release_paths(release);
    let manifest = args.manifest.clone().unwrap_or(paths.manifest);
    let record = read_signed(&manifest)?;
    let mut verdict = Verdict::new(Scope::Undecoded);
    let Some(public) = records::manifest(&mut verdict, &record, &trust) else {
        return Ok(verdict);
    };
    let digest = redact_record::digest_bytes(&record.bytes);
    check_stamp(&mut verdict, &manifest, digest, &anchors)?;
    let written = args.policy.as_deref();
    let written =
        written.map(|path| policy::read(path).with_context(|| path.display().to_string()));
    records::policy(&mut verdict, &public, written.transpose()?.as_ref());
    records::findings(&mut verdict, &public);
    let previous = args.previous.iter().map(|path| read_signed(path));
    let previous: Vec<SignedBytes> = previous.collect::<Result<_>>()?;
    records::previous(&mut verdict, &public, &previous, &trust);
    let sealed = paths.sealed.exists().then(|| read_signed(&paths.sealed));
    let sealed = sealed.transpose()?;
    records::sealed(
        &mut verdict,
        &public,
        &record.bytes,
        sealed.as_ref(),
        &trust,
    );
    check_files(&mut verdict, &public, release, args.source.as_deref())?;
    verdict.public = Some(public);
    Ok(verdict)
}

/// Checks the time stamp, if there is one; with certificates, it is required.
fn check_stamp(
    verdict: &mut Verdict,
    manifest: &Path,
    digest: Digest,
    anchors: &[Certificate],
) -> Result<()> {
    let mut name = manifest.as_os_str().to_owned();
    name.push(".tsr");
    let path = PathBuf::from(name);
    if path.exists() {
        let bytes = redact_record::read(&path, STAMP_BYTES_MAX)
            .with_context(|| path.display().to_string())?;
        stamp::check(verdict, &bytes, digest, anchors);
    } else {
        stamp::none(verdict, anchors, &path.display().to_string());
    }
    Ok(())
}

/// Checks digests and every byte of the release; lists what needs a decoder.
fn check_files(
    verdict: &mut Verdict,
    public: &PublicManifest,
    release: &Path,
    source: Option<&Path>,
) -> Result<()> {
    let mut advance = |_, _| ControlFlow::Continue(());
    let found = FileBinding::of_file(release, &mut advance)
        .with_context(|| release.display().to_string())?;
    files::release(verdict, public, &found);
    let source = source.map(|source| {
        redact_record::digest_file(source, &mut advance)
            .with_context(|| source.display().to_string())
    });
    let source = source.transpose()?.map(|(digest, _)| digest);
    files::source(verdict, public, source);
    if records::geometry(verdict, public) {
        let file = File::open(release).with_context(|| release.display().to_string())?;
        leaks::check(verdict, public, BufReader::new(file));
    }
    leaks::not_judged(verdict);
    verdict.open("leak", "cropped edges", NO_DECODER);
    verdict.open(
        "audit",
        "every mask is opaque, every mute is silent",
        NO_DECODER,
    );
    verdict.open(
        "change",
        "nothing else differs from the original",
        NO_DECODER,
    );
    Ok(())
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
