//! The transcription job: the speech of a recording becomes words.
//!
//! Speech comes in the spans that the speech detector found, which are joined to stretches that the
//! recognizer takes at once. For each stretch, the channels of all sound tracks are grouped by what
//! they carry, and every group is recognized once. What the recognizer did not understand, or has
//! no words for, is reported as unclear.
//!
//! Memory: the sound of one stretch on all tracks, and what a track is ahead of the others.

mod buffer;
mod clarity;
mod signals;
mod stretch;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::thread;

use redact_core::{
    DetectError, MediaItem, Phase, Progress, Recognition, Source, SourceError, SpeechByTrack,
    SpeechDetector, SpeechRecognizer, TimeSpan, Transcript, Unclear, Voice, Word,
};

use crate::decode;
use crate::queue::Receiver;
use buffer::TrackBuffer;
use signals::Signal;
use stretch::stretches;

/// Why a transcription stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TranscribeError {
    /// The recording could not be read to its end.
    #[error("cannot read the recording")]
    Source(#[from] SourceError),
    /// The recognizer failed.
    #[error("cannot transcribe the speech")]
    Recognize(#[from] DetectError),
    /// A thread could not be started.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
}

/// How far one sound track may be ahead of another, in nanoseconds. What comes even later is not
/// transcribed, and so it is unclear.
const AHEAD_MAX_NANOS: i64 = 60_000_000_000;

/// Transcribes the speech in `source`.
///
/// - `speech`: where a speech detector found any, by sound track.
/// - `language`: the language to expect, as in ISO 639-1.
///
/// The transcript has no personal data: finding that is another step.
///
/// # Errors
/// The first cause: see [`TranscribeError`].
pub fn transcribe(
    source: Box<dyn Source>,
    speech: &SpeechByTrack,
    recognizer: &mut dyn SpeechRecognizer,
    language: &str,
    progress: &dyn Progress,
) -> Result<Transcript, TranscribeError> {
    let all = TimeSpan::merged(speech.values().flatten().copied().collect(), 0);
    let tracks = source.info().audio.len();
    let stretches = stretches(&all, recognizer.longest_nanos());
    let mut pass = Pass {
        left_nanos: stretches.iter().map(|s| s.length_nanos()).sum(),
        stretches,
        next: 0,
        tracks: (0..tracks).map(|_| TrackBuffer::default()).collect(),
        speech,
        recognizer,
        language,
        voices: BTreeMap::new(),
        done_nanos: 0,
        progress,
    };
    if !pass.stretches.is_empty() {
        pass.advance()?;
        thread::scope(|scope| {
            let (decoded, decoder) =
                decode::spawn_decoded(scope, "decode", source).map_err(TranscribeError::Thread)?;
            let heard = pass.hear(&decoded);
            drop(decoded);
            heard?;
            decode::join(decoder)?;
            Ok::<(), TranscribeError>(())
        })?;
    }
    Ok(pass.transcript())
}

/// Finds where somebody speaks in `source`, of which only the sound is used.
///
/// # Errors
/// The first cause: see [`TranscribeError`].
pub fn find_speech(
    source: Box<dyn Source>,
    detector: &mut dyn SpeechDetector,
    progress: &dyn Progress,
) -> Result<SpeechByTrack, TranscribeError> {
    thread::scope(|scope| {
        let (decoded, decoder) =
            decode::spawn_decoded(scope, "decode", source).map_err(TranscribeError::Thread)?;
        let heard = listen(&decoded, detector, progress);
        drop(decoded);
        heard?;
        decode::join(decoder)?;
        Ok::<(), TranscribeError>(())
    })?;
    Ok(detector.finish()?)
}

fn listen(
    decoded: &Receiver<MediaItem>,
    detector: &mut dyn SpeechDetector,
    progress: &dyn Progress,
) -> Result<(), TranscribeError> {
    while let Some(batch) = decoded.recv_many() {
        for item in batch {
            if let MediaItem::Audio(block) = item {
                detector.listen(&block)?;
            }
        }
        if progress.advance(Phase::Transcribe, 0, None) == ControlFlow::Break(()) {
            return Err(TranscribeError::Cancelled);
        }
    }
    Ok(())
}

/// One signal over the whole recording: the track and the channel that lead it.
type VoiceKey = (usize, usize);

struct Pass<'a> {
    stretches: Vec<TimeSpan>,
    /// The first stretch that is not recognized yet.
    next: usize,
    tracks: Vec<TrackBuffer>,
    speech: &'a SpeechByTrack,
    recognizer: &'a mut dyn SpeechRecognizer,
    language: &'a str,
    voices: BTreeMap<VoiceKey, Voice>,
    /// Length of the stretches that were recognized, and of those that are left.
    done_nanos: i64,
    left_nanos: i64,
    progress: &'a dyn Progress,
}

