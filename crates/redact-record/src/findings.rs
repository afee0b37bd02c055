//! Findings files: what a scan found, as JSON.

use std::path::Path;

use redact_core::{Class, Digest, Findings, ModelUse, TimeSpan, Track};
use serde::{Deserialize, Serialize};

use crate::file::damage::DamageFile;
use crate::file::names::ClassName;
use crate::file::source::SourceFile;
use crate::file::track::{self, BoxRow};
use crate::file::transcript::TranscriptFile;
use crate::json::{self, FileKind, Hex, OneLine, Seconds};
use crate::{RecordError, digest_bytes, store};

const KIND: FileKind = FileKind {
    name: "redact-findings",
    version: 1,
};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FindingsFile {
    file: String,
    format_version: u32,
    source: SourceFile,
    models: Vec<ModelFile>,
    missing: Vec<ClassName>,
    tracks: Vec<TrackFile>,
    speech: Option<Vec<OneLine<SpeechSpanFile>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transcript: Option<TranscriptFile>,
    #[serde(default, skip_serializing_if = "DamageFile::is_empty")]
    damage: DamageFile,
}

/// A model used in a scan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// Name of its card.
    pub name: String,
    /// SHA-256 of the weights, which are needed to repeat the scan.
    pub sha256: Hex,
    /// SPDX identifier of the weights' license.
    pub licence: String,
    /// What it detects; empty for a speech model.
    pub classes: Vec<ClassName>,
    /// Lowest score that was used, 0 to 1.
    pub threshold: f32,
    /// The longer side of its input in pixels; 0 for sound.
    pub input_side: u32,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TrackFile {
    id: u32,
    class: ClassName,
    boxes: Vec<BoxRow>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SpeechSpanFile {
    start_seconds: Seconds,
    end_seconds: Seconds,
}

impl From<&ModelUse> for ModelFile {
    fn from(model: &ModelUse) -> Self {
        Self {
            name: model.name.clone(),
            sha256: Hex(model.digest),
            licence: model.licence.clone(),
            classes: model.classes.iter().map(|&class| class.into()).collect(),
            threshold: model.threshold,
            input_side: model.input_side,
        }
    }
}

impl TryFrom<ModelFile> for ModelUse {
    type Error = RecordError;

    fn try_from(file: ModelFile) -> Result<Self, RecordError> {
        if !(0.0..=1.0).contains(&file.threshold) {
            let field = format!("model {:?}, threshold", file.name);
            return Err(RecordError::field(
                field,
                file.threshold,
                "a number from 0 to 1",
            ));
        }
        Ok(Self {
            name: file.name,
            digest: file.sha256.0,
            licence: file.licence,
            classes: file.classes.into_iter().map(Class::from).collect(),
            threshold: file.threshold,
            input_side: file.input_side,
        })
    }
}

impl From<&Findings> for FindingsFile {
    fn from(findings: &Findings) -> Self {
        let track = |track: &Track| TrackFile {
            id: track.id().0,
            class: track.class().into(),
            boxes: track::rows(track),
        };
        let span = |span: &TimeSpan| {
            OneLine(SpeechSpanFile {
                start_seconds: Seconds(span.start_nanos()),
                end_seconds: Seconds(span.end_nanos()),
            })
        };
        Self {
            file: KIND.name.into(),
            format_version: KIND.version,
            source: (&findings.source).into(),
            models: findings.models.iter().map(Into::into).collect(),
            missing: findings.missing.iter().map(|&class| class.into()).collect(),
            tracks: findings.tracks.iter().map(track).collect(),
            speech: findings
                .speech
                .as_ref()
                .map(|spans| spans.iter().map(span).collect()),
            transcript: findings.transcript.as_ref().map(Into::into),
            damage: (&findings.damage).into(),
        }
    }
}

impl TryFrom<FindingsFile> for Findings {
    type Error = RecordError;

    fn try_from(file: FindingsFile) -> Result<Self, RecordError> {
        let source = redact_core::SourceIdentity::try_from(file.source)?;
        let read = |t: TrackFile| track::track(t.id, t.class.into(), &t.boxes, source.frames);
        let tracks: Vec<Track> = file
            .tracks
            .into_iter()
            .map(read)
            .collect::<Result<_, _>>()?;
        track::check_order(tracks.iter())?;
        let sound_tracks = source.info.audio.len();
        let transcript = file.transcript.map(|said| said.read(sound_tracks));
        Ok(Self {
            models: file
                .models
                .into_iter()
                .map(TryInto::try_into)
                .collect::<Result<_, _>>()?,
            missing: file.missing.into_iter().map(Class::from).collect(),
            tracks,
            speech: file.speech.map(speech).transpose()?,
            transcript: transcript.transpose()?,
            damage: file.damage.try_into()?,
            source,
        })
    }
}

fn speech(spans: Vec<OneLine<SpeechSpanFile>>) -> Result<Vec<TimeSpan>, RecordError> {
    let mut read: Vec<TimeSpan> = Vec::with_capacity(spans.len());
    for (index, OneLine(span)) in spans.into_iter().enumerate() {
        let (start, end) = (span.start_seconds, span.end_seconds);
        let after = read.last().is_none_or(|last| last.end_nanos() <= start.0);
        match TimeSpan::new(start.0, end.0) {
            Some(span) if after => read.push(span),
            _ => {
                return Err(RecordError::field(
                    format!("speech[{index}]"),
                    format!("{start} to {end}"),
                    "a span that starts before it ends and after the previous one",
                ));
            }
        }
    }
    Ok(read)
}

/// Reads a findings file; returns the SHA-256 of its bytes, too.
///
/// # Errors
/// [`RecordError::Read`], [`RecordError::TooLarge`]; [`RecordError::OtherKind`],
/// [`RecordError::NewerVersion`]; [`RecordError::Syntax`] and [`RecordError::Field`] with the
/// place.
pub fn read(path: &Path) -> Result<(Findings, Digest), RecordError> {
    let bytes = store::read(path, json::BYTES_MAX)?;
    Ok((from_bytes(&bytes)?, digest_bytes(&bytes)))
}

/// Parses a findings file.
///
/// # Errors
/// Those of [`read`] for invalid content.
pub fn from_bytes(bytes: &[u8]) -> Result<Findings, RecordError> {
    KIND.check(bytes)?;
    json::parse::<FindingsFile>(bytes)?.try_into()
}

/// The bytes of a findings file.
#[must_use]
pub fn to_bytes(findings: &Findings) -> Vec<u8> {
    json::pretty(&FindingsFile::from(findings))
}

/// The bytes of a findings file, checked by reading them back.
///
/// # Errors
/// [`RecordError::Field`] if they cannot be read back.
pub fn to_checked_bytes(findings: &Findings) -> Result<Vec<u8>, RecordError> {
    let bytes = to_bytes(findings);
    from_bytes(&bytes)?;
    Ok(bytes)
}
