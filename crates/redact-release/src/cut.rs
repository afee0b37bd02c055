//! Cuts a finished release into parts no larger than a limit, each a release by itself.
//!
//! Parts begin at closed GOPs and are copied packet by packet: nothing is re-encoded, and every
//! frame and every packet of sound is in exactly one part. A part has its own public manifest,
//! which names its place and the whole release by SHA-256, so that it can be verified alone.
//! Cutting the same release again gives the same video files and manifests; minisign's signatures
//! contain random bits.

mod layout;
mod work;

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use redact_check::records::SignedBytes;
use redact_core::{Digest, FrameSpan, PixelSize, Redactions};
use redact_engine::{masked_frames, muted_in};
use redact_record::captions::Captions;
use redact_record::manifest::{
    PartFacts, PartRecords, PartSoundFacts, PartTotals, PublicManifest, ReleaseFacts,
};
use redact_record::sign::{KeyPair, SignatureVerdict, Signed, TrustStore};
use redact_record::{RecordError, digest_bytes};

use crate::error::{Context as _, ReleaseError, Result};
use crate::files::{bind, read_captions};
use crate::ports::{Access, JobKind, Ports, ProgressListener, job};
use layout::lay_out;
pub(crate) use work::CutWork;
use work::{CutTask, Index, SpanForm, Written};

/// Bytes that the manifest of a part may have beyond the release's own: its place, the digests of
/// its pieces, and the keyframes at its ends.
const MANIFEST_GROWTH: u64 = 96 << 10;

/// How large a part may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartLimit {
    /// Bytes of a part with its manifest, signature and the caller's other records.
    pub bytes: u64,
    /// Bytes of the records that the caller adds to each part, such as redaction logs.
    pub other_records: u64,
}

/// A release and where it is cut.
pub struct ReleaseParts<'a> {
    release: &'a Path,
    whole: PublicManifest,
    manifest: Digest,
    captions: Option<Captions>,
    limit: PartLimit,
    index: Index,
    spans: Vec<FrameSpan>,
}

/// A part that was written.
#[derive(Clone, Debug)]
pub struct WrittenPart {
    /// Its video.
    pub path: PathBuf,
    /// Its public manifest.
    pub manifest: PublicManifest,
    /// The file of its public manifest.
    pub manifest_bytes: Vec<u8>,
    /// The text of that file's signature.
    pub signature: String,
    /// The file of its captions, if the release has any.
    pub captions: Option<String>,
}

impl<'a> ReleaseParts<'a> {
    /// Checks the release against its manifest and decides where it is cut. A release that fits
    /// into the limit has one part.
    ///
    /// # Errors
    /// When the manifest is not trusted or describes another file or a part, the release cannot be
    /// read, or a GOP alone is larger than the limit.
    pub fn plan(
        release: &'a Path,
        record: &SignedBytes,
        trust: &TrustStore,
        limit: PartLimit,
        ports: &Ports<'_>,
    ) -> Result<Self> {
        let opened = PublicManifest::open(&record.bytes, &record.signature, trust);
        let (whole, who) = opened.in_file(release)?;
        if !matches!(who, SignatureVerdict::Trusted { .. }) {
            return Err(ReleaseError::UntrustedManifest).in_file(release);
        }
        if let Some(part) = &whole.part {
            let (number, count) = (part.number, part.count);
            return Err(ReleaseError::AlreadyPart { number, count }).in_file(release);
        }
        let found = bind(release, ports.progress)?;
        if found != whole.release.binding() {
            let error = RecordError::Mismatch {
                what: "SHA-256 of the release",
                found: found.sha256.to_string(),
                expected: format!("{}, as in its manifest", whole.release.sha256.0),
            };
            return Err(error).in_file(release);
        }
        let captions = read_captions(release, &whole)?;
        // Each part may have all of them, and as many bytes of a transcript.
        let said = captions
            .as_ref()
            .map_or(0, |found| found.bytes.len() as u64);
        let index: Index = run_worker(release, CutTask::Index, &[], ports)?;
        let records = record.bytes.len() as u64 + MANIFEST_GROWTH + limit.other_records + 2 * said;
        let spans = lay_out(&index.gops, limit.bytes, records).in_file(release)?;
        Ok(Self {
            release,
            whole,
            manifest: digest_bytes(&record.bytes),
            captions: captions.map(|found| found.content),
            limit,
            index,
            spans,
        })
    }

    /// Number of parts, at least 1.
    #[must_use]
    pub fn count(&self) -> usize {
        self.spans.len()
    }

    /// The frames of each part.
    #[must_use]
    pub fn spans(&self) -> &[FrameSpan] {
        &self.spans
    }

