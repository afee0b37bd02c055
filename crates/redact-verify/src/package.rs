//! Checking a package.

use std::io::{Read, Seek};
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use redact_check::package::{
    self, CheckRelease, FoundFile, GROUP, PackageFiles, PackageKeys, PackageOnDisk,
    PackagedRelease, check_undecoded,
};
use redact_check::{Scope, Verdict, stamp, undecoded};
use redact_core::Digest;
use redact_record::sign::TrustStore;
use redact_record::timestamp::Certificate;

use crate::args::Args;

/// Why checks that need a decoder were not done.
pub(crate) const NO_DECODER: &str = "redact-verify does not decode; use `redact verify`";

/// Maximum length of a file with a passphrase or keys, in bytes.
const KEY_FILE_MAX: u64 = 1 << 20;

/// Checks everything in the package at `path` that needs no decoder.
///
/// # Errors
/// If it cannot be read or opened.
pub(crate) fn verdict(
    args: &Args,
    path: &Path,
    trust: &TrustStore,
    anchors: &[Certificate],
) -> Result<Verdict> {
    if args.manifest.is_some()
        || args.source.is_some()
        || args.policy.is_some()
        || !args.previous.is_empty()
    {
        bail!(
            "{}: --manifest, --source, --policy and --previous are for a single release, and this \
             is a package",
            path.display()
        );
    }
    let mut verdict = Verdict::new(Scope::Undecoded);
    let disk = match PackageOnDisk::open(path, &keys(args)?) {
        Ok(disk) => disk,
        Err(error) if error.is_damage() => {
            verdict.add(GROUP, "can be read", false, error.to_string());
            return Ok(verdict);
        }
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    let mut files = Files { disk, anchors };
    package::check(&mut verdict, trust, &mut files).with_context(|| path.display().to_string())?;
    Ok(verdict)
}

fn keys(args: &Args) -> Result<PackageKeys> {
    let mut keys = PackageKeys::default();
    for path in &args.identity {
        let name = || path.display().to_string();
        let bytes = redact_record::read(path, KEY_FILE_MAX).with_context(name)?;
        keys.add_identities(&bytes).with_context(name)?;
    }
    if let Some(path) = &args.passphrase_file {
        let name = || path.display().to_string();
        let bytes = redact_record::read(path, KEY_FILE_MAX).with_context(name)?;
        let text = String::from_utf8(bytes).context("not text; expected a passphrase");
        let text = text.with_context(name)?;
        keys.add_passphrase(text.lines().next().unwrap_or_default().to_owned());
    }
    Ok(keys)
}

struct Files<'a> {
    disk: PackageOnDisk,
    anchors: &'a [Certificate],
}

impl PackageFiles for Files<'_> {
    type Error = anyhow::Error;

    fn list(&mut self) -> Result<Vec<FoundFile>> {
        Ok(self.disk.files().to_vec())
    }

    fn open(&mut self, path: &str) -> Result<impl Read + Seek> {
        Ok(self.disk.open_file(path)?)
    }

    fn excess(&self) -> Option<&str> {
        self.disk.excess()
    }

    fn check_stamp(
        &mut self,
        verdict: &mut Verdict,
        path: &str,
        stamp: Option<&[u8]>,
        manifest: Digest,
    ) -> Result<()> {
        stamp::due(verdict, path, stamp, manifest, self.anchors);
        Ok(())
    }
}

impl CheckRelease for Files<'_> {
    fn check_release(
        &mut self,
        verdict: &mut Verdict,
        release: &PackagedRelease,
        trust: &TrustStore,
    ) -> Result<()> {
        if check_undecoded(verdict, release, trust, self)? {
            undecoded::skip_cropped_edges(verdict, NO_DECODER);
            undecoded::skip_audit(verdict, NO_DECODER);
            undecoded::skip_comparison(verdict, NO_DECODER);
        }
        Ok(())
    }
}
