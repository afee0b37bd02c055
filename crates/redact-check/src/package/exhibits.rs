//! The exhibits of a package: whether they are the releases that the package manifest describes,
//! and the check of each.

use redact_record::manifest::PublicManifest;
use redact_record::package::{Exhibit, FileRole, PackageManifest};
use redact_record::sign::{SignatureVerdict, TrustStore};

use super::packaged::{PackagedRelease, ReadFiles};
use super::port::{GROUP, PackageFiles};
use super::release::signed;
use crate::records::signature;
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
        check_whole(verdict, exhibit, &who);
    }
    let same = exhibit.describes(&public, &whole.bytes);
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

/// The manifest of a release that is in parts is signed by a trusted key, too.
fn check_whole(verdict: &mut Verdict, exhibit: &Exhibit, who: &SignatureVerdict) {
    let mut one = Verdict::default();
    signature(&mut one, "whole manifest", who);
    append(verdict, &format!("exhibit {}", exhibit.number), one);
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
    files.check_release(&mut one, &release, trust)?;
    append(verdict, &release.label, one);
    Ok(())
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
