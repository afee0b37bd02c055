//! Recordings and releases as files: checked, digested, read beside another job.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use redact_check::records::SignedBytes;
use redact_core::{Digest, Phase, Progress};
use redact_record::captions::{CAPTIONS_BYTES_MAX, Captions};
use redact_record::manifest::{self, PublicManifest};
use redact_record::{Advance, FileBinding, release_paths};

use crate::error::{Context as _, ReleaseError, Result};

/// How often progress is reported while a file is read.
const REPORT_EVERY: Duration = Duration::from_millis(50);

/// Refuses what is not a readable file, before models are loaded for it.
///
/// # Errors
/// What it is instead, or the system's own words, after the file's name.
pub fn check_recording(clip: &Path) -> Result<()> {
    let data = std::fs::metadata(clip).in_file(clip)?;
    if data.is_dir() {
        return Err(ReleaseError::IsFolder).in_file(clip);
    }
    // Opening a pipe waits for a writer, and a device has no end.
    if !data.is_file() {
        return Err(ReleaseError::NotAFile).in_file(clip);
    }
    std::fs::File::open(clip).map(drop).in_file(clip)
}

/// SHA-256 and length of a file, with progress.
///
/// # Errors
/// When the file cannot be read, or the job is cancelled.
pub fn digest(path: &Path, progress: &dyn Progress) -> Result<(Digest, u64)> {
    let mut advance = |done, total| progress.advance(Phase::Digest, done, Some(total));
    redact_record::digest_file(path, &mut advance).in_file(path)
}

/// Reads a file for what ties a record to it, with progress.
///
/// # Errors
/// When the file cannot be read, or the job is cancelled.
pub fn bind(path: &Path, progress: &dyn Progress) -> Result<FileBinding> {
    let mut advance = |done, total| progress.advance(Phase::Digest, done, Some(total));
    FileBinding::of_file(path, &mut advance).in_file(path)
}

/// Digests a recording while `job` reads it; gives its SHA-256 and length, too.
///
/// # Errors
/// [`ReleaseError::Changed`] if the recording is not the same file, unchanged, at the end: the
/// digest would be of other bytes than those that `job` saw, and what either of them met is a
/// consequence. Otherwise those of both.
pub(crate) fn digest_beside<T>(
    clip: &Path,
    progress: &dyn Progress,
    job: impl FnOnce() -> Result<T>,
) -> Result<((Digest, u64), T)> {
    let before = FileState::of(clip)?;
    let done = read_beside(
        progress,
        |advance| redact_record::digest_file(clip, advance).in_file(clip),
        job,
    );
    let cancelled = done.as_ref().is_err_and(ReleaseError::is_cancelled);
    if !cancelled && FileState::of(clip)? != before {
        return Err(ReleaseError::Changed).in_file(clip);
    }
    done
}

/// What changes whenever a file's content does: the system sets the time of the last change (not of
/// the last modification) at every write, and no program can set it back.
#[derive(PartialEq, Eq)]
struct FileState {
    device: u64,
    inode: u64,
    bytes: u64,
    changed: (i64, i64),
}

impl FileState {
    fn of(path: &Path) -> Result<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let data = std::fs::metadata(path).in_file(path)?;
        Ok(Self {
            device: data.dev(),
            inode: data.ino(),
            bytes: data.len(),
            changed: (data.ctime(), data.ctime_nsec()),
        })
    }
}

/// Does `job` and reads a file with `read` meanwhile; when one fails, the other is cancelled.
///
/// # Errors
/// Those of both; those of `job` come first.
pub(crate) fn read_beside<R: Send, T>(
    progress: &dyn Progress,
    read: impl FnOnce(Advance<'_>) -> Result<R> + Send,
    job: impl FnOnce() -> Result<T>,
) -> Result<(R, T)> {
    let cancelled = AtomicBool::new(false);
    let (done, total) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            read(&mut |bytes, of| {
                done.store(bytes, Ordering::Relaxed);
                total.store(of, Ordering::Relaxed);
                if cancelled.load(Ordering::Relaxed) {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            })
        });
        let result = job();
        cancelled.store(result.is_err(), Ordering::Relaxed);
        while !reading.is_finished() {
            let (done, total) = (done.load(Ordering::Relaxed), total.load(Ordering::Relaxed));
            let go = progress.advance(Phase::Digest, done, Some(total));
            if go.is_break() {
                cancelled.store(true, Ordering::Relaxed);
            }
            std::thread::sleep(REPORT_EVERY);
        }
        let read = reading.join();
        let result = result?;
        let read = read.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok((read, result))
    })
}

