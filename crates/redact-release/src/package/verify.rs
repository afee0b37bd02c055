//! Verifying a package: everything in it, and each release as `redact verify` does.

use std::fs::File;
use std::io::{Read, Seek};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use redact_check::package::{
    self, CheckRelease, FoundFile, GROUP, PackageFiles, PackageKeys, PackageOnDisk,
    PackagedRelease, check_transcript,
};
use redact_check::{Scope, Verdict, stamp};
use redact_core::{Digest, Phase};
use redact_jail::JailLevel;
use redact_record::package::PackageManifest;
use redact_record::sign::TrustStore;
use redact_record::timestamp::Certificate;

use crate::error::{Context as _, ReleaseError, Result};
use crate::files::stamp_path;
use crate::ports::Ports;
use crate::verify::VerifyRequest;

/// What package is verified, and with what.
pub struct PackageVerifyRequest<'a> {
    /// A folder, a ZIP archive or a disc image, perhaps encrypted.
    pub path: &'a Path,
    /// What opens it if it is encrypted.
    pub keys: &'a PackageKeys,
    /// Keys that are trusted.
    pub trust: &'a TrustStore,
    /// Certificates of time-stamping authorities; with any, each manifest needs a stamp.
    pub tsa: &'a [Certificate],
    /// Whether nothing is decoded.
    pub no_media: bool,
    /// Folder for videos from an archive while they are decoded.
    pub scratch: &'a Path,
}

/// The verdict on a package.
pub struct VerifiedPackage {
    /// What was checked and what was not.
    pub verdict: Verdict,
    /// The package manifest, if its signature is valid.
    pub package: Option<PackageManifest>,
    /// How well the worker was confined, if one ran.
    pub jail: Option<JailLevel>,
}

impl PackageVerifyRequest<'_> {
    /// Checks everything that is there. What is damaged is a failed check.
    ///
    /// # Errors
    /// If a file cannot be read, the package cannot be opened with the given keys, or the job is
    /// cancelled.
    pub fn run(&self, ports: &Ports<'_>) -> Result<VerifiedPackage> {
        let scope = match self.no_media {
            true => Scope::Records,
            false => Scope::Release,
        };
        let mut verdict = Verdict::new(scope);
        let disk = match PackageOnDisk::open(self.path, self.keys) {
            Ok(disk) => disk,
            Err(error) if error.is_damage() => {
                verdict.add(GROUP, "can be read", false, error.to_string());
                return Ok(VerifiedPackage {
                    verdict,
                    package: None,
                    jail: None,
                });
            }
            Err(error) => return Err(error).in_file(self.path),
        };
        let mut files = FilesOnDisk {
            request: self,
            ports,
            disk,
            jail: None,
        };
        let package = package::check(&mut verdict, self.trust, &mut files).in_file(self.path)?;
        Ok(VerifiedPackage {
            verdict,
            package,
            jail: files.jail,
        })
    }
}

/// The files of a package on a disk, each release of which a confined worker decodes.
struct FilesOnDisk<'a> {
    request: &'a PackageVerifyRequest<'a>,
    ports: &'a Ports<'a>,
    disk: PackageOnDisk,
    jail: Option<JailLevel>,
}

impl PackageFiles for FilesOnDisk<'_> {
    type Error = ReleaseError;

    fn list(&mut self) -> Result<Vec<FoundFile>> {
        Ok(self.disk.files().to_vec())
    }

    fn open(&mut self, path: &str) -> Result<impl Read + Seek> {
        Ok(self.disk.open_file(path)?)
    }

    fn excess(&self) -> Option<&str> {
        self.disk.excess()
    }

    fn advance(&mut self, done: u64, total: u64) -> ControlFlow<()> {
        self.ports
            .progress
            .advance(Phase::Digest, done, Some(total))
    }

    fn check_stamp(
        &mut self,
        verdict: &mut Verdict,
        path: &str,
        stamp: Option<&[u8]>,
        manifest: Digest,
    ) -> Result<()> {
        stamp::due(verdict, path, stamp, manifest, self.request.tsa);
        Ok(())
    }
}

impl CheckRelease for FilesOnDisk<'_> {
    fn check_release(
        &mut self,
        verdict: &mut Verdict,
        release: &PackagedRelease,
        trust: &TrustStore,
    ) -> Result<()> {
        // A decoder needs a file by itself: one in an archive is copied, and removed afterward.
        let unpacked = match self.disk.folder() {
            Some(_) => None,
            None => Some(self.unpack(release)?),
        };
        let place = |path: &str| match (self.disk.folder(), &unpacked) {
            (Some(root), _) => root.join(path),
            (None, Some(folder)) => folder.path().join(base_name(path)),
            (None, None) => PathBuf::from(path),
        };
        let video = place(&release.video);
        // The manifest that a part was made from has the stamp, and is checked with the package.
        let tsa = match release.is_part {
            true => Vec::new(),
            false => self.request.tsa.to_vec(),
        };
        let request = VerifyRequest {
            release: &video,
            manifest: place(&release.manifest),
            source: None,
            policy: None,
            previous: &[],
            tsa,
            trust: trust.clone(),
            no_media: self.request.no_media,
            second_look: None,
        };
        let verified = request.run(self.ports)?;
        self.jail = self.jail.or(verified.jail);
        *verdict = merge(std::mem::take(verdict), verified.verdict);
        check_transcript(verdict, release, self)?;
        Ok(())
    }
}

/// The lines of both, in this order.
fn merge(mut first: Verdict, mut second: Verdict) -> Verdict {
    let mut checks = std::mem::take(&mut first.checks);
    checks.append(&mut second.checks);
    let mut not_checked = std::mem::take(&mut first.not_checked);
    not_checked.append(&mut second.not_checked);
    Verdict {
        checks,
        not_checked,
        ..second
    }
}

impl FilesOnDisk<'_> {
    /// Copies the files of one release into a folder of their own.
    fn unpack(&mut self, release: &PackagedRelease) -> Result<tempfile::TempDir> {
        let scratch = self.request.scratch;
        let folder = tempfile::Builder::new()
            .prefix("redact-verify-")
            .tempdir_in(scratch)
            .in_file(scratch)?;
        let mut paths = vec![&release.video, &release.manifest, &release.signature];
        paths.extend(
            release
                .sealed
                .iter()
                .flat_map(|(record, signature)| [record, signature]),
        );
        paths.extend(&release.captions);
        for path in paths {
            self.unpack_file(path, &folder.path().join(base_name(path)))?;
        }
        if let Some(stamp) = &release.stamp {
            let manifest = folder.path().join(base_name(&release.manifest));
            self.unpack_file(stamp, &stamp_path(&manifest))?;
        }
        Ok(folder)
    }

    fn unpack_file(&mut self, path: &str, target: &Path) -> Result<()> {
        let mut reader = self.disk.open_file(path)?;
        let mut output = File::create_new(target).in_file(target)?;
        std::io::copy(&mut reader, &mut output).in_file(target)?;
        Ok(())
    }
}

/// The name without its folder.
fn base_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}
