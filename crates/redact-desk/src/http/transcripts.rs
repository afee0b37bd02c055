//! What was said in a recording, as the API returns it.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use redact_core::{PersonalItem, TimeSpan, Transcript, Unclear, Voice, Word};
use serde::Serialize;

use crate::api_error::{ApiError, ApiResult};
use crate::db::reviews as rows;
use crate::domain::spoken::{PersonalClassName, UnclearCauseName};
use crate::domain::viewing::Seen;
use crate::id::Id;
use crate::model::SessionUser;
use crate::service::app::App;
use crate::service::views;

/// What was said.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Transcript"))]
pub(crate) struct TranscriptInfo {
    /// As in ISO 639-1.
    language: String,
    voices: Vec<VoiceInfo>,
}

/// What one signal says.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Voice"))]
pub(crate) struct VoiceInfo {
    /// The sound tracks that carry it, from 0.
    sound_tracks: Vec<usize>,
    /// `[start, end, probability, text]`, times in seconds, ordered by start.
    words: Vec<(f64, f64, f32, String)>,
    unclear: Vec<UnclearInfo>,
    personal: Vec<PersonalInfo>,
}

/// Speech that was not understood.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "UnclearSpeech"))]
pub(crate) struct UnclearInfo {
    start_seconds: f64,
    end_seconds: f64,
    cause: UnclearCauseName,
}

/// Words that are personal data.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "PersonalData"))]
pub(crate) struct PersonalInfo {
    class: PersonalClassName,
    /// Place of the first word in `words`, and how many words.
    first: usize,
    count: usize,
    /// From the start of the first word to the latest end.
    start_seconds: f64,
    end_seconds: f64,
}

#[expect(clippy::cast_precision_loss, reason = "nanoseconds of a recording")]
fn seconds(span: TimeSpan) -> (f64, f64) {
    let second = |nanos: i64| nanos as f64 / 1e9;
    (second(span.start_nanos()), second(span.end_nanos()))
}

impl From<&Transcript> for TranscriptInfo {
    fn from(transcript: &Transcript) -> Self {
        Self {
            language: transcript.language.clone(),
            voices: transcript.voices.iter().map(Into::into).collect(),
        }
    }
}

impl From<&Voice> for VoiceInfo {
    fn from(voice: &Voice) -> Self {
        let word = |word: &Word| {
            let (start, end) = seconds(word.span);
            (start, end, word.probability, word.text.clone())
        };
        let unclear = |part: &Unclear| {
            let (start_seconds, end_seconds) = seconds(part.span);
            UnclearInfo {
                start_seconds,
                end_seconds,
                cause: part.cause.into(),
            }
        };
        let personal = |item: &PersonalItem| {
            let (start_seconds, end_seconds) = seconds(item.span);
            PersonalInfo {
                class: item.class.into(),
                first: item.words.start,
                count: item.words.len(),
                start_seconds,
                end_seconds,
            }
        };
        Self {
            sound_tracks: voice.sound_tracks.clone(),
            words: voice.words.iter().map(word).collect(),
            unclear: voice.unclear.iter().map(unclear).collect(),
            personal: voice.personal.iter().map(personal).collect(),
        }
    }
}

/// `GET /reviews/:id/transcript`. `null` if nothing was transcribed.
pub(crate) async fn show(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<Response> {
    let recording = rows::by_id(&app.db, &id).await?.recording;
    let findings = app.findings(&recording).await?;
    views::note(&app, &who, &recording, Seen::Transcript, 0..0).await?;
    let written = tokio::task::spawn_blocking(move || {
        let said = findings.0.transcript.as_ref();
        serde_json::to_vec(&said.map(TranscriptInfo::from))
    });
    let written = written.await?.map_err(|error| ApiError::internal(&error))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], written).into_response())
}
