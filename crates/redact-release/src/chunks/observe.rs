//! A task's work in the confined worker: pictures of some frames, or the sound.

use std::path::{Path, PathBuf};

use redact_core::{Conversion, Findings, FrameIndex, Source as _, SourceDiagnostics, Timestamp};
use redact_engine::{DetectorSet, ObservedFrame, ObservedPart, RunSchedule, observe};
use redact_jail::JailError;
use redact_media::{FileSource, OpenOptions};
use redact_record::findings;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::ChunkError;
use super::models::check_models;
use super::pictures::{FrameRow, PicturesOutput, VideoForm, runs};
use super::scan_chunks::{ModelSet, PictureChunk};
use crate::detectors;
use crate::error::{Context as _, Result};
use crate::options::{InputOptions, ModelOptions, TranscriptOptions};
use crate::ports::JobPorts;
use crate::scan::{Observed, ObservedPictures, open_options};

/// What both kinds of tasks need, for the confined worker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TaskBasis {
    pub(super) clip: PathBuf,
    pub(super) models: ModelOptions,
    pub(super) input: InputOptions,
    pub(super) threads: usize,
    pub(super) expected: ModelSet,
}

/// The pictures of a chunk, for the confined worker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PicturesWork {
    pub(super) basis: TaskBasis,
    pub(super) chunk: PictureChunk,
    /// Whether the recording ends with it: then it is read to its end, and more frames than
    /// expected are found out.
    pub(super) is_last: bool,
}

/// The sound of a recording, for the confined worker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SoundWork {
    pub(super) basis: TaskBasis,
    /// Frames of the recording.
    pub(super) frames: u32,
    pub(super) transcript: Option<TranscriptOptions>,
}

impl PicturesWork {
    /// Loads the models, gives up every right but to read the recording, and observes the frames.
    ///
    /// # Errors
    /// When a frame cannot be decoded, a model fails or is another one.
    pub(crate) fn run(
        self,
        seal: impl FnOnce() -> Result<(), JailError>,
        ports: &JobPorts<'_>,
    ) -> Result<Value> {
        let Self {
            basis,
            chunk,
            is_last,
        } = self;
        let clip = basis.clip.as_path();
        let mut detectors = detectors::load(&basis.models, basis.threads)?;
        let expected = ModelSet {
            recognizer: None,
            ..basis.expected
        };
        check_models(&detectors.model_set(false)?, &expected).in_file(&basis.models.folder)?;
        seal()?;
        let options = OpenOptions {
            audio: false,
            require_sound: false,
            ..open_options(&basis.input, basis.threads)
        };
        let mut set = detectors.set;
        set.speech = None;
        let mut part = part_of(&chunk, &set).in_file(clip)?;
        if is_last {
            part.end = None;
        }
        let before = runs(&part.schedule);
        let mut source = FileSource::open(clip, &options).in_file(clip)?;
        if chunk.decode_from.frame > 0 {
            let at = Timestamp::new(chunk.decode_from.ticks);
            source
                .seek_to_key_frame(part.decoded_from, at)
                .in_file(clip)?;
        }
        let video = VideoForm::from(&source.info().video);
        let mut frames: Vec<FrameRow> = Vec::new();
        let mut collect = |frame: ObservedFrame| {
            frames.push((&frame).into());
            Ok(())
        };
        let report = observe(
            Box::new(source),
            &mut set,
            part,
            &mut collect,
            ports.progress,
        );
        let report = report.in_file(clip)?;
        let output = PicturesOutput {
            video,
            conversions: found_while_reading(&report.diagnostics),
            runs: [before, runs(&report.schedule)],
            frames,
        };
        Ok(serde_json::to_value(output)?)
    }
}

