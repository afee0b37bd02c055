//! `redact timestamp`: a request for an authority's stamp on a manifest, and its answer.
//!
//! Nothing here reaches the network: a person carries the request out and the answer back.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use redact_core::Digest;
use redact_record::events::{Act, EventDraft};
use redact_record::timestamp::{self, STAMP_BYTES_MAX};
use redact_record::{Overwrite, manifest, release_paths};
use redact_release::files::stamp_path;
use redact_release::names::check_output;
use redact_release::ports::Events as _;

use crate::args::{GlobalArgs, TimestampArgs, TimestampCommand};
use crate::event_log::recorded;
use crate::outcome::Outcome;
use crate::terminal::say;
use crate::verify::certificates;

/// Writes a request, or stores an answer beside the manifest.
///
/// # Errors
/// When a file cannot be read or written, or the answer does not hold.
pub(crate) fn timestamp(args: &TimestampArgs, global: &GlobalArgs) -> Result<Outcome> {
    let text = recorded(global, None, Act::Export, |event| match &args.command {
        TimestampCommand::Request { release, force } => {
            event.draft().label("action", "timestamp-request");
            request(release, *force, event.draft())
        }
        TimestampCommand::Attach {
            release,
            answer,
            tsa,
            force,
        } => {
            event.draft().label("action", "timestamp-attach");
            attach(release, answer, tsa, *force, event.draft())
        }
    })?;
    say(&text);
    Ok(Outcome::Done)
}

fn request(release: &Path, force: bool, event: &mut EventDraft) -> Result<String> {
    let (path, digest) = manifest_of(release)?;
    event.subject("manifest", digest);
    let mut output = path.clone().into_os_string();
    output.push(".tsq");
    let output = PathBuf::from(output);
    check_output(&output, &[&path], force)?;
    let request = timestamp::request(digest)?;
    redact_record::write(&output, &request, overwrite(force))
        .with_context(|| output.display().to_string())?;
    Ok(format!(
        "request: {output}\nsend it to an authority from a machine that may, e.g.\n  curl -H \
         'Content-Type: application/timestamp-query' --data-binary @{output} -o answer.tsr \
         URL\nand bring the answer back: redact timestamp attach {release} answer.tsr",
        output = output.display(),
        release = release.display()
    ))
}

fn attach(
    release: &Path,
    answer: &Path,
    tsa: &[PathBuf],
    force: bool,
    event: &mut EventDraft,
) -> Result<String> {
    let (path, digest) = manifest_of(release)?;
    event.subject("manifest", digest);
    let output = stamp_path(&path);
    check_output(&output, &[&path, answer], force)?;
    let name = || answer.display().to_string();
    let bytes = redact_record::read(answer, STAMP_BYTES_MAX).with_context(name)?;
    let stamp = timestamp::check(&bytes, digest, &certificates(tsa)?).with_context(name)?;
    if !tsa.is_empty() && !stamp.trusted {
        bail!(
            "{}: the stamp is by {}, for whom no certificate given with --tsa vouches",
            answer.display(),
            stamp.authority
        );
    }
    redact_record::write(&output, &bytes, overwrite(force))
        .with_context(|| output.display().to_string())?;
    Ok(format!(
        "stamped {} by {}{}\nstamp: {}",
        manifest::Utc(stamp.at),
        stamp.authority,
        if stamp.trusted {
            ""
        } else {
            " (who is not trusted here: no --tsa)"
        },
        output.display()
    ))
}

/// The manifest of a release, and the SHA-256 that is stamped.
fn manifest_of(release: &Path) -> Result<(PathBuf, Digest)> {
    let path = release_paths(release).manifest;
    let bytes = manifest::read_bytes(&path).with_context(|| path.display().to_string())?;
    Ok((path, redact_record::digest_bytes(&bytes)))
}

const fn overwrite(force: bool) -> Overwrite {
    if force {
        Overwrite::Replace
    } else {
        Overwrite::Never
    }
}
