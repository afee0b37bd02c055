//! Making a package: all of it, or nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use redact_core::Digest;
use redact_record::Overwrite;
use redact_record::events::{Act, EventDraft};
use redact_record::letters::Letter;
use redact_record::manifest::RequestFile;
use redact_record::office::Office;
use redact_record::package::{PACKAGE_FILE, PackageContainer, PackageManifest, Transmittal};
use redact_record::sign::{KeyPair, TrustStore};
use time::Date;

use super::encryption::Encryption;
use super::error::PackageError;
use super::folder::PartialFolder;
use super::parts::{CutPart, cut};
use super::plan::{PackagePlan, PlanInput};
use super::releases::{CheckedRelease, ReleaseRules};
use super::target::PackageTarget;
use super::write::Meter;
use super::{image, zip_file};
use crate::error::{Context as _, ReleaseError, Result};
use crate::names::{check_output, folder_of};
use crate::outputs::{OutputOptions, Partial, hidden, sync_folder};
use crate::ports::{Events, Ports};

/// What a package is made of.
pub struct PackageJob<'a> {
    /// The releases, in the order of their exhibits.
    pub releases: &'a [PathBuf],
    /// The request that they answer.
    pub request: &'a RequestFile,
    /// What the recipient gets.
    pub profile: &'a Transmittal,
    /// Where the package goes.
    pub target: &'a PackageTarget,
    /// How it is encrypted.
    pub encryption: &'a Encryption,
    /// Keys that the office trusts: all records of the releases must be signed with one of them.
    pub trust: &'a TrustStore,
    /// The office's key for releases, which signs the package manifest.
    pub key: &'a KeyPair,
    /// The agency, as its letters show it.
    pub office: &'a Office,
    /// The date of the letters; without it, the date on which the newest release was made.
    pub dated: Option<Date>,
    /// Letters that a person edited, by the name of their template.
    pub edited: &'a [Letter],
    /// `verify.html`, if it is installed.
    pub checker: Option<&'a [u8]>,
    /// Files and folders with findings, besides the folders of the releases.
    pub findings: &'a [PathBuf],
    /// SHA-256 of manifests that are known to be replaced, and by what; manifests beside the
    /// releases are found without it.
    pub replaced: &'a BTreeMap<Digest, String>,
    /// Whether every byte of the releases is scanned for leaks again, by the rules of this version.
    pub scan: bool,
    /// The program that makes the package, with its version.
    pub program: &'a str,
}

/// A package that was made.
#[derive(Debug)]
pub struct MadePackage {
    /// Its manifest.
    pub manifest: PackageManifest,
    /// SHA-256 of `package.json`.
    pub digest: Digest,
    /// Number of files.
    pub files: usize,
    /// Length of all files in bytes.
    pub bytes: u64,
    /// Whether the profile asks for `verify.html` and there was none.
    pub lacks_checker: bool,
}

/// Checks the releases, writes the package and records it.
///
/// # Errors
/// The first problem; nothing is then at the target, or what was there.
pub fn make_package(
    job: &PackageJob<'_>,
    options: OutputOptions,
    ports: &Ports<'_>,
    events: &mut dyn Events,
) -> Result<MadePackage> {
    let target = &job.target.path;
    let declines = matches!(job.encryption, Encryption::Declined);
    job.target
        .check(job.profile, job.encryption.encrypts(), declines)
        .in_file(target)?;
    job.encryption.check()?;
    check_output(target, &inputs(job), options.force)?;
    check_replaced(target, job.releases)?;
    let rules = ReleaseRules {
        request: job.request,
        trust: job.trust,
        replaced: job.replaced,
        scan: job.scan,
    };
    let releases = rules.check_all(job.releases)?;
    let (_parts_folder, parts) = cut_all(job, &releases, ports)?;
    let plan = PackagePlan::new(&PlanInput {
        releases: &releases,
        parts: &parts,
        request: job.request,
        profile: job.profile,
        program: job.program,
        findings: job.findings,
        checker: job.checker,
        office: job.office,
        dated: job.dated,
        edited: job.edited,
        key: job.key,
        progress: ports.progress,
    })?;
    let mut meter = Meter::new(ports.progress, plan.bytes());
    let event = || event(job, &plan, &releases);
    match job.target.container {
        PackageContainer::Folder => {
            let for_owner = plan.manifest.has_sealed_records();
            let folder = PartialFolder::beside(target, options.force, for_owner)?;
            folder.fill(&plan, for_owner, &mut meter)?;
            events.begin(event());
            events.succeeded()?;
            folder.finish(options.force)?;
        }
        PackageContainer::Zip | PackageContainer::Iso => {
            write_file(job, &plan, options, &mut meter, || {
                events.begin(event());
                events.succeeded().map(drop)
            })?;
        }
    }
    Ok(MadePackage {
        digest: plan.digest,
        files: plan.files.len(),
        bytes: plan.bytes(),
        lacks_checker: job.profile.verifier && job.checker.is_none(),
        manifest: plan.manifest,
    })
}

