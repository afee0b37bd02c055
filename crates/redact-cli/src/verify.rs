//! `redact verify`: whether a release is what its manifest says, one line per check.

mod package;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use redact_check::Verdict;
use redact_check::package::is_package;
use redact_record::events::{Act, EventDraft};
use redact_record::release_paths;
use redact_record::timestamp::{Certificate, STAMP_BYTES_MAX};
use redact_release::approve::read_policy;
use redact_release::names::check_output;
use redact_release::verify::{ReportForm, VerifyRequest};

use crate::args::{GlobalArgs, VerifyArgs};
use crate::clock::now;
use crate::event_log::Recorder;
use crate::jail::Process;
use crate::outcome::Outcome;
use crate::progress::TerminalProgress;
use crate::terminal::say;
use crate::{jobs, key, paths};

/// Verifies and prints.
///
/// # Errors
/// When a file that is needed is not there.
pub(crate) fn verify(args: &VerifyArgs, global: &GlobalArgs) -> Result<Outcome> {
    let mut draft = EventDraft::new(Act::Verify);
    // A third party may check where nothing may be written: that changes nothing but our own log.
    let recorder = Recorder::open(global, None)
        .inspect_err(|error| tracing::warn!("this check is not recorded: {error:#}"))
        .ok();
    let checked = run(args, global, &mut draft);
    if let Some(recorder) = recorder {
        // The verdict was printed: it stands whether or not it is recorded.
        recorder.conclude(&draft, checked.as_ref().err());
    }
    checked
}

fn run(args: &VerifyArgs, global: &GlobalArgs, draft: &mut EventDraft) -> Result<Outcome> {
    let manifest = match &args.manifest {
        Some(manifest) => manifest.clone(),
        None => release_paths(&args.release).manifest,
    };
    let report = match &args.report {
        Some(path) => {
            let mut inputs: Vec<&Path> = vec![&args.release, &manifest];
            inputs.extend(args.source.as_deref());
            let form = ReportForm::of(path)?;
            check_output(path, &inputs, args.force)?;
            Some((form, path))
        }
        None => None,
    };
    // What cannot be read is reported where it is opened.
    let is_package = is_package(&args.release).unwrap_or(false);
    let verdict = match is_package {
        true => package::verify(args, global, draft, &certificates(&args.tsa)?)?,
        false => verify_release(args, global, draft, manifest)?,
    };
    if let Some((form, path)) = report {
        form.write(&verdict, &args.release, path, now())?;
    }
    say(&match (global.json, is_package) {
        (false, _) => verdict.text(),
        (true, false) => verdict.json(&args.release).to_string(),
        (true, true) => verdict.package_json(&args.release).to_string(),
    });
    Ok(if verdict.passed() {
        Outcome::Done
    } else {
        Outcome::Wrong
    })
}

fn verify_release(
    args: &VerifyArgs,
    global: &GlobalArgs,
    draft: &mut EventDraft,
    manifest: PathBuf,
) -> Result<Verdict> {
    let models = args.second_look.then(|| paths::model_options(&args.models));
    let models = models.transpose()?;
    let policy = args.policy.as_deref().map(paths::policy_file).transpose()?;
    let request = VerifyRequest {
        release: &args.release,
        manifest,
        source: args.source.as_deref(),
        policy: policy.as_deref().map(read_policy).transpose()?,
        previous: &args.previous,
        tsa: certificates(&args.tsa)?,
        trust: key::trusted(&args.trust)?,
        no_media: args.no_media,
        second_look: models.as_ref(),
    };
    let progress = TerminalProgress::new(global.quiet);
    let worker = Process::new(global);
    let verified = request.run(&jobs::ports(global, &worker, &progress))?;
    progress.clear();
    verified.describe(draft);
    Ok(verified.verdict)
}

/// Certificates of time-stamping authorities, or of who vouches for them.
///
/// # Errors
/// When one cannot be read.
pub(crate) fn certificates(files: &[PathBuf]) -> Result<Vec<Certificate>> {
    let read = |file: &PathBuf| {
        let name = || file.display().to_string();
        let bytes = redact_record::read(file, STAMP_BYTES_MAX).with_context(name)?;
        Certificate::read(&bytes).with_context(name)
    };
    files.iter().map(read).collect()
}