impl Pass<'_> {
    fn hear(&mut self, decoded: &Receiver<MediaItem>) -> Result<(), TranscribeError> {
        while let Some(batch) = decoded.recv_many() {
            for item in batch {
                let MediaItem::Audio(block) = item else {
                    continue;
                };
                let wanted = self.stretches.get(self.next).copied();
                if let (Some(wanted), Some(track)) = (wanted, self.tracks.get_mut(block.stream)) {
                    track.push(&block, wanted.start_nanos());
                }
            }
            while self.is_ready() {
                self.recognize_next()?;
            }
        }
        while self.next < self.stretches.len() {
            self.recognize_next()?;
        }
        Ok(())
    }

    /// Whether all of the next stretch was read, or waiting for the rest would take too much.
    fn is_ready(&self) -> bool {
        let Some(stretch) = self.stretches.get(self.next) else {
            return false;
        };
        let end = stretch.end_nanos();
        let ends = || self.tracks.iter().map(TrackBuffer::end_nanos);
        let all = ends().all(|at| at.is_some_and(|at| at >= end));
        let ahead = |at: i64| at >= end.saturating_add(AHEAD_MAX_NANOS);
        all || ends().flatten().any(ahead)
    }

    fn recognize_next(&mut self) -> Result<(), TranscribeError> {
        let planned = self.stretches[self.next];
        self.next += 1;
        self.left_nanos -= planned.length_nanos();
        let heard: Vec<_> = self.tracks.iter().map(|t| t.cut(planned)).collect();
        let stretch = self.within_reach(planned, &heard);
        let signals = signals::signals(heard);
        for signal in &signals {
            let others = signals.iter().filter(|other| other.shares_track(signal));
            self.recognize(signal, &others.collect::<Vec<_>>(), stretch)?;
        }
        let next = self.stretches.get(self.next);
        let needed = next.map_or(i64::MAX, |next| next.start_nanos());
        for track in &mut self.tracks {
            track.drop_before(needed);
        }
        self.done_nanos = self.done_nanos.saturating_add(stretch.length_nanos());
        self.advance()
    }

    /// `planned`, cut at a quiet moment if it is longer than the recognizer takes; the rest becomes
    /// the next stretch.
    fn within_reach(&mut self, planned: TimeSpan, heard: &[Option<buffer::Heard>]) -> TimeSpan {
        let longest = self.recognizer.longest_nanos();
        let Some((first, rest)) = stretch::cut(planned, longest, |span| {
            let loudest = heard.iter().flatten().map(|heard| heard.loudness(span));
            loudest.fold(0.0, f32::max)
        }) else {
            return planned;
        };
        self.stretches.insert(self.next, rest);
        self.left_nanos += rest.length_nanos();
        first
    }

    /// `others`: the signals of its sound tracks, itself included.
    fn recognize(
        &mut self,
        signal: &Signal,
        others: &[&Signal],
        stretch: TimeSpan,
    ) -> Result<(), TranscribeError> {
        let spoken = self.speech_of(&signal.sound_tracks, stretch);
        if spoken.is_empty() {
            return Ok(());
        }
        let samples = signal.samples_in(stretch);
        let heard = self
            .recognizer
            .recognize(&samples, signal.rate_hz, self.language)?;
        let (words, mut unclear) = understood(heard, stretch, &spoken, self.language);
        if others.len() > 1 {
            // The words of the others must not stand for its own.
            let own = Voice {
                words: words.clone(),
                unclear: unclear.clone(),
                ..Voice::default()
            };
            let spoken = signal.loud_in(&spoken, others);
            unclear.extend(clarity::without_words(&spoken, std::iter::once(&own)));
        }
        let voice = self.voices.entry(signal.leader).or_default();
        for &track in &signal.sound_tracks {
            if !voice.sound_tracks.contains(&track) {
                voice.sound_tracks.push(track);
            }
        }
        voice.words.extend(words);
        voice.unclear.extend(unclear);
        Ok(())
    }

    /// Speech on any of `tracks` within `stretch`.
    fn speech_of(&self, tracks: &[usize], stretch: TimeSpan) -> Vec<TimeSpan> {
        let spans = tracks.iter().filter_map(|track| self.speech.get(track));
        let inside = spans.flatten().filter_map(|span| clipped(*span, stretch));
        TimeSpan::merged(inside.collect(), 0)
    }

    fn advance(&self) -> Result<(), TranscribeError> {
        let millis = |nanos: i64| u64::try_from(nanos / 1_000_000).unwrap_or(0);
        let total = millis(self.done_nanos.saturating_add(self.left_nanos));
        let done = millis(self.done_nanos);
        match self.progress.advance(Phase::Transcribe, done, Some(total)) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(TranscribeError::Cancelled),
        }
    }

    /// What was understood; speech that no voice has is unclear.
    fn transcript(self) -> Transcript {
        let mut voices: Vec<Voice> = self.voices.into_values().collect();
        for voice in &mut voices {
            voice.sound_tracks.sort_unstable();
            voice.words.sort_by_key(|word| word.span);
            voice.unclear.sort_by_key(|part| (part.span, part.cause));
        }
        for (&track, spans) in self.speech {
            let heard = |voice: &Voice| voice.sound_tracks.contains(&track);
            let missing = clarity::without_words(spans, voices.iter().filter(|voice| heard(voice)));
            if missing.is_empty() {
                continue;
            }
            let known = voices.iter_mut().find(|voice| heard(voice));
            let voice = match known {
                Some(voice) => voice,
                None => {
                    voices.push(Voice {
                        sound_tracks: vec![track],
                        ..Voice::default()
                    });
                    voices.last_mut().expect("one was just added")
                }
            };
            voice.unclear.extend(missing);
            voice.unclear.sort_by_key(|part| (part.span, part.cause));
        }
        Transcript {
            language: self.language.to_owned(),
            voices,
        }
    }
}

/// The words of a stretch at the recording's times, and what of its speech is unclear.
fn understood(
    heard: Recognition,
    stretch: TimeSpan,
    spoken: &[TimeSpan],
    language: &str,
) -> (Vec<Word>, Vec<Unclear>) {
    let start = stretch.start_nanos();
    let placed = |word: &Word| {
        let (from, to) = (word.span.start_nanos(), word.span.end_nanos());
        let span = TimeSpan::new(start.saturating_add(from), start.saturating_add(to))?;
        Some(Word {
            text: word.text.clone(),
            span: clipped(span, stretch)?,
            probability: word.probability,
        })
    };
    let words: Vec<Word> = heard.words.iter().filter_map(placed).collect();
    let unclear = clarity::unclear(&heard, &words, stretch, spoken, language);
    (words, unclear)
}

/// The part of `span` within `limits`.
fn clipped(span: TimeSpan, limits: TimeSpan) -> Option<TimeSpan> {
    TimeSpan::new(
        span.start_nanos().max(limits.start_nanos()),
        span.end_nanos().min(limits.end_nanos()),
    )
}

#[cfg(test)]
mod tests;
