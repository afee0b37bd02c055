//! `redact timestamp`: a request for an authority's stamp on a manifest, and its answer.
//!
//! Nothing here reaches the network: somebody carries the request out and the answer back.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use redact_core::Digest;
use redact_record::events::Act;
use redact_record::timestamp::{self, Certificate, STAMP_BYTES_MAX};
use redact_record::{Overwrite, manifest, release_paths};

use crate::args::{GlobalArgs, TimestampArgs, TimestampCommand};
use crate::journal::{Journal, Note};
use crate::{Outcome, places};

/// Writes a request, or puts an answer beside the manifest.
///
/// # Errors
/// When a file cannot be read or written, or the answer does not hold.
pub(crate) fn timestamp(args: &TimestampArgs, global: &GlobalArgs) -> Result<Outcome> {
    let journal = Journal::open(global, None)?;
    let mut note = Note::new(Act::Export);
    let done = match &args.command {
        TimestampCommand::Request { release, force } => {
            note.label("action", "timestamp-request");
            request(release, *force, &mut note)
        }
        TimestampCommand::Attach {
            release,
            answer,
            tsa,
            force,
        } => {
            note.label("action", "timestamp-attach");
            attach(release, answer, tsa, *force, &mut note)
        }
    };
    let said = done.map_err(|error| journal.failed(&note, error))?;
    journal.done(&note)?;
    crate::say(&said);
    Ok(Outcome::Done)
}

fn request(release: &Path, force: bool, note: &mut Note) -> Result<String> {
    let (path, digest) = manifest_of(release)?;
    note.subject("manifest", digest);
    let output = beside(&path, ".tsq");
    places::check_output(&output, &[&path], force)?;
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
    note: &mut Note,
) -> Result<String> {
    let (path, digest) = manifest_of(release)?;
    note.subject("manifest", digest);
    let output = beside(&path, ".tsr");
    places::check_output(&output, &[&path, answer], force)?;
    let name = || answer.display().to_string();
    let bytes = redact_record::read(answer, STAMP_BYTES_MAX).with_context(name)?;
    let stamp = timestamp::check(&bytes, digest, &anchors(tsa)?).with_context(name)?;
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

/// The stamp's place beside a manifest.
pub(crate) fn stamp_of(manifest: &Path) -> PathBuf {
    beside(manifest, ".tsr")
}

/// Certificates of authorities, or of who vouches for them.
///
/// # Errors
/// When one cannot be read.
pub(crate) fn anchors(files: &[PathBuf]) -> Result<Vec<Certificate>> {
    let read = |file: &PathBuf| {
        let name = || file.display().to_string();
        let bytes = redact_record::read(file, STAMP_BYTES_MAX).with_context(name)?;
        Certificate::read(&bytes).with_context(name)
    };
    files.iter().map(read).collect()
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

const fn overwrite(force: bool) -> Overwrite {
    if force {
        Overwrite::Replace
    } else {
        Overwrite::Never
    }
}