    /// Writes all parts, each to one of `outputs`, which must not exist, and makes their manifests,
    /// signed with `key`.
    ///
    /// # Errors
    /// When there is not one output for each part, one exists or cannot be written, or the release
    /// changed since it was planned. Outputs that were begun are then removed.
    pub fn write(
        &self,
        outputs: &[PathBuf],
        key: &KeyPair,
        ports: &Ports<'_>,
    ) -> Result<Vec<WrittenPart>> {
        let mut created = Created(Vec::new());
        if outputs.len() != self.count() {
            let (found, expected) = (outputs.len(), self.count());
            return Err(ReleaseError::OutputCount { found, expected });
        }
        for output in outputs {
            let opened = OpenOptions::new().write(true).create_new(true).open(output);
            opened.in_file(output)?;
            created.0.push(output);
        }
        let parts = self.spans.iter().zip(outputs);
        let parts = parts.map(|(span, output)| (SpanForm::from(*span), output.clone()));
        let task = CutTask::Write(parts.collect());
        let written: Vec<Written> = run_worker(self.release, task, outputs, ports)?;
        let mut done = Vec::with_capacity(outputs.len());
        for (at, (written, output)) in written.iter().zip(outputs).enumerate() {
            done.push(
                self.finish(at, written, output, key, ports)
                    .in_file(output)?,
            );
        }
        if done.len() != outputs.len() {
            return Err(crate::WorkerError::InvalidResult.into());
        }
        created.0.clear();
        Ok(done)
    }

    /// The records of a part whose video was written.
    fn finish(
        &self,
        at: usize,
        written: &Written,
        output: &Path,
        key: &KeyPair,
        ports: &Ports<'_>,
    ) -> Result<WrittenPart> {
        let count = u32::try_from(self.count()).unwrap_or(u32::MAX);
        let number = u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1);
        let file = ReleaseFacts {
            binding: bind(output, ports.progress)?,
            container: written.container.clone(),
            streams: written.streams(),
        };
        let sound = written.sound.iter().map(PartSoundFacts::from);
        let sound: Vec<PartSoundFacts> = sound.collect();
        let gops: Vec<(FrameSpan, Digest)> = self.index.gops()?;
        let (clock, leaks) = (self.index.clock(), written.leaks());
        let facts = PartFacts {
            place: (number, count),
            frames: self.spans[at],
            clock: &clock,
            clock_base: self.index.seconds_per_tick,
            gops: &gops,
            sound: &sound,
            file: &file,
            leaks: &leaks,
            captions: self.captions.as_ref(),
        };
        let size = PixelSize::new(self.whole.source.width, self.whole.source.height);
        let measure = |redactions: &Redactions| totals(redactions, &facts, size);
        let records = self.whole.part(self.manifest, &facts, measure)?;
        let PartRecords {
            manifest,
            bytes: manifest_bytes,
            captions,
        } = records;
        let created = self.whole.created.0;
        let signature = key.sign_bytes(&manifest_bytes, Signed::PublicManifest, created)?;
        let said = captions.as_ref().map_or(0, String::len);
        let records = (manifest_bytes.len() + signature.len() + said) as u64;
        let bytes = file.binding.bytes + records + self.limit.other_records;
        if self.count() > 1 && bytes > self.limit.bytes {
            let limit = self.limit.bytes;
            return Err(ReleaseError::PartTooLarge {
                number,
                bytes,
                limit,
            });
        }
        Ok(WrittenPart {
            path: output.to_owned(),
            manifest,
            manifest_bytes,
            signature,
            captions,
        })
    }
}

/// Outputs that are removed unless the list is emptied.
struct Created<'a>(Vec<&'a PathBuf>);

impl Drop for Created<'_> {
    fn drop(&mut self) {
        for path in &self.0 {
            std::fs::remove_file(path).ok();
        }
    }
}

/// What the masks and mutes of a part hide of it.
fn totals(redactions: &Redactions, facts: &PartFacts<'_>, size: Option<PixelSize>) -> PartTotals {
    let frames = facts.frames.frames();
    let masked = size.map(|size| masked_frames(redactions, frames, size));
    let (frames_masked, masked_area_mean) = masked.unwrap_or_default();
    let muted = facts.sound.iter().enumerate().map(|(track, sound)| {
        let samples = sound.samples.0..sound.samples.1;
        muted_in(&samples, (track, sound.rate_hz), redactions)
    });
    PartTotals {
        frames_masked,
        masked_area_mean,
        muted_samples: muted.collect(),
    }
}

/// Lets a confined worker do one task on the release.
fn run_worker<T: serde::de::DeserializeOwned>(
    release: &Path,
    task: CutTask,
    outputs: &[PathBuf],
    ports: &Ports<'_>,
) -> Result<T> {
    let work = CutWork {
        release: release.to_owned(),
        task,
    };
    let access = Access {
        read: vec![release.to_owned()],
        write: outputs.to_vec(),
        ..Access::default()
    };
    let listener = ProgressListener(ports.progress);
    let text = job(JobKind::Cut, &work)?;
    let (found, _) = ports.worker.run(text, &access, &listener)?;
    Ok(serde_json::from_value(found)?)
}
