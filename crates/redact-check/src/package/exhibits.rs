//! The exhibits of a package: whether they are the releases that the package manifest describes,
//! and the check of each.

use redact_record::digest_bytes;
use redact_record::manifest::PublicManifest;
use redact_record::package::{Exhibit, FileRole, PackageManifest};
use redact_record::sign::{SignatureVerdict, TrustStore};

use super::packaged::{PackagedRelease, ReadFiles};
use super::port::{GROUP, PackageFiles};
use super::release::{record, signed, stamp_of};
use crate::records::{self, SignedBytes};
use crate::{Verdict, chain};

/// Checks every exhibit, in order.
pub(super) fn check<F: PackageFiles>(
    verdict: &mut Verdict,
    package: &PackageManifest,
    read: &ReadFiles,
    trust: &TrustStore,
    files: &mut F,
) -> Result<(), F::Error> {
    for exhibit in &package.exhibits {
        check_description(verdict, package, exhibit, read, trust, files)?;
        let parts: Vec<Option<u32>> = match exhibit.parts.len() {
            0 => vec![None],
            _ => exhibit
                .parts
                .iter()
                .map(|part| Some(part.0.number))
                .collect(),
        };
        for part in parts {
            check_release(verdict, package, exhibit, part, read, trust, files)?;
        }
    }
    Ok(())
}

/// Checks that the package manifest describes the release as its public manifest does.
fn check_description<F: PackageFiles>(
    verdict: &mut Verdict,
    package: &PackageManifest,
    exhibit: &Exhibit,
    read: &ReadFiles,
    trust: &TrustStore,
    files: &mut F,
) -> Result<(), F::Error> {
    let name = format!("exhibit {} as in its manifest", exhibit.number);
    let roles = match exhibit.parts.is_empty() {
        true => [FileRole::Manifest, FileRole::Signature],
        false => [FileRole::WholeManifest, FileRole::WholeSignature],
    };
    let path = |role| {
        let file = package.file_of(exhibit.number, None, role);
        file.map(|file| &file.path)
            .filter(|path| read.contains_key(*path))
    };
    let [Some(record), Some(beside)] = roles.map(path) else {
        verdict.open(GROUP, name, "its manifest is missing");
        return Ok(());
    };
    let whole = signed(files, record, beside)?;
    let opened = PublicManifest::open(&whole.bytes, &whole.signature, trust);
    let (public, who) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            verdict.add(GROUP, name, false, chain(&error));
            return Ok(());
        }
    };
    if !exhibit.parts.is_empty() {
        let stamp = path(FileRole::TimeStamp);
        check_whole(verdict, exhibit, &who, |one| {
            let stamp = stamp.map(String::as_str);
            stamp_of(one, files, record, stamp, digest_bytes(&whole.bytes))
        })?;
        check_sealed(
            verdict,
            package,
            exhibit,
            (&public, &whole),
            read,
            trust,
            files,
        )?;
    }
    let same = public.part.is_none() && exhibit.describes(&public, &whole.bytes);
    let evidence = match same {
        true => format!(
            "{} frames, {} s, {} parts, manifest {}",
            exhibit.frames,
            exhibit.seconds,
            exhibit.part_count(),
            exhibit.manifest_id
        ),
        false => format!(
            "found manifest {} ({} frames), which the package manifest describes otherwise",
            public.manifest_id, public.totals.frames
        ),
    };
    verdict.add(GROUP, name, same, evidence);
    Ok(())
}

/// The manifest of a release that is in parts is signed by a trusted key, too, and has the time
/// stamp for all parts.
fn check_whole<E>(
    verdict: &mut Verdict,
    exhibit: &Exhibit,
    who: &SignatureVerdict,
    check_stamp: impl FnOnce(&mut Verdict) -> Result<(), E>,
) -> Result<(), E> {
    const WHOLE: &str = "whole manifest";
    let mut one = Verdict::default();
    records::signature(&mut one, WHOLE, who);
    check_stamp(&mut one)?;
    let groups = one.checks.iter_mut().map(|check| &mut check.group);
    let open = one.not_checked.iter_mut().map(|open| &mut open.group);
    groups.chain(open).for_each(|group| *group = WHOLE.into());
    append(verdict, &format!("exhibit {}", exhibit.number), one);
    Ok(())
}

