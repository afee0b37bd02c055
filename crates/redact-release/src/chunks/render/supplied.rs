//! Segments that workers encoded, for the render that makes the release.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use redact_core::{Digest, FrameSpan};
use redact_record::sign::{KeyId, PublicKey, SignatureVerdict, Signed, TrustStore};

use super::error::SegmentError;
use super::file::{self, SegmentEntry};
use super::header::SegmentHeader;
use crate::error::{ReleaseError, Result};
use crate::ports::{SegmentId, SegmentKind};
use crate::segment_cache::RenderSettings;

/// The output of a task, as it was committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskOutput {
    /// The task.
    pub task: u32,
    /// The file.
    pub path: PathBuf,
    /// SHA-256 that was committed.
    pub sha256: Digest,
}

/// The outputs of all tasks, not verified yet, and the keys that are trusted.
#[derive(Clone, Debug)]
pub struct SuppliedSegments {
    /// The outputs.
    pub outputs: Vec<TaskOutput>,
    /// The keys of workers that are trusted.
    pub trusted: Vec<PublicKey>,
    /// A folder of this user's own, made if need be: segments go to the confined worker through
    /// it.
    pub folder: PathBuf,
}

/// Which outputs of tasks a render used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SegmentsUsed {
    /// Segments that are in the release.
    pub segments: usize,
    /// Keys that they are signed with.
    pub keys: Vec<KeyId>,
    /// What was not used, and why: the task, the frames where they are known, the reason.
    pub refused: Vec<String>,
}

/// Segments that are signed with trusted keys and are for this very render.
pub(crate) struct AcceptedSegments<'a> {
    settings: RenderSettings<'a>,
    folder: PathBuf,
    segments: BTreeMap<(u32, u32), Accepted>,
    refused: Vec<String>,
}

struct Accepted {
    task: u32,
    path: PathBuf,
    entry: SegmentEntry,
    key: PublicKey,
}

impl SuppliedSegments {
    /// The segments that may be used in a release with `settings`. What was changed, cut short or
    /// made for another render is not used: the render encodes those runs itself.
    ///
    /// # Errors
    /// [`SegmentError::UntrustedWorker`]: a person decides whom to trust.
    pub(crate) fn accept<'a>(&self, settings: RenderSettings<'a>) -> Result<AcceptedSegments<'a>> {
        let mut accepted = AcceptedSegments {
            settings,
            folder: self.folder.clone(),
            segments: BTreeMap::new(),
            refused: Vec::new(),
        };
        for output in &self.outputs {
            match list(output) {
                Ok(entries) => {
                    for entry in entries {
                        self.take(output, entry, &mut accepted)?;
                    }
                }
                Err(why) => accepted
                    .refused
                    .push(format!("task {}: {why}", output.task)),
            }
        }
        for refused in &accepted.refused {
            tracing::warn!("not used, so this machine encodes the frames itself: {refused}");
        }
        Ok(accepted)
    }

    fn take(
        &self,
        output: &TaskOutput,
        entry: SegmentEntry,
        accepted: &mut AcceptedSegments<'_>,
    ) -> Result<()> {
        let task = output.task;
        let opened = self.open(output, &entry, accepted.settings);
        match opened {
            Ok((frames, key)) => {
                let path = output.path.clone();
                let segment = Accepted {
                    task,
                    path,
                    entry,
                    key,
                };
                let place = (frames.start().get(), frames.end().get());
                accepted.segments.entry(place).or_insert(segment);
                Ok(())
            }
            Err(Refusal::Unusable(why)) => {
                accepted.refused.push(format!("task {task}: {why}"));
                Ok(())
            }
            Err(Refusal::Untrusted(error)) => Err(error.into()),
        }
    }

    /// The frames of a segment and the key that it is signed with, if it may be used.
    fn open(
        &self,
        output: &TaskOutput,
        entry: &SegmentEntry,
        settings: RenderSettings<'_>,
    ) -> Result<(FrameSpan, PublicKey), Refusal> {
        let signed = file::read(&output.path, entry).map_err(|error| error.to_string())?;
        let key = signer(&signed, &entry.signature)?;
        let (header, pictures) = SegmentHeader::split(&signed)?;
        let frames = header.frames().ok_or("its header names no frames")?;
        let (first, last) = (frames.start().get(), frames.end().get() - 1);
        if !self.trusted.contains(&key) {
            return Err(Refusal::Untrusted(SegmentError::UntrustedWorker {
                task: output.task,
                first,
                last,
                key: Box::new(key),
            }));
        }
        // Checked before every frame is visited.
        if last >= settings.plan.plan().source.frames {
            return Err("it has frames that the recording does not have".into());
        }
        let expected = SegmentHeader::of(settings, frames);
        let wrong = header.difference(&expected);
        let wrong = wrong.map_or_else(|| header.check_pictures(pictures), Err);
        wrong.map_err(|why| {
            let id = key.id();
            format!("the segment of frames {first} to {last}, signed with worker key {id}: {why}")
        })?;
        Ok((frames, key))
    }
}

/// Why a segment is not used.
enum Refusal {
    /// It is damaged, or for another render.
    Unusable(String),
    /// An untrusted key signed it.
    Untrusted(SegmentError),
}

