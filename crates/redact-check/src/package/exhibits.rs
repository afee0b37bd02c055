//! The exhibits of a package: whether they are the releases that the package manifest describes,
//! and the files of each.

use redact_record::digest_bytes;
use redact_record::manifest::PublicManifest;
use redact_record::package::{Exhibit, FileRole};
use redact_record::sign::{SignatureVerdict, TrustStore};

use super::check::{PackageCheck, add_release};
use super::packaged::{PackagedRelease, ReleasePlace};
use super::port::{GROUP, PackageFiles};
use super::release::{signed, stamp_of};
use crate::Verdict;
use crate::records::{self, SignedBytes};
use redact_core::error::with_causes;

impl PackageCheck {
    /// The releases in the order in which they are checked.
    #[must_use]
    pub fn places(&self) -> Vec<ReleasePlace> {
        let places = self.package.exhibits.iter().flat_map(|exhibit| {
            let place = |part| ReleasePlace {
                exhibit: exhibit.number,
                part,
            };
            match exhibit.parts.len() {
                0 => vec![place(None)],
                _ => exhibit
                    .parts
                    .iter()
                    .map(|part| place(Some(part.0.number)))
                    .collect(),
            }
        });
        places.collect()
    }

    /// Begins to check the release at `place`, the next one of [`Self::places`]: with the first of
    /// an exhibit, whether the exhibit is the release that the package manifest describes. Returns
    /// its files, and a verdict for its own lines, which [`super::add_release`] adds to those of
    /// the package. `None` if one of the files is missing.
    ///
    /// # Errors
    /// The first error of `files`.
    pub fn begin_release<F: PackageFiles>(
        &self,
        verdict: &mut Verdict,
        place: ReleasePlace,
        trust: &TrustStore,
        files: &mut F,
    ) -> Result<Option<(PackagedRelease, Verdict)>, F::Error> {
        let mut exhibits = self.package.exhibits.iter();
        let Some(exhibit) = exhibits.find(|exhibit| exhibit.number == place.exhibit) else {
            return Ok(None);
        };
        if place.part.is_none_or(|part| part == 1) {
            self.check_description(verdict, exhibit, trust, files)?;
        }
        let release = match PackagedRelease::find(&self.package, place, &self.read) {
            Ok(release) => release,
            Err(missing) => {
                let why = format!("a file is missing: {missing}");
                verdict.open(place.label(), "the release", why);
                return Ok(None);
            }
        };
        let mut one = Verdict::new(verdict.scope);
        if let Some(part) = place.part {
            let record = release.read_record(files)?;
            check_place(&mut one, exhibit, part, &record, trust);
        }
        Ok(Some((release, one)))
    }

    /// The path of a file of a whole exhibit, if it was read.
    fn path(&self, exhibit: &Exhibit, role: FileRole) -> Option<&String> {
        let file = self.package.file_of(exhibit.number, None, role);
        file.map(|file| &file.path)
            .filter(|path| self.read.contains_key(*path))
    }

    /// Checks that the package manifest describes the release as its public manifest does.
    fn check_description<F: PackageFiles>(
        &self,
        verdict: &mut Verdict,
        exhibit: &Exhibit,
        trust: &TrustStore,
        files: &mut F,
    ) -> Result<(), F::Error> {
        let name = format!("exhibit {} as in its manifest", exhibit.number);
        let roles = match exhibit.parts.is_empty() {
            true => [FileRole::Manifest, FileRole::Signature],
            false => [FileRole::WholeManifest, FileRole::WholeSignature],
        };
        let [Some(record), Some(beside)] = roles.map(|role| self.path(exhibit, role)) else {
            verdict.open(GROUP, name, "its manifest is missing");
            return Ok(());
        };
        let whole = signed(files, record, beside)?;
        let opened = PublicManifest::open(&whole.bytes, &whole.signature, trust);
        let (public, who) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                verdict.add(GROUP, name, false, with_causes(&error));
                return Ok(());
            }
        };
        if !exhibit.parts.is_empty() {
            let stamp = self.path(exhibit, FileRole::TimeStamp);
            check_whole(verdict, exhibit, &who, |one| {
                let stamp = stamp.map(String::as_str);
                stamp_of(one, files, record, stamp, digest_bytes(&whole.bytes))
            })?;
            self.check_sealed(verdict, exhibit, (&public, &whole), trust, files)?;
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

    /// The sealed manifest of a release that is in parts belongs to the manifest of the whole.
    fn check_sealed<F: PackageFiles>(
        &self,
        verdict: &mut Verdict,
        exhibit: &Exhibit,
        (public, whole): (&PublicManifest, &SignedBytes),
        trust: &TrustStore,
        files: &mut F,
    ) -> Result<(), F::Error> {
        let record = self.path(exhibit, FileRole::SealedManifest);
        let beside = self.path(exhibit, FileRole::SealedSignature);
        let Some((record, beside)) = record.zip(beside) else {
            return Ok(());
        };
        let sealed = signed(files, record, beside)?;
        let mut one = Verdict::default();
        records::sealed(&mut one, public, &whole.bytes, Some(&sealed), trust);
        add_release(verdict, &format!("exhibit {}", exhibit.number), one);
        Ok(())
    }
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
    add_release(verdict, &format!("exhibit {}", exhibit.number), one);
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
