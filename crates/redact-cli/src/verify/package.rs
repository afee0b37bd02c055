//! `redact verify` of a package: everything in it, one line per check.

use anyhow::{Context as _, Result, bail};
use redact_check::Verdict;
use redact_check::package::PackageKeys;
use redact_record::events::EventDraft;
use redact_record::timestamp::Certificate;
use redact_release::events::describe_jail;
use redact_release::package::{PackageVerifyRequest, VerifiedPackage};

use crate::args::{GlobalArgs, VerifyArgs};
use crate::jail::Process;
use crate::passphrase::read_passphrase;
use crate::progress::TerminalProgress;
use crate::{jobs, key, paths};

/// Maximum length of a file with keys, in bytes.
const IDENTITY_FILE_MAX: u64 = 1 << 20;

/// Checks the package at the place of the release.
///
/// # Errors
/// When it cannot be read, or an option is given that is for single releases.
pub(super) fn verify(
    args: &VerifyArgs,
    global: &GlobalArgs,
    draft: &mut EventDraft,
    tsa: &[Certificate],
) -> Result<Verdict> {
    refuse_other_options(args)?;
    let keys = keys(args)?;
    let trust = key::trusted(&args.trust)?;
    let scratch = std::env::temp_dir();
    let request = PackageVerifyRequest {
        path: &args.release,
        keys: &keys,
        trust: &trust,
        tsa,
        no_media: args.no_media,
        scratch: &scratch,
    };
    let progress = TerminalProgress::new(global.quiet);
    let worker = Process::new(global);
    let verified = request.run(&jobs::ports(global, &worker, &progress))?;
    progress.clear();
    describe(&verified, draft);
    Ok(verified.verdict)
}

/// These concern one release.
fn refuse_other_options(args: &VerifyArgs) -> Result<()> {
    let given = [
        ("--manifest", args.manifest.is_some()),
        ("--source", args.source.is_some()),
        ("--policy", args.policy.is_some()),
        ("--previous", !args.previous.is_empty()),
        ("--second-look", args.second_look),
    ];
    match given.iter().find(|(_, is_given)| *is_given) {
        None => Ok(()),
        Some((name, _)) => bail!(
            "{}: {name} is for a single release, and this is a package; give a release in it",
            args.release.display()
        ),
    }
}

fn keys(args: &VerifyArgs) -> Result<PackageKeys> {
    let mut keys = PackageKeys::default();
    for path in &args.identity {
        let name = || path.display().to_string();
        let bytes = redact_record::read(path, IDENTITY_FILE_MAX).with_context(name)?;
        keys.add_identities(&bytes).with_context(name)?;
    }
    let passphrase = match &args.passphrase_file {
        Some(path) => Some(read_passphrase(path)?),
        None => paths::package_passphrase(),
    };
    passphrase
        .into_iter()
        .for_each(|passphrase| keys.add_passphrase(passphrase));
    Ok(keys)
}

fn describe(verified: &VerifiedPackage, draft: &mut EventDraft) {
    let verdict = &verified.verdict;
    for (what, digest) in &verdict.digests {
        draft.subject(&what.replace(' ', "-"), *digest);
    }
    draft.label("kind", "package");
    draft.label("verdict", if verdict.passed() { "ok" } else { "wrong" });
    if let Some(level) = verified.jail {
        describe_jail(draft, level);
    }
    draft.count("checks", verdict.checks.len());
    draft.count("not-checked", verdict.not_checked.len());
}