/// The sealed manifest of a release that is in parts belongs to the manifest of the whole.
fn check_sealed<F: PackageFiles>(
    verdict: &mut Verdict,
    package: &PackageManifest,
    exhibit: &Exhibit,
    (public, whole): (&PublicManifest, &SignedBytes),
    read: &ReadFiles,
    trust: &TrustStore,
    files: &mut F,
) -> Result<(), F::Error> {
    let path = |role| {
        let file = package.file_of(exhibit.number, None, role);
        file.map(|file| &file.path)
            .filter(|path| read.contains_key(*path))
    };
    let paths = path(FileRole::SealedManifest).zip(path(FileRole::SealedSignature));
    let Some((record, beside)) = paths else {
        return Ok(());
    };
    let sealed = signed(files, record, beside)?;
    let mut one = Verdict::default();
    records::sealed(&mut one, public, &whole.bytes, Some(&sealed), trust);
    append(verdict, &format!("exhibit {}", exhibit.number), one);
    Ok(())
}

fn check_release<F: PackageFiles>(
    verdict: &mut Verdict,
    package: &PackageManifest,
    exhibit: &Exhibit,
    part: Option<u32>,
    read: &ReadFiles,
    trust: &TrustStore,
    files: &mut F,
) -> Result<(), F::Error> {
    let release = match PackagedRelease::find(package, exhibit.number, part, read) {
        Ok(release) => release,
        Err(missing) => {
            let part = part.map_or(String::new(), |part| format!(", part {part}"));
            let group = format!("exhibit {}{part}", exhibit.number);
            verdict.open(
                group,
                "the release",
                format!("a file is missing: {missing}"),
            );
            return Ok(());
        }
    };
    let mut one = Verdict::new(verdict.scope);
    if let Some(part) = part {
        let record = record(files, &release)?;
        check_place(&mut one, exhibit, part, &record, trust);
    }
    files.check_release(&mut one, &release, trust)?;
    append(verdict, &release.label, one);
    Ok(())
}

/// Checks that the manifest of a part names the place that the package manifest gives it. Nothing
/// is added if the manifest is not valid, which the check of the release reports.
fn check_place(
    verdict: &mut Verdict,
    exhibit: &Exhibit,
    number: u32,
    record: &SignedBytes,
    trust: &TrustStore,
) {
    let (name, group) = ("its place in the release", "part");
    let opened = PublicManifest::open(&record.bytes, &record.signature, trust);
    let Ok((public, _)) = opened else {
        return;
    };
    let Some(part) = &public.part else {
        return verdict.add(
            group,
            name,
            false,
            "its manifest is not that of a part".to_owned(),
        );
    };
    let (frames, seconds) = (part.frames.0, part.release_seconds.0);
    let row = exhibit.parts.iter().find(|row| row.0.number == number);
    let is_whole = part.release_sha256 == exhibit.release_sha256
        && part.manifest_sha256 == exhibit.manifest_sha256
        && part.release_bytes == exhibit.release_bytes
        && part.release_frames == exhibit.frames;
    let is_place = part.number == number
        && part.count == exhibit.part_count()
        && row.is_some_and(|row| row.0.frames == frames && row.0.seconds == seconds);
    let found = format!(
        "part {} of {}, frames {} to {} of {}",
        part.number, part.count, frames.0, frames.1, part.release_frames
    );
    let evidence = match (is_whole, is_place) {
        (true, true) => found,
        (false, _) => format!("{found}, of another release"),
        (true, false) => format!("{found}; the package has it as part {number}"),
    };
    verdict.add(group, name, is_whole && is_place, evidence);
}

/// Adds the lines of one release to those of the package.
fn append(verdict: &mut Verdict, label: &str, one: Verdict) {
    verdict
        .checks
        .extend(one.checks.into_iter().map(|mut check| {
            check.group = format!("{label}: {}", check.group).into();
            check
        }));
    verdict
        .not_checked
        .extend(one.not_checked.into_iter().map(|mut open| {
            open.group = format!("{label}: {}", open.group).into();
            open
        }));
}
