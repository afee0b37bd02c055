//! A transcription, in the confined worker.

use std::path::{Path, PathBuf};

use redact_core::{ModelUse, Progress, SpeechByTrack, TimeSpan, Transcript};
use redact_jail::JailError;
use redact_media::{FileSource, OpenOptions};
use redact_record::findings;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::detectors::{self, LoadedRecognizer};
use crate::error::{Context as _, ReleaseError, Result};
use crate::options::{InputOptions, ModelOptions, TranscriptOptions};
use crate::ports::JobPorts;

/// A transcription, for the confined worker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TranscriptWork {
    pub(super) clip: PathBuf,
    /// The text of the findings.
    pub(super) findings: String,
    pub(super) models: ModelOptions,
    pub(super) input: InputOptions,
    pub(super) threads: usize,
    pub(super) options: TranscriptOptions,
}

impl TranscriptWork {
    /// Loads the models, gives up every right but to read the recording, and transcribes it. The
    /// result is the text of the findings with the transcript.
    ///
    /// # Errors
    /// When the recording cannot be read to its end, a model is missing or fails.
    pub(crate) fn run(
        self,
        seal: impl FnOnce() -> Result<(), JailError>,
        ports: &JobPorts<'_>,
    ) -> Result<Value> {
        let clip = self.clip.as_path();
        let mut found = findings::from_bytes(self.findings.as_bytes()).in_file(clip)?;
        let ears = detectors::load_ears(&self.models, self.threads)?;
        let (mut speech, recognizer) = ears.ok_or(ReleaseError::NoRecognizer)?;
        seal()?;
        let source = sound_of(clip, &self.input, self.threads)?;
        let spoken = redact_engine::find_speech(Box::new(source), &mut speech, ports.progress);
        let spoken = spoken.in_file(clip)?;
        let job = SpeechJob {
            clip,
            input: &self.input,
            threads: self.threads,
            options: &self.options,
        };
        let (transcript, model) = transcribe(&job, &spoken, recognizer, ports.progress)?;
        found.transcript = Some(transcript);
        // Another version of the model may hear other speech: what either heard counts.
        let known = found.speech.take().unwrap_or_default();
        let heard = spoken.into_values().flatten();
        found.speech = Some(TimeSpan::merged(
            known.into_iter().chain(heard).collect(),
            0,
        ));
        for model in std::iter::once(speech.model_use()).chain(model) {
            found.models.retain(|known| known.name != model.name);
            found.models.push(model);
        }
        Ok(String::from_utf8_lossy(&findings::to_bytes(&found)).into())
    }
}

/// How the sound of a recording is read and transcribed.
pub(crate) struct SpeechJob<'a> {
    pub(crate) clip: &'a Path,
    pub(crate) input: &'a InputOptions,
    pub(crate) threads: usize,
    pub(crate) options: &'a TranscriptOptions,
}

/// Transcribes the speech of a recording and finds the personal data in it. Without speech, nothing
/// is read. Gives the model, too, if it was used.
///
/// # Errors
/// When the recording cannot be read to its end, or the recognizer fails.
pub(crate) fn transcribe(
    job: &SpeechJob<'_>,
    speech: &SpeechByTrack,
    recognizer: LoadedRecognizer,
    progress: &dyn Progress,
) -> Result<(Transcript, Option<ModelUse>)> {
    let language = &job.options.language;
    if speech.values().all(Vec::is_empty) {
        let language = language.clone();
        let voices = Vec::new();
        return Ok((Transcript { language, voices }, None));
    }
    let source = Box::new(sound_of(job.clip, job.input, job.threads)?);
    let mut recognizer = recognizer.start()?;
    let heard = redact_engine::transcribe(source, speech, &mut recognizer, language, progress);
    let mut transcript = heard.in_file(job.clip)?;
    for voice in &mut transcript.voices {
        voice.personal = redact_speech::personal_items(&voice.words);
    }
    Ok((transcript, Some(recognizer.model_use())))
}

/// The sound of a recording.
fn sound_of(clip: &Path, input: &InputOptions, threads: usize) -> Result<FileSource> {
    let options = OpenOptions {
        audio: true,
        threads,
        damaged: input.damaged,
        require_sound: false,
        settings: input.settings,
    };
    let source = FileSource::open(clip, &options).in_file(clip)?;
    Ok(source.without_pictures())
}