impl From<String> for Refusal {
    fn from(why: String) -> Self {
        Self::Unusable(why)
    }
}

impl From<&str> for Refusal {
    fn from(why: &str) -> Self {
        Self::Unusable(why.to_owned())
    }
}

/// The segments in an output that is what was committed.
fn list(output: &TaskOutput) -> Result<Vec<SegmentEntry>, String> {
    let go = &mut |_, _| ControlFlow::Continue(());
    let (found, _) = redact_record::digest_file(&output.path, go)
        .map_err(|error| redact_core::error::with_causes(&error))?;
    let expected = output.sha256;
    if found != expected {
        return Err(format!(
            "its output is not what was committed: found SHA-256 {found}; expected {expected}"
        ));
    }
    file::list(&output.path)
}

/// The key that `signature` of a segment was made with, if it holds.
fn signer(signed: &[u8], signature: &str) -> Result<PublicKey, String> {
    // This store trusts no key: the key itself is compared with those that are trusted.
    let nobody = TrustStore::of(Vec::new()).map_err(|error| error.to_string())?;
    match nobody.check(signed, signature, Signed::CachedSegment) {
        SignatureVerdict::Unknown { key } => Ok(key),
        SignatureVerdict::Bad(problem) => Err(format!("a segment was changed: {problem}")),
        SignatureVerdict::Trusted { .. } => Err("a segment has an unexpected signature".to_owned()),
    }
}

impl AcceptedSegments<'_> {
    /// The folder in which one for the exchange with the confined worker is made.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether there is a segment for a request.
    pub(crate) fn has(&self, segment: SegmentId) -> bool {
        let pictures = segment.kind == SegmentKind::Pictures;
        pictures && self.segments.contains_key(&(segment.start, segment.end))
    }

    /// The pictures of a segment. Its signature is checked again: the file may have changed.
    pub(crate) fn load(&self, segment: SegmentId) -> Option<Vec<u8>> {
        if segment.kind != SegmentKind::Pictures {
            // Results of checks on other machines are not used.
            return None;
        }
        let accepted = self.segments.get(&(segment.start, segment.end))?;
        let signed = file::read(&accepted.path, &accepted.entry).ok()?;
        let key = signer(&signed, &accepted.entry.signature).ok()?;
        let (header, pictures) = SegmentHeader::split(&signed).ok()?;
        let index = redact_core::FrameIndex::new;
        let frames = FrameSpan::new(index(segment.start), index(segment.end))?;
        let is_it = key == accepted.key && header == SegmentHeader::of(self.settings, frames);
        is_it.then(|| pictures.to_vec())
    }

    /// What was used.
    pub(crate) fn used(&self) -> SegmentsUsed {
        let mut keys: Vec<KeyId> = Vec::new();
        for accepted in self.segments.values() {
            let key = accepted.key.id();
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        SegmentsUsed {
            segments: self.segments.len(),
            keys,
            refused: self.refused.clone(),
        }
    }

    /// Adds to `error` which of these segments contain the frames that it names.
    pub(crate) fn blame(&self, release: &Path, error: ReleaseError) -> ReleaseError {
        if self.segments.is_empty() || error.is_cancelled() || error.is_refusal() {
            return error;
        }
        let frames = frames_in(&error.text());
        let has = |((start, end), _): &(&(u32, u32), &Accepted)| {
            frames.iter().any(|frame| (*start..*end).contains(frame))
        };
        let named: Vec<String> = self.segments.iter().filter(has).map(describe).collect();
        let what = match named.split_first() {
            None => return error,
            Some((first, [])) => format!("{first} failed its checks"),
            Some((first, rest)) => format!("{first} and {} more failed their checks", rest.len()),
        };
        ReleaseError::File {
            path: release.to_owned(),
            source: Box::new(ReleaseError::During {
                what,
                source: Box::new(error),
            }),
        }
    }
}

fn describe(((start, end), accepted): (&(u32, u32), &Accepted)) -> String {
    let (last, task, key) = (end.saturating_sub(1), accepted.task, accepted.key.id());
    format!("the segment of frames {start} to {last} (task {task}, worker key {key})")
}

/// The frames that the failures in an error name; figures of checks before them name frames that
/// passed.
fn frames_in(text: &str) -> Vec<u32> {
    let failures = text
        .split_once(" failed: ")
        .map_or(text, |(_, failures)| failures);
    let named = failures.split("frame ").skip(1);
    let numbers = named.map(|rest| {
        let end = rest.find(|letter: char| !letter.is_ascii_digit());
        rest.get(..end.unwrap_or(rest.len())).unwrap_or_default()
    });
    numbers.filter_map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: the frames of failures are found, and those of figures are not taken for them.
    #[test]
    fn the_frames_of_failures_are_found() {
        let text = "PSNR at least 40.1 dB (frame 12), allowed 30; 2 failed: frame 80: block at \
                    (1, 2), frame 95: only 3.0 dB";
        assert_eq!(frames_in(text), [80, 95]);
        assert_eq!(
            frames_in("masks: 1 failed: item-1 in frame 7 (9 of 4)"),
            [7]
        );
        assert_eq!(frames_in("damaged at frame 31: cannot decode"), [31]);
        assert!(frames_in("no space left on device").is_empty());
    }
}
