//! How a scan is divided.

use redact_core::ModelUse;
use redact_record::manifest::Hex;
use serde::{Deserialize, Serialize};

use super::error::ChunkError;
use crate::options::{Profile, TranscriptOptions};

/// A scan, divided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScanChunks {
    /// Which detectors run, at which size and how often.
    pub profile: Profile,
    /// The models that run.
    pub models: ModelSet,
    /// How speech is transcribed; none if it is not.
    pub transcript: Option<TranscriptOptions>,
    /// The tasks.
    pub division: Division,
}

/// The models that every machine must have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSet {
    /// Those that detect objects and speech, in the order of the findings.
    pub detectors: Vec<ChunkModel>,
    /// The one that recognizes words, if one is installed and a transcript is made.
    pub recognizer: Option<ChunkModel>,
}

/// A model and its weights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChunkModel {
    /// Name of its card.
    pub name: String,
    /// SHA-256 of its weights.
    pub sha256: Hex,
}

impl From<&ModelUse> for ChunkModel {
    fn from(model: &ModelUse) -> Self {
        Self {
            name: model.name.clone(),
            sha256: Hex(model.digest),
        }
    }
}

impl std::fmt::Display for ChunkModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.name, self.sha256.0)
    }
}

/// The tasks of a scan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Division {
    /// One task scans the whole recording.
    Whole(WholeScan),
    /// Pictures in chunks, each a task, and the sound as the last task.
    Parts(ScanParts),
}

/// A scan that is one task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WholeScan {
    /// Why it is not divided.
    pub reason: String,
}

/// A scan that is divided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScanParts {
    /// Frames of the recording.
    pub frames: u32,
    /// The chunks of its pictures, one behind the other.
    pub pictures: Vec<PictureChunk>,
}

/// A run of frames.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PictureChunk {
    /// First frame.
    pub start: u32,
    /// First frame after.
    pub end: u32,
    /// The key frame where decoding begins: a GOP before `start`, so that the frame before it is
    /// there to compare with, or the recording's first frame.
    pub decode_from: FrameTime,
    /// When detectors ran last before `start`, by how often they run; empty before the first frame.
    pub last_runs: Vec<LastRun>,
}

/// A frame and its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrameTime {
    /// The frame.
    pub frame: u32,
    /// Its time in ticks of the video's time base.
    pub ticks: i64,
}

/// When the detectors of one interval ran last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LastRun {
    /// Least time from one run to the next, nanoseconds.
    pub every_nanos: i64,
    /// Time of the last run, nanoseconds since the recording's zero.
    pub at_nanos: i64,
}

/// A task of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanTask<'a> {
    /// The whole scan.
    Whole,
    /// Detections and camera motion of some frames.
    Pictures {
        /// The frames.
        chunk: &'a PictureChunk,
        /// Whether the recording ends with them.
        is_last: bool,
    },
    /// Speech and words.
    Sound(&'a ScanParts),
}

impl ScanChunks {
    /// Number of tasks.
    #[must_use]
    pub fn tasks(&self) -> u32 {
        match &self.division {
            Division::Whole(_) => 1,
            // Bounded where it is read and made.
            Division::Parts(parts) => u32::try_from(parts.pictures.len() + 1).unwrap_or(u32::MAX),
        }
    }

    /// What a task is; `None` if there is no such task.
    #[must_use]
    pub fn task(&self, task: u32) -> Option<ScanTask<'_>> {
        match &self.division {
            Division::Whole(_) => (task == 0).then_some(ScanTask::Whole),
            Division::Parts(parts) => match parts.pictures.get(task as usize) {
                Some(chunk) => Some(ScanTask::Pictures {
                    chunk,
                    is_last: chunk.end == parts.frames,
                }),
                None => (task as usize == parts.pictures.len()).then_some(ScanTask::Sound(parts)),
            },
        }
    }

    /// Checks what the types leave open.
    ///
    /// # Errors
    /// The first value that cannot be.
    pub(super) fn check(&self) -> Result<(), ChunkError> {
        match &self.division {
            Division::Whole(_) => Ok(()),
            Division::Parts(parts) => parts.check(),
        }
    }
}

impl ScanParts {
    fn check(&self) -> Result<(), ChunkError> {
        let mut before = 0;
        let intervals = |chunk: &PictureChunk| -> Vec<i64> {
            chunk.last_runs.iter().map(|run| run.every_nanos).collect()
        };
        for (task, chunk) in self.pictures.iter().enumerate() {
            let field = |name: &str| format!("chunk {task}, {name}");
            if chunk.start != before {
                let expected = format!("{before}, where the chunk before it ends");
                return Err(ChunkError::value(field("start"), chunk.start, expected));
            }
            if chunk.end <= chunk.start || chunk.end > self.frames {
                let expected = format!("{} to {}", chunk.start.saturating_add(1), self.frames);
                return Err(ChunkError::value(field("end"), chunk.end, expected));
            }
            let from = chunk.decode_from.frame;
            if from > chunk.start.saturating_sub(1) {
                let expected = "a frame before the chunk's first one";
                return Err(ChunkError::value(field("decode_from"), from, expected));
            }
            let order = intervals(chunk).windows(2).all(|pair| pair[0] < pair[1]);
            if !order || task == 0 && !chunk.last_runs.is_empty() {
                let found = chunk.last_runs.len();
                let expected = "none for the first chunk, for others one for each interval, sorted";
                return Err(ChunkError::value(field("last_runs"), found, expected));
            }
            before = chunk.end;
        }
        if before != self.frames || self.frames == 0 {
            let expected = format!("{before}, where the last chunk ends, and not 0");
            return Err(ChunkError::value("frames", self.frames, expected));
        }
        Ok(())
    }
}
