//! `redact package`: releases of one request for one recipient.

mod replaced;

use anyhow::{Context as _, Result};
use redact_record::events::Act;
use redact_record::manifest::read_request;
use redact_record::office::Office;
use redact_record::package::FileRole;
use redact_record::papers::words::{bytes, exhibit_name, length};
use redact_release::package::{
    Encryption, MadePackage, PackageJob, PackageTarget, find_profile, make_package,
};

use crate::args::{GlobalArgs, PackageArgs};
use crate::event_log::{OpenEvent, PROGRAM, recorded};
use crate::jail::Process;
use crate::outcome::Outcome;
use crate::passphrase::read_passphrase;
use crate::progress::TerminalProgress;
use crate::terminal::say;
use crate::{jobs, key, paths};

/// The office's own transmittal profiles, in its folder.
pub(crate) const TRANSMITTALS: &str = "transmittals";
/// Maximum length of `verify.html` in bytes.
const VERIFIER_BYTES_MAX: u64 = 64 << 20;

/// Makes a package and says what is in it.
///
/// # Errors
/// When a release is refused, or the package cannot be written.
pub(crate) fn package(args: &PackageArgs, global: &GlobalArgs) -> Result<Outcome> {
    recorded(global, None, Act::Export, |event| run(args, global, event))
}

fn run(args: &PackageArgs, global: &GlobalArgs, event: &mut OpenEvent<'_>) -> Result<Outcome> {
    let target = PackageTarget::of(&args.output)?;
    let mut request = read_request(&args.request_file)
        .with_context(|| args.request_file.display().to_string())?;
    if let Some(agency) = &args.agency {
        request.terms.agency = Some(agency.clone());
    }
    let office = paths::office()?;
    let profile = find_profile(&args.profile, Some(&office.join(TRANSMITTALS)))?;
    let encryption = encryption(args)?;
    let checker = verifier(args)?;
    let key = key::signing_key(args.key.as_deref(), event.recorder())?;
    let progress = TerminalProgress::new(global.quiet);
    let worker = Process::new(global);
    let job = PackageJob {
        releases: &args.releases,
        request: &request,
        profile: &profile,
        target: &target,
        encryption: &encryption,
        trust: &key::trusted(&[])?,
        key: &key,
        office: &Office::read(&office).with_context(|| office.display().to_string())?,
        dated: args.dated,
        edited: &[],
        checker: checker.as_deref(),
        findings: &args.findings,
        replaced: &replaced::in_event_log(event.recorder().path()),
        scan: args.scan,
        program: PROGRAM,
    };
    let options = jobs::output_options(args.force);
    let ports = jobs::ports(global, &worker, &progress);
    let made = make_package(&job, options, &ports, event)?;
    progress.clear();
    if global.json {
        say(&json(&made, &target).to_string());
    } else {
        say(&text(&made, &target, args.no_verifier));
    }
    Ok(Outcome::Done)
}

fn encryption(args: &PackageArgs) -> Result<Encryption> {
    if args.no_encryption {
        return Ok(Encryption::Declined);
    }
    if !args.recipient.is_empty() {
        return Ok(Encryption::Recipients(args.recipient.clone()));
    }
    let passphrase = match &args.passphrase_file {
        Some(path) => Some(read_passphrase(path)?),
        None => paths::package_passphrase(),
    };
    Ok(passphrase.map_or(Encryption::None, Encryption::Passphrase))
}

/// The given verifier, or the one that was built, if there is one.
fn verifier(args: &PackageArgs) -> Result<Option<Vec<u8>>> {
    let path = match &args.verifier {
        Some(path) => Some(path.clone()),
        None => paths::verifier().filter(|_| !args.no_verifier),
    };
    let read = |path: std::path::PathBuf| {
        redact_record::read(&path, VERIFIER_BYTES_MAX).with_context(|| path.display().to_string())
    };
    path.map(read).transpose()
}

fn text(made: &MadePackage, target: &PackageTarget, no_verifier: bool) -> String {
    let (package, request) = (&made.manifest, &made.manifest.request);
    let mut lines: Vec<String> = package
        .exhibits
        .iter()
        .map(|exhibit| {
            let parts = match exhibit.parts.len() {
                0 => String::new(),
                parts => format!(" in {parts} parts"),
            };
            let (name, length) = (exhibit_name(exhibit), length(exhibit.seconds));
            format!("exhibit {}: {name}, {length}{parts}", exhibit.number)
        })
        .collect();
    if let Some(number) = &request.number {
        lines.insert(0, format!("request {number}"));
    }
    lines.push(format!("{} files, {}", made.files, bytes(made.bytes)));
    if made.lacks_checker && !no_verifier {
        lines.push("verify.html is not in it: build it with `make checker`".into());
    }
    if package.has_sealed_records() {
        lines.push("contains sealed records: only for recipients who may have them".into());
    }
    lines.push(format!("package: {}", target.path.display()));
    lines.join("\n")
}

fn json(made: &MadePackage, target: &PackageTarget) -> serde_json::Value {
    let has_verifier = made
        .manifest
        .files()
        .any(|file| file.role == FileRole::Checker);
    let exhibits = made.manifest.exhibits.iter();
    let releases: Vec<serde_json::Value> = exhibits
        .map(|exhibit| {
            serde_json::json!({
                "release_sha256": exhibit.release_sha256,
                "manifest_sha256": exhibit.manifest_sha256,
            })
        })
        .collect();
    serde_json::json!({
        "package": target.path, "form": target.container.name(),
        "encrypted": target.is_encrypted, "manifest_sha256": made.digest.to_string(),
        "exhibits": made.manifest.exhibits.len(), "files": made.files, "bytes": made.bytes,
        "sealed_records": made.manifest.has_sealed_records(),
        "verifier": has_verifier, "releases": releases,
    })
}
