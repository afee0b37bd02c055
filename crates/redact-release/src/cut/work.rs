//! Reading and cutting a release, in the confined worker.

use std::path::{Path, PathBuf};

use redact_core::{Digest, FrameIndex, FrameSpan, StreamSummary, Timestamp};
use redact_engine::Expected;
use redact_jail::JailError;
use redact_media::{EncodeOptions, FileSource, OpenOptions, PartSound, Preset, ReleasePackets};
use redact_record::manifest::{CheckResult, FrameClock, Hex, PartSoundFacts, StreamFile};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::layout::GopRow;
use crate::check::leaks;
use crate::error::{Context as _, Result, WorkerError};
use crate::ports::JobPorts;

/// Work on a release that is cut, for the confined worker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CutWork {
    pub(super) release: PathBuf,
    pub(super) task: CutTask,
}

/// What is done with it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum CutTask {
    /// Its GOPs are listed.
    Index,
    /// These frames of it are written to these files, which are there.
    Write(Vec<(SpanForm, PathBuf)>),
}

/// A span of frames in a job.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct SpanForm(u32, u32);

impl From<FrameSpan> for SpanForm {
    fn from(span: FrameSpan) -> Self {
        Self(span.start().get(), span.end().get())
    }
}

impl SpanForm {
    fn span(self) -> Result<FrameSpan> {
        let span = FrameSpan::new(FrameIndex::new(self.0), FrameIndex::new(self.1));
        Ok(span.ok_or(WorkerError::InvalidResult)?)
    }
}

/// The GOPs of a release, and when its frames are shown.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Index {
    pub(super) gops: Vec<GopRow>,
    /// Time of each frame, ticks.
    ticks: Vec<i64>,
    /// When the last frame ends, ticks.
    end: i64,
    pub(super) seconds_per_tick: (u32, u32),
}

impl Index {
    fn of(packets: &ReleasePackets) -> Self {
        let gops = packets.gops().into_iter().map(|gop| {
            let sound = packets.sound(gop.frames);
            let sound_bytes: u64 = sound.iter().map(|sound| sound.bytes).sum();
            let sound_packets: usize = sound.iter().map(|sound| sound.packets.len()).sum();
            GopRow {
                frames: (gop.frames.start().get(), gop.frames.end().get()),
                bytes: gop.bytes.saturating_add(sound_bytes),
                sound_packets: sound_packets as u64,
                digest: Hex(gop.digest),
            }
        });
        let base = packets.info().video.time_base;
        let (ticks, end) = packets.ticks();
        Self {
            gops: gops.collect(),
            ticks: ticks.to_vec(),
            end,
            seconds_per_tick: (base.num.get(), base.den.get()),
        }
    }

    pub(super) fn gops(&self) -> Result<Vec<(FrameSpan, Digest)>> {
        let gops = self.gops.iter().map(|gop| {
            let span = SpanForm(gop.frames.0, gop.frames.1).span()?;
            Ok((span, gop.digest.0))
        });
        gops.collect()
    }

    /// When each frame of the release is shown.
    pub(super) fn clock(&self) -> FrameClock {
        let mut clock = FrameClock::default();
        for (at, &ticks) in self.ticks.iter().enumerate() {
            let next = self.ticks.get(at + 1).copied().unwrap_or(self.end);
            clock.push(Timestamp::new(ticks), next.saturating_sub(ticks));
        }
        clock
    }
}

/// A part that was written.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Written {
    pub(super) container: String,
    streams: Vec<StreamFile>,
    pub(super) sound: Vec<SoundRow>,
    leaks: Vec<(String, bool, String)>,
}

/// One of its sound tracks.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SoundRow {
    track: u32,
    packets: (u64, u64),
    rate_hz: u32,
    samples: (i64, i64),
    digest: Hex,
}

impl From<&SoundRow> for PartSoundFacts {
    fn from(row: &SoundRow) -> Self {
        Self {
            track: row.track,
            packets: row.packets,
            rate_hz: row.rate_hz,
            samples: row.samples,
            digest: row.digest.0,
        }
    }
}

impl Written {
    pub(super) fn streams(&self) -> Vec<StreamSummary> {
        self.streams.iter().cloned().map(Into::into).collect()
    }

    pub(super) fn leaks(&self) -> Vec<CheckResult> {
        let check = |(name, passed, evidence): &(String, bool, String)| CheckResult {
            name: name.clone(),
            passed: *passed,
            evidence: evidence.clone(),
        };
        self.leaks.iter().map(check).collect()
    }
}

impl CutWork {
    /// Gives up every right but to read the release and to write its parts, and does the task.
    ///
    /// # Errors
    /// The first cause; what was written is then no part.
    pub(crate) fn run(
        self,
        seal: impl FnOnce() -> Result<(), JailError>,
        ports: &JobPorts<'_>,
    ) -> Result<Value> {
        seal()?;
        let packets = ReleasePackets::read(&self.release).in_file(&self.release)?;
        match &self.task {
            CutTask::Index => Ok(serde_json::to_value(Index::of(&packets))?),
            CutTask::Write(parts) => {
                let mut written = Vec::with_capacity(parts.len());
                let total = parts
                    .iter()
                    .map(|(span, _)| u64::from(span.1 - span.0))
                    .sum();
                for (span, path) in parts {
                    let done = u64::from(span.0);
                    let phase = redact_core::Phase::Render;
                    if ports.progress.advance(phase, done, Some(total)).is_break() {
                        return Err(crate::ReleaseError::Cancelled);
                    }
                    written.push(self.write(&packets, span.span()?, path)?);
                }
                Ok(serde_json::to_value(written)?)
            }
        }
    }

    fn write(&self, packets: &ReleasePackets, frames: FrameSpan, path: &Path) -> Result<Written> {
        // Nothing is encoded, but the form of the streams is that of an encoder's.
        let options = EncodeOptions {
            preset: Preset::Ultrafast,
            threads: 1,
            ..EncodeOptions::default()
        };
        let digests = packets.write(&self.release, frames, path, &options);
        let digests = digests.in_file(&self.release)?;
        let sound = packets.sound(frames);
        let row = |(sound, digest): (&PartSound, Digest)| SoundRow {
            track: u32::try_from(sound.track).unwrap_or(u32::MAX),
            packets: (sound.packets.start as u64, sound.packets.end as u64),
            rate_hz: packets.info().audio[sound.track].rate_hz,
            samples: (sound.samples.start, sound.samples.end),
            digest: Hex(digest),
        };
        let rows: Vec<SoundRow> = sound.iter().zip(digests).map(row).collect();
        let expected = Expected {
            frames: frames.frames(),
            audio_tracks: sound.len(),
        };
        let leaks = leaks(path, &expected, &[])?.into_iter();
        let leaks = leaks.map(|check| (check.name.to_owned(), check.passed, check.evidence));
        let source = FileSource::open(path, &OpenOptions::default()).in_file(path)?;
        let info = redact_core::Source::info(&source);
        Ok(Written {
            container: info.container.clone(),
            streams: info.streams.iter().map(Into::into).collect(),
            sound: rows,
            leaks: leaks.collect(),
        })
    }
}