/// Does two things at the same time that need one core each.
pub(crate) fn both<A: Send, B>(
    one: impl FnOnce() -> A + Send,
    other: impl FnOnce() -> B,
) -> (A, B) {
    std::thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        let one = one.join();
        (
            one.unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            other,
        )
    })
}

/// A record and the signature beside it, neither of them checked.
///
/// # Errors
/// When one of the two cannot be read.
pub fn read_signed(path: &Path) -> Result<SignedBytes> {
    let bytes = manifest::read_bytes(path).in_file(path)?;
    let signature = with_ending(path, ".minisig");
    let text = manifest::read_bytes(&signature).in_file(&signature)?;
    let signature = String::from_utf8_lossy(&text).into_owned();
    Ok(SignedBytes { bytes, signature })
}

/// Captions that fit the manifest of their release.
pub struct CheckedCaptions {
    /// The file.
    pub bytes: Vec<u8>,
    /// What it has.
    pub content: Captions,
}

/// The captions of `release` beside it, compared with its manifest `public`; `None` if it has none.
///
/// # Errors
/// When they are not there although the manifest names them, are others, or reveal what is muted.
pub fn read_captions(release: &Path, public: &PublicManifest) -> Result<Option<CheckedCaptions>> {
    if public.captions.is_none() {
        return Ok(None);
    }
    let path = release_paths(release).captions;
    let bytes = redact_record::read(&path, CAPTIONS_BYTES_MAX).in_file(&path)?;
    let content = public.captions_of(&bytes).in_file(&path)?;
    Ok(Some(CheckedCaptions { bytes, content }))
}

/// The place of a time stamp beside the manifest at `path`.
#[must_use]
pub fn stamp_path(path: &Path) -> PathBuf {
    with_ending(path, ".tsr")
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use redact_testkit::Quiet;

    use super::*;

    /// Goal: what was found in a recording that was overwritten meanwhile does not count, even if
    /// the same bytes and the same time of modification are back at the end. Control: one that
    /// was only read.
    #[test]
    fn a_recording_that_changes_while_it_is_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let clip = folder.path().join("clip.mp4");
        std::fs::write(&clip, "a face").unwrap();
        let read = digest_beside(&clip, &Quiet, || Ok(std::fs::read(&clip)?));
        assert_eq!(read.unwrap().1, b"a face");

        let modified = std::fs::metadata(&clip).unwrap().modified().unwrap();
        // The system's clock of file times ticks every few milliseconds.
        std::thread::sleep(Duration::from_millis(50));
        let refused = digest_beside(&clip, &Quiet, || {
            std::fs::write(&clip, "a wall")?;
            std::fs::write(&clip, "a face")?;
            Ok(File::options()
                .append(true)
                .open(&clip)?
                .set_modified(modified)?)
        });
        let error = refused.unwrap_err();
        assert!(matches!(error.cause(), ReleaseError::Changed), "{error}");
    }

    /// Goal: a job that fails because the recording was cut short beneath it says that the
    /// recording changed, not what it met. Control: one that fails by itself.
    #[test]
    fn a_failure_in_a_changed_recording_is_the_change() {
        let folder = tempfile::tempdir().unwrap();
        let clip = folder.path().join("clip.mp4");
        std::fs::write(&clip, "a face").unwrap();
        let failed = digest_beside(&clip, &Quiet, || Err::<(), _>(ReleaseError::NoDetectors));
        let error = failed.unwrap_err();
        assert!(
            matches!(error.cause(), ReleaseError::NoDetectors),
            "{error}"
        );

        std::thread::sleep(Duration::from_millis(50));
        let failed = digest_beside(&clip, &Quiet, || {
            std::fs::write(&clip, "a")?;
            Err::<(), _>(ReleaseError::NoDetectors)
        });
        let error = failed.unwrap_err();
        assert!(matches!(error.cause(), ReleaseError::Changed), "{error}");
    }
}