/// Refuses to replace a folder that is not a package, or that a release is in: `--force` is for an
/// earlier package of the same name.
fn check_replaced(target: &Path, releases: &[PathBuf]) -> Result<()> {
    let Ok(folder) = target.canonicalize() else {
        return Ok(());
    };
    let is_in = |release: &PathBuf| {
        release
            .canonicalize()
            .is_ok_and(|release| release.starts_with(&folder))
    };
    if !folder.is_dir() || folder.join(PACKAGE_FILE).is_file() && !releases.iter().any(is_in) {
        return Ok(());
    }
    Err(PackageError::OtherFolder).in_file(target)
}

/// The parts of each release that is larger than the profile allows, in a folder that is removed
/// with the first value.
fn cut_all(
    job: &PackageJob<'_>,
    releases: &[CheckedRelease],
    ports: &Ports<'_>,
) -> Result<(Option<PartialFolder>, Vec<Vec<CutPart>>)> {
    let limit = job.profile.limits.part_bytes;
    let is_large =
        |release: &CheckedRelease| limit.is_some_and(|limit| release.public.release.bytes > limit);
    if !releases.iter().any(is_large) {
        return Ok((None, releases.iter().map(|_| Vec::new()).collect()));
    }
    let target = &job.target.path;
    let folder = PartialFolder::beside(&hidden(target, "parts"), false, true)?;
    let mut parts = Vec::with_capacity(releases.len());
    for (number, release) in releases.iter().enumerate() {
        let own = folder.path().join(number.to_string());
        std::fs::create_dir(&own).in_file(target)?;
        parts.push(cut(release, limit, &own, (job.key, job.trust), ports)?);
    }
    Ok((Some(folder), parts))
}

fn inputs<'a>(job: &'a PackageJob<'_>) -> Vec<&'a Path> {
    job.releases.iter().map(PathBuf::as_path).collect()
}

/// Writes the package as one file. `record` records it before it has its name.
fn write_file(
    job: &PackageJob<'_>,
    plan: &PackagePlan,
    options: OutputOptions,
    meter: &mut Meter<'_>,
    record: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let target = &job.target.path;
    redact_record::remove_leftovers(&folder_of(target));
    let mut partial = Partial::beside(target, options.wait)?;
    if plan.manifest.has_sealed_records() {
        partial = partial.for_owner()?;
    }
    let open = || std::fs::OpenOptions::new().write(true).open(partial.path());
    let mut output = open().in_file(target)?;
    if job.encryption.encrypts() {
        // Without a name: if this process is killed, nothing readable is left.
        let mut plain = tempfile::tempfile_in(folder_of(target)).in_file(target)?;
        write_plain(job, plan, plain.try_clone().in_file(target)?, meter).in_file(target)?;
        let mut advance = |_| meter.advance(0);
        job.encryption
            .encrypt(&mut plain, &mut output, &mut advance)
            .in_file(target)?;
        output.sync_all().in_file(target)?;
    } else {
        write_plain(job, plan, output, meter).in_file(target)?;
    }
    record()?;
    let overwrite = match options.force {
        true => Overwrite::Replace,
        false => Overwrite::Never,
    };
    partial.rename(target, overwrite)?;
    sync_folder(&folder_of(target))
}

fn write_plain(
    job: &PackageJob<'_>,
    plan: &PackagePlan,
    output: std::fs::File,
    meter: &mut Meter<'_>,
) -> Result<(), ReleaseError> {
    match job.target.container {
        PackageContainer::Iso => image::write(plan, output, meter),
        _ => zip_file::write(plan, output, meter),
    }
}

/// Subjects that an event has room for, besides the package.
const SUBJECTS_MAX: usize = 24;

fn event(job: &PackageJob<'_>, plan: &PackagePlan, releases: &[CheckedRelease]) -> EventDraft {
    let mut event = EventDraft::new(Act::Export);
    event.subject("package", plan.digest);
    event.label("kind", "package");
    event.label("profile", &job.profile.name);
    event.label("form", job.target.container.name());
    event.label(
        "encrypted",
        if job.encryption.encrypts() {
            "yes"
        } else {
            "no"
        },
    );
    event.label(
        "sealed",
        if plan.manifest.has_sealed_records() {
            "yes"
        } else {
            "no"
        },
    );
    event.count("exhibits", releases.len());
    // The package manifest lists all of them.
    for release in releases.iter().take(SUBJECTS_MAX) {
        event.subject("manifest", release.digest());
    }
    event
}
