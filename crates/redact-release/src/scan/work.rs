//! A scan, in the confined worker.

use std::path::PathBuf;

use redact_core::{
    Class, Digest, Findings, ModelUse, PlanError, Progress, Source as _, SourceIdentity,
    SpeechByTrack, TimeSpan, Transcript,
};
use redact_jail::JailError;
use redact_media::{FileSource, OpenOptions};
use redact_record::findings;
use redact_record::manifest::ClassName;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::chunks::{ModelSet, check_models};
use crate::detectors::{self, LoadedRecognizer};
use crate::error::{Context as _, Result};
use crate::options::{InputOptions, ModelOptions, TranscriptOptions};
use crate::ports::JobPorts;
use crate::transcribe::{SpeechJob, transcribe};

/// A scan, for the confined worker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ScanWork {
    pub(super) clip: PathBuf,
    pub(super) models: ModelOptions,
    pub(super) input: InputOptions,
    pub(super) threads: usize,
    pub(super) transcript: Option<TranscriptOptions>,
    pub(super) acknowledged: Option<Vec<ClassName>>,
    pub(super) expected: Option<ModelSet>,
}

impl ScanWork {
    /// Loads the models, gives up every right but to read the recording, and scans it. The findings
    /// are without the recording's digest.
    ///
    /// # Errors
    /// When the recording cannot be read to its end, a model fails, or no detector runs for a class
    /// that is not acknowledged.
    pub(crate) fn run(
        self,
        seal: impl FnOnce() -> Result<(), JailError>,
        ports: &JobPorts<'_>,
    ) -> Result<Value> {
        let clip = self.clip.as_path();
        let mut detectors = detectors::load(&self.models, self.threads)?;
        if let Some(acknowledged) = &self.acknowledged {
            check_acknowledged(&detectors.missing, acknowledged).in_file(clip)?;
        }
        if let Some(expected) = &self.expected {
            let found = detectors.model_set(self.transcript.is_some())?;
            check_models(&found, expected).in_file(&self.models.folder)?;
        }
        seal()?;
        let options = open_options(&self.input, self.threads);
        let source = FileSource::open(clip, &options).in_file(clip)?;
        let mut info = source.info().clone();
        // Nobody should review what cannot be released.
        redact_media::check_sound(&info).in_file(clip)?;
        let (set, options) = (detectors.set, &detectors.options);
        let report =
            redact_engine::scan(Box::new(source), set, options, ports.progress).in_file(clip)?;
        info.conversions.extend(report.diagnostics.conversions);
        let mut models = detectors.models;
        let transcript = match (&self.transcript, &report.speech) {
            (Some(options), Some(speech)) => {
                let job = SpeechJob {
                    clip,
                    input: &self.input,
                    threads: self.threads,
                    options,
                };
                let recognizer = detectors.recognizer;
                add_transcript(&job, speech, recognizer, &mut models, ports.progress)?
            }
            _ => None,
        };
        let found = Findings {
            source: SourceIdentity {
                digest: Digest([0; 32]),
                bytes: 0,
                frames: report.frames,
                duration_ticks: report.duration_ticks,
                info,
            },
            models,
            missing: detectors.missing,
            tracks: report.tracks,
            speech: report
                .speech
                .map(|by_track| TimeSpan::merged(by_track.into_values().flatten().collect(), 0)),
            transcript,
            damage: report.diagnostics.damage,
        };
        Ok(String::from_utf8_lossy(&findings::to_bytes(&found)).into())
    }
}

/// How a scan opens a recording, here or in chunks.
pub(crate) fn open_options(input: &InputOptions, threads: usize) -> OpenOptions {
    OpenOptions {
        // Also where no speech detector runs: the tracks that a release will have are counted.
        audio: true,
        threads,
        damaged: input.damaged,
        require_sound: !input.accept_lost_sound,
        settings: input.settings,
    }
}

/// The words that were said, if a recognizer is installed; the model is added to `models` if it
/// was used.
///
/// # Errors
/// When the recording cannot be read to its end, or the recognizer fails.
pub(crate) fn add_transcript(
    job: &SpeechJob<'_>,
    speech: &SpeechByTrack,
    recognizer: Option<LoadedRecognizer>,
    models: &mut Vec<ModelUse>,
    progress: &dyn Progress,
) -> Result<Option<Transcript>> {
    let Some(recognizer) = recognizer else {
        return Ok(None);
    };
    let (transcript, model) = transcribe(job, speech, recognizer, progress)?;
    models.extend(model);
    Ok(Some(transcript))
}

/// Checks that a person accepted every class that no detector runs for.
///
/// # Errors
/// [`PlanError::Unacknowledged`] with the first other one.
pub(crate) fn check_acknowledged(
    missing: &[Class],
    acknowledged: &[ClassName],
) -> Result<(), PlanError> {
    let is_open = |class: &&Class| !acknowledged.contains(&(**class).into());
    match missing.iter().find(is_open) {
        Some(&class) => Err(PlanError::Unacknowledged { class }),
        None => Ok(()),
    }
}
