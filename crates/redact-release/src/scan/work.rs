//! A scan, in the confined worker.

use std::path::PathBuf;

use redact_core::{Class, Digest, Findings, PlanError, Source as _, SourceIdentity, TimeSpan};
use redact_jail::JailError;
use redact_media::{FileSource, OpenOptions};
use redact_record::findings;
use redact_record::manifest::ClassName;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::chunks::{ChunkModel, check_models};
use crate::detectors;
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
    pub(super) expected: Option<Vec<ChunkModel>>,
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
            let found = detectors.all_models(self.transcript.is_some())?;
            check_models(&found, expected).in_file(&self.models.folder)?;
        }
        seal()?;
        let options = OpenOptions {
            // Also where no speech detector runs: the tracks that a release will have are counted.
            audio: true,
            threads: self.threads,
            damaged: self.input.damaged,
            require_sound: !self.input.accept_lost_sound,
            settings: self.input.settings,
        };
        let source = FileSource::open(clip, &options).in_file(clip)?;
        let mut info = source.info().clone();
        // Nobody should review what cannot be released.
        redact_media::check_sound(&info).in_file(clip)?;
        let (set, options) = (detectors.set, &detectors.options);
        let report =
            redact_engine::scan(Box::new(source), set, options, ports.progress).in_file(clip)?;
        info.conversions.extend(report.diagnostics.conversions);
        let mut models = detectors.models;
        let transcript = match (detectors.recognizer, &self.transcript, &report.speech) {
            (Some(recognizer), Some(options), Some(speech)) => {
                let job = SpeechJob {
                    clip,
                    input: &self.input,
                    threads: self.threads,
                    options,
                };
                let (transcript, model) = transcribe(&job, speech, recognizer, ports.progress)?;
                models.extend(model);
                Some(transcript)
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
