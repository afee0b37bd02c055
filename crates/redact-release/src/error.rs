//! Why a release could not be made or checked.

mod remedy;
mod worker;

use std::path::{Path, PathBuf};

use redact_bitstream::leak::LeakError;
use redact_check::package::ContainerError;
use redact_core::error::with_causes;
use redact_core::{Digest, PlanError, SinkError, SourceError};
use redact_engine::{
    AuditError, CompareError, LevelsError, RenderError, ScanError, TranscribeError,
};
use redact_jail::JailError;
use redact_media::CutError;
use redact_record::RecordError;
use redact_vision::{CardError, VisionError};

use crate::chunks::ChunkError;
use crate::chunks::render::SegmentError;
use crate::package::PackageError;
pub use remedy::Remedy;
pub use worker::{JobFailure, WorkerError};

/// A result of this crate.
pub(crate) type Result<T, E = ReleaseError> = std::result::Result<T, E>;

/// Why a recording could not be scanned, or a release not be approved, made or verified.
///
/// [`ReleaseError::File`] and [`ReleaseError::During`] say where it happened;
/// [`ReleaseError::cause`] is what happened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReleaseError {
    /// It concerns this file or folder.
    #[error("{}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What happened.
        #[source]
        source: Box<ReleaseError>,
    },
    /// It happened during this step.
    #[error("{what}")]
    During {
        /// What failed.
        what: String,
        /// Why.
        #[source]
        source: Box<ReleaseError>,
    },
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// A folder was named where a recording or a release is needed.
    #[error("is a directory, not a file")]
    IsFolder,
    /// A pipe or a device was named where a file is needed.
    #[error("is a pipe or a device, not a file")]
    NotAFile,
    /// The output is there, and it was not asked to replace it.
    #[error("exists already")]
    Exists,
    /// The output is one of the inputs.
    #[error("the output would replace an input; choose another name")]
    ReplacesInput,
    /// The output's name leaves no room for the names of partial files.
    #[error("the name of the output is too long: {length} bytes; at most {max} are allowed")]
    NameTooLong {
        /// Bytes of the name.
        length: usize,
        /// Bytes that it may have.
        max: usize,
    },
    /// The folder for the output is not there.
    #[error("no such folder")]
    NoFolder,
    /// No file was named that is to be written.
    #[error("no output files given")]
    NoOutputs,
    /// Another process is writing the same output.
    #[error("another process is writing this file")]
    Busy,
    /// Something else has the name of a partial file.
    #[error("{name} is in the way: it is not a file of this program")]
    InTheWay {
        /// The name.
        name: String,
    },
    /// Models are installed, and the library that runs them is not.
    #[error("no ONNX Runtime library found")]
    NoRuntime,
    /// Findings alone decide nothing.
    #[error("no policy given; findings can be approved only with a policy")]
    NoPolicy,
    /// The policy mutes personal data, and nobody knows what was said.
    #[error("policy {policy:?} mutes personal data in speech, and the findings have no transcript")]
    Untranscribed {
        /// The policy's name.
        policy: String,
    },
    /// A transcript was asked for, and no model that could make one is installed.
    #[error("no model that recognizes words is installed")]
    NoRecognizer,
    /// The findings of a plan are not beside it.
    #[error(
        "cannot check the plan against its findings: {file} does not exist; the file with SHA-256 \
         {digest} is needed"
    )]
    NoFindings {
        /// Where they were expected.
        file: String,
        /// SHA-256 of the findings.
        digest: Digest,
    },
    /// Captions were asked for, and nothing was transcribed.
    #[error("the plan has no transcript, and captions are made of one")]
    NoTranscript,
    /// The manifest of a release names no captions.
    #[error("the release has no captions, and a transcript is made of them")]
    NoCaptions,
    /// The event log cannot be written.
    #[error("cannot write the event log")]
    EventLog(#[source] RecordError),
    /// No installed model detects anything in pictures.
    #[error("no detector is installed; at least one is needed")]
    NoDetectors,
    /// The plan describes another recording than the one with its SHA-256.
    #[error("wrong plan for this recording: {what}: found {found}; the plan says {expected}")]
    WrongSource {
        /// The property.
        what: &'static str,
        /// What the plan describes.
        expected: String,
        /// What the recording has.
        found: String,
    },
    /// The requested excerpt is not one of the recording.
    #[error("invalid excerpt: {what}")]
    InvalidExcerpt {
        /// What is wrong, and what is needed.
        what: String,
    },
    /// A release that is to be cut is a part already.
    #[error("the file is part {number} of {count} of a release; only a whole release can be cut")]
    AlreadyPart {
        /// Its number.
        number: u32,
        /// Number of parts.
        count: u32,
    },
    /// Frames that cannot be separated are larger than a part may be.
    #[error(
        "cannot cut the release: frames {start} to {end} are one GOP and need a part of {needed} \
         bytes; the limit is {limit}"
    )]
    GopTooLarge {
        /// First frame.
        start: u32,
        /// First frame after.
        end: u32,
        /// Bytes that a part with them may have.
        needed: u64,
        /// The limit.
        limit: u64,
    },
    /// A part with its records became larger than it may be.
    #[error("part {number} has {bytes} bytes with its records; the limit is {limit}")]
    PartTooLarge {
        /// Its number.
        number: u32,
        /// Its bytes.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// There is not one output for each part.
    #[error("found {found} output files; {expected} are needed, one for each part")]
    OutputCount {
        /// Outputs given.
        found: usize,
        /// Parts.
        expected: usize,
    },
    /// A check of the written file failed.
    #[error("the written file failed its audit and was discarded: {check}")]
    AuditFailed {
        /// The check and its evidence.
        check: String,
    },
    /// The detectors still find something in the written file.
    #[error(
        "the second look found {count} objects that are neither hidden nor kept by a decision: \
         {first}"
    )]
    Detected {
        /// How many.
        count: usize,
        /// The first few, with their frames.
        first: String,
    },
    /// The manifest of the release that is replaced is signed with another key.
    #[error("signed with a key that is not trusted here")]
    UntrustedManifest,
    /// A report has another ending than the forms there are.
    #[error("unknown report format {ending:?}; use .pdf, .html or .json")]
    ReportEnding {
        /// The ending, without its dot.
        ending: String,
    },
    /// The system refused to read or write.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A record cannot be read, written, approved or trusted.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The plan may not be carried out.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The recording or the release cannot be decoded.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The release cannot be encoded.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// The scan stopped.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// A transcription failed.
    #[error(transparent)]
    Transcribe(#[from] TranscribeError),
    /// The levels of blurred masks could not be taken.
    #[error(transparent)]
    Levels(#[from] LevelsError),
    /// The render stopped.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The audit stopped.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The comparison with the recording stopped.
    #[error(transparent)]
    Compare(#[from] CompareError),
    /// The leak scan stopped.
    #[error(transparent)]
    Leaks(#[from] LeakError),
    /// The release could not be cut.
    #[error(transparent)]
    Cut(#[from] CutError),
    /// A model card cannot be used.
    #[error(transparent)]
    Card(#[from] CardError),
    /// A model or its runtime cannot be used.
    #[error(transparent)]
    Vision(#[from] VisionError),
    /// The confined worker gave no result.
    #[error(transparent)]
    Worker(#[from] WorkerError),
    /// The worker could not be confined.
    #[error(transparent)]
    Jail(#[from] JailError),
    /// The segments of workers cannot be used.
    #[error(transparent)]
    Segment(#[from] SegmentError),
    /// A package could not be made.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// A package cannot be read.
    #[error(transparent)]
    Container(#[from] ContainerError),
    /// A recording was written to while it was read.
    #[error("the recording changed while it was read")]
    Changed,
    /// A chunk plan or a chunk cannot be used.
    #[error(transparent)]
    Chunk(#[from] ChunkError),
    /// A job or its result cannot be written as JSON, or read.
    #[error("invalid job or result")]
    Json(#[from] serde_json::Error),
}

impl ReleaseError {
    /// What happened, without where.
    #[must_use]
    pub fn cause(&self) -> &Self {
        match self {
            Self::File { source, .. } | Self::During { source, .. } => source.cause(),
            cause => cause,
        }
    }

    /// Why the plan may not be carried out, if that is the cause.
    #[must_use]
    pub fn plan_error(&self) -> Option<&PlanError> {
        match self.cause() {
            Self::Plan(error) | Self::Record(RecordError::Plan(error)) => Some(error),
            _ => None,
        }
    }

    /// Why a recording or a release cannot be decoded, if that is the cause.
    #[must_use]
    pub fn source_error(&self) -> Option<&SourceError> {
        match self.cause() {
            Self::Source(error)
            | Self::Scan(ScanError::Source(error))
            | Self::Transcribe(TranscribeError::Source(error))
            | Self::Cut(CutError::Source(error))
            | Self::Levels(LevelsError::Source(error))
            | Self::Render(RenderError::Source(error) | RenderError::Readback(error))
            | Self::Audit(AuditError::Source(error))
            | Self::Compare(CompareError::Source(error) | CompareError::Release(error)) => {
                Some(error)
            }
            _ => None,
        }
    }

    /// Whether a person asked to stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        match self.cause() {
            Self::Cancelled
            | Self::Record(RecordError::Cancelled)
            | Self::Scan(ScanError::Cancelled)
            | Self::Transcribe(TranscribeError::Cancelled)
            | Self::Levels(LevelsError::Cancelled)
            | Self::Render(RenderError::Cancelled)
            | Self::Audit(AuditError::Cancelled)
            | Self::Compare(CompareError::Cancelled)
            | Self::Worker(WorkerError::Cancelled) => true,
            Self::Worker(WorkerError::Failed(failure)) => failure.is_cancelled,
            _ => false,
        }
    }

    /// Whether a rule forbids what was asked, as against something that went wrong.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self.cause() {
            Self::Plan(_) => true,
            Self::Record(error) => is_refused_record(error),
            Self::Worker(WorkerError::Failed(failure)) => failure.is_refused,
            _ => false,
        }
    }

    /// What a person can do about a recording that cannot be read.
    #[must_use]
    pub fn remedy(&self) -> Option<Remedy> {
        match self.cause() {
            Self::Worker(WorkerError::Failed(failure)) => failure.remedy,
            _ => self.source_error().and_then(Remedy::of),
        }
    }

    /// The error and its causes on one line.
    #[must_use]
    pub fn text(&self) -> String {
        with_causes(self)
    }
}

/// Whether a rule forbids what was asked of a record.
#[must_use]
pub const fn is_refused_record(error: &RecordError) -> bool {
    matches!(
        error,
        RecordError::ChangedAfterApproval { .. }
            | RecordError::CheckFailed { .. }
            | RecordError::Mismatch { .. }
            | RecordError::NoPerson { .. }
            | RecordError::Plan(_)
            | RecordError::SamePerson { .. }
            | RecordError::Signature(_)
            | RecordError::Uncovered { .. }
            | RecordError::Unsigned { .. }
            | RecordError::WeakerThanPolicy { .. }
            | RecordError::WeakEffect { .. }
    )
}

/// Says where an error happened.
pub(crate) trait Context<T> {
    /// Names the file or folder.
    ///
    /// # Errors
    /// The error, with the name.
    fn in_file(self, path: &Path) -> Result<T>;

    /// Names the step.
    ///
    /// # Errors
    /// The error, with the step.
    fn during(self, what: &str) -> Result<T>;
}

impl<T, E: Into<ReleaseError>> Context<T> for Result<T, E> {
    fn in_file(self, path: &Path) -> Result<T> {
        self.map_err(|error| ReleaseError::File {
            path: path.to_owned(),
            source: Box::new(error.into()),
        })
    }

    fn during(self, what: &str) -> Result<T> {
        self.map_err(|error| ReleaseError::During {
            what: what.to_owned(),
            source: Box::new(error.into()),
        })
    }
}