/// The chunk's frames, with the schedule of the detectors of `set`.
fn part_of(chunk: &PictureChunk, set: &DetectorSet) -> Result<ObservedPart, ChunkError> {
    let last_run = |every_nanos: i64| {
        let known = chunk
            .last_runs
            .iter()
            .find(|run| run.every_nanos == every_nanos);
        match known {
            Some(run) => Ok((every_nanos, Some(run.at_nanos))),
            None if chunk.start == 0 => Ok((every_nanos, None)),
            None => {
                let expected = format!("one for detectors that run every {every_nanos} ns");
                Err(ChunkError::value("last_runs", "none", expected))
            }
        }
    };
    let last_runs: Result<Vec<_>, ChunkError> = set.intervals().into_iter().map(last_run).collect();
    Ok(ObservedPart {
        decoded_from: FrameIndex::new(chunk.decode_from.frame),
        start: FrameIndex::new(chunk.start),
        end: Some(FrameIndex::new(chunk.end)),
        schedule: RunSchedule::continued(last_runs?),
    })
}

/// What reading found that a recording in chunks must not have. Pictures that are left out are
/// counted over the whole file, and so not here: linking compares numbers and times of all frames.
fn found_while_reading(diagnostics: &SourceDiagnostics) -> Vec<String> {
    let conversions = diagnostics.conversions.iter();
    let others = conversions.filter(|found| !matches!(found, Conversion::LeftOut { .. }));
    let mut texts: Vec<String> = others.map(ToString::to_string).collect();
    if !diagnostics.damage.pictures.is_empty() {
        texts.push("damaged pictures".to_owned());
    }
    texts
}

impl SoundWork {
    /// Loads the models, gives up every right but to read the recording, and detects and
    /// recognizes speech. The result is the text of findings without tracks.
    ///
    /// # Errors
    /// When the sound cannot be read to its end, a model fails or is another one.
    pub(crate) fn run(
        self,
        seal: impl FnOnce() -> Result<(), JailError>,
        ports: &JobPorts<'_>,
    ) -> Result<Value> {
        let basis = &self.basis;
        let clip = basis.clip.as_path();
        let mut detectors = detectors::load(&basis.models, basis.threads)?;
        let found = detectors.model_set(self.transcript.is_some())?;
        check_models(&found, &basis.expected).in_file(&basis.models.folder)?;
        seal()?;
        let options = open_options(&basis.input, basis.threads);
        let source = FileSource::open(clip, &options).in_file(clip)?;
        let mut info = source.info().clone();
        redact_media::check_sound(&info).in_file(clip)?;
        let mut only_speech = DetectorSet {
            detectors: Vec::new(),
            workers: 1,
            motion: None,
            speech: detectors.set.speech,
        };
        let heard = observe(
            Box::new(source.without_pictures()),
            &mut only_speech,
            ObservedPart::whole(&[]),
            &mut |_| Ok(()),
            ports.progress,
        );
        let heard = heard.in_file(clip)?.diagnostics.conversions;
        // Only tracks turn out to be empty; the pictures tell the rest.
        let is_of_sound = |found: &Conversion| matches!(found, Conversion::EmptyTrack { .. });
        info.conversions
            .extend(heard.into_iter().filter(is_of_sound));
        let speech = only_speech.speech.as_mut().map(|speech| speech.finish());
        let speech = speech
            .transpose()
            .map_err(redact_engine::ScanError::from)
            .in_file(clip)?;
        let observed = Observed {
            clip,
            input: &basis.input,
            threads: basis.threads,
            transcript: self.transcript.as_ref(),
            recognizer: detectors.recognizer,
            models: detectors.models,
            missing: detectors.missing,
            info,
            speech,
        };
        let pictures = ObservedPictures {
            frames: self.frames,
            ..ObservedPictures::default()
        };
        let found = observed.findings(pictures, ports.progress)?;
        text_of(&found, clip)
    }
}

/// The text of findings, checked.
fn text_of(found: &Findings, clip: &Path) -> Result<Value> {
    let bytes = findings::to_checked_bytes(found).in_file(clip)?;
    Ok(String::from_utf8_lossy(&bytes).into())
}
