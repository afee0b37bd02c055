//! Files that are read whole or named beside others, whatever they hold.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use redact_core::{Digest, Phase, Progress as _};
use redact_record::RecordError;

use crate::failure;
use crate::progress::TerminalProgress;

/// Refuses what is not a readable file, before models are loaded for it.
///
/// # Errors
/// The system's own words, after the file's name.
pub(crate) fn check_clip(clip: &Path) -> Result<()> {
    let name = || clip.display().to_string();
    let meta = std::fs::metadata(clip).with_context(name)?;
    if meta.is_dir() {
        anyhow::bail!(
            "{}: is a directory (`redact batch` takes folders)",
            clip.display()
        );
    }
    // Opening a pipe waits for somebody to write, and a device has no end.
    if !meta.is_file() {
        anyhow::bail!("{}: is a pipe or a device, not a file", clip.display());
    }
    std::fs::File::open(clip).map(drop).with_context(name)
}

/// The folder that `file` lies in.
pub(crate) fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// SHA-256 and length of a file, with a progress bar.
///
/// # Errors
/// When the file cannot be read, or a person stopped it.
pub(crate) fn digest(path: &Path, progress: &TerminalProgress) -> Result<(Digest, u64)> {
    let mut advance = |done, total| progress.advance(Phase::Digest, done, Some(total));
    stoppable(redact_record::digest_file(path, &mut advance))
        .with_context(|| path.display().to_string())
}

/// A person's Ctrl-C during a digest is the same as during any other job.
///
/// # Errors
/// What `result` holds.
pub(crate) fn stoppable<T>(result: Result<T, RecordError>) -> Result<T> {
    match result {
        Err(RecordError::Cancelled) => Err(failure::Interrupted.into()),
        other => Ok(other?),
    }
}

/// Does `job` and digests the file at `path` meanwhile; when the job fails, so does all.
///
/// # Errors
/// Those of `job`, or when the file cannot be read.
pub(crate) fn digest_beside<T>(
    path: &Path,
    job: impl FnOnce() -> Result<T>,
) -> Result<((Digest, u64), T)> {
    read_beside(
        |advance| {
            stoppable(redact_record::digest_file(path, advance))
                .with_context(|| path.display().to_string())
        },
        job,
    )
}

/// Does `job` and reads a file with `read` meanwhile; what fails first stops the other.
///
/// # Errors
/// Those of both; those of `job` come first.
pub(crate) fn read_beside<R: Send, T>(
    read: impl FnOnce(redact_record::Advance<'_>) -> Result<R> + Send,
    job: impl FnOnce() -> Result<T>,
) -> Result<(R, T)> {
    use std::ops::ControlFlow;
    use std::sync::atomic::{AtomicBool, Ordering};
    let failed = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            read(&mut |_, _| {
                if failed.load(Ordering::Relaxed) || crate::progress::interrupted() {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            })
        });
        let done = job();
        failed.store(done.is_err(), Ordering::Relaxed);
        let read = reading.join();
        let done = done?;
        let read = read.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok((read, done))
    })
}
