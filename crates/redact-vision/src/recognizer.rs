//! Speech recognition: the words in a sound, with their times, by a Whisper model.
//!
//! A spectrum of the sound, padded to 30 s, goes through the first graph once; the second one
//! writes the text token by token. The program states nothing but what the model returns: whether
//! a text is to be believed is decided by whoever reads the measures in [`Recognition`].
//!
//! The weights are those of the published file. They are converted while they are loaded: matrices
//! to 8 bits ([`weights`]), which needs a quarter of the memory and half of the time.

mod align;
mod decode;
mod mel;
mod network;
mod tokens;
mod weights;

use std::io::Write as _;

use redact_core::{BoxError, DetectError, ModelUse, Recognition, SpeechRecognizer, TimeSpan, Word};

use self::decode::DecodedText;
use self::mel::{MelSpectrum, RATE_HZ, SAMPLES_MAX};
use self::network::{Network, STEP_SAMPLES};
use self::tokens::{Settings, Vocabulary};
use self::weights::WeightsFile;
use crate::audio_resample::Resampler;
use crate::card::{FileRole, HeadKind};
use crate::onnx_weights::with_weights;
use crate::{Model, Runtime, VisionError};

const NANOS_PER_SECOND: i64 = 1_000_000_000;
/// The longest sound, in nanoseconds.
const LONGEST_NANOS: i64 = SAMPLES_MAX as i64 * NANOS_PER_SECOND / RATE_HZ as i64;
/// Duration of a step of the alignment.
const STEP_NANOS: i64 = STEP_SAMPLES as i64 * NANOS_PER_SECOND / RATE_HZ as i64;
/// Supported sample rates in Hz.
const RATES_HZ: std::ops::RangeInclusive<u32> = 1_000..=768_000;
/// By how much the alignment is early: of 1743 words of synthetic speech with known times, starts
/// and ends were 38 and 52 ms early (medians). Command: `benches/speech.md`.
const EARLY_NANOS: i64 = 2 * STEP_NANOS;
/// The end of a word in front of a pause is where the sound gets quiet: below this share of the
/// word's own highest level (-26 dB), after this time at most. Without it, 40 % of such words ended
/// 0.15 s early or more.
const QUIET_SHARE: f32 = 0.05;
const FADE_STEPS_MAX: usize = 15;
const THREADS: std::ops::RangeInclusive<usize> = 1..=64;
const BEAMS: std::ops::RangeInclusive<usize> = 1..=16;

/// How a recognizer runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecognizerOptions {
    /// Threads of the runtime, 1 to 64.
    pub threads: usize,
    /// How many texts are continued side by side, 1 to 16: with more, fewer words are wrong.
    pub beams: usize,
}

impl Default for RecognizerOptions {
    /// One thread, and as many beams as the model's authors measure with.
    fn default() -> Self {
        Self {
            threads: 1,
            beams: 5,
        }
    }
}

/// Recognizes words in sound.
pub struct Recognizer {
    network: Network,
    vocabulary: Vocabulary,
    settings: Settings,
    spectrum: MelSpectrum,
    options: RecognizerOptions,
    model_use: ModelUse,
}

impl Recognizer {
    /// Creates the sessions of `model` on `runtime`. It opens no files.
    ///
    /// # Errors
    /// [`VisionError::Unsuitable`]: not a model that recognizes words, or an option is out of
    /// range. [`VisionError::Weights`]: the runtime cannot use the weights.
    pub fn new(
        runtime: &Runtime,
        model: Model,
        options: RecognizerOptions,
    ) -> Result<Self, VisionError> {
        let card = model.card();
        let unsuitable = |what: String| VisionError::Unsuitable {
            model: card.name.clone(),
            what,
        };
        if card.head != HeadKind::Whisper {
            return Err(unsuitable("it does not recognize words".into()));
        }
        for (what, value, range) in [
            ("threads", options.threads, THREADS),
            ("beams", options.beams, BEAMS),
        ] {
            if !range.contains(&value) {
                let (least, most) = (range.start(), range.end());
                return Err(unsuitable(format!(
                    "{what}: found {value}, expected {least} to {most}"
                )));
            }
        }
        let invalid = |source: BoxError| VisionError::Weights {
            model: card.name.clone(),
            source,
        };
        let vocabulary = Vocabulary::parse(model.file(FileRole::Vocabulary)?).map_err(invalid)?;
        let settings = Settings::parse(model.file(FileRole::Settings)?).map_err(invalid)?;
        let weights = WeightsFile::parse(model.weights()).map_err(invalid)?;
        let session = |role: FileRole| {
            let graph = model.file(role)?;
            let graph = with_weights(graph, |wanted| weights.values(wanted)).map_err(invalid)?;
            runtime.session_with(&card.name, &graph, options.threads)
        };
        let (encoder, decoder) = (session(FileRole::Encoder)?, session(FileRole::Decoder)?);
        Ok(Self {
            network: Network::new(encoder, decoder, vocabulary.size),
            vocabulary,
            settings,
            spectrum: MelSpectrum::new(),
            options,
            model_use: ModelUse {
                name: card.name.clone(),
                digest: model.digest(),
                licence: card.licence.clone(),
                classes: Vec::new(),
                threshold: 0.0,
                input_side: 0,
            },
        })
    }

    /// The entry for the findings.
    #[must_use]
    pub fn model_use(&self) -> ModelUse {
        self.model_use.clone()
    }

    fn error(&self, found: String, expected: String) -> DetectError {
        DetectError::Shape {
            model: self.model_use.name.clone(),
            found,
            expected,
        }
    }

    /// The samples at the model's rate.
    fn resampled(&self, samples: &[f32], rate_hz: u32) -> Result<Vec<f32>, DetectError> {
        if !RATES_HZ.contains(&rate_hz) {
            let expected = format!("{} to {} Hz", RATES_HZ.start(), RATES_HZ.end());
            return Err(self.error(format!("sound at {rate_hz} Hz"), expected));
        }
        let rate = u64::from(rate_hz);
        if samples.len() as u64 > rate * LONGEST_NANOS.unsigned_abs() / 1_000_000_000 {
            let seconds = samples.len() as f64 / f64::from(rate_hz);
            let longest = LONGEST_NANOS / NANOS_PER_SECOND;
            let found = format!("{seconds:.2} s of sound");
            return Err(self.error(found, format!("at most {longest} s")));
        }
        let mut out = Vec::with_capacity(SAMPLES_MAX);
        let mut resampler = Resampler::new(rate_hz, RATE_HZ);
        // One value that is not a number would spoil the whole spectrum.
        let finite = |sample: &f32| {
            if sample.is_finite() {
                sample.clamp(-1.0, 1.0)
            } else {
                0.0
            }
        };
        resampler.push(samples.iter().map(finite), &mut out);
        resampler.flush(&mut out);
        out.truncate(SAMPLES_MAX);
        Ok(out)
    }
}

impl SpeechRecognizer for Recognizer {
    fn longest_nanos(&self) -> i64 {
        LONGEST_NANOS
    }

    fn recognize(
        &mut self,
        samples: &[f32],
        rate_hz: u32,
        language: &str,
    ) -> Result<Recognition, DetectError> {
        let Some(language_token) = self.vocabulary.language(language) else {
            let known = self.vocabulary.languages.iter();
            let known: Vec<&str> = known.map(|(code, _)| code.as_str()).collect();
            let expected = format!("one of {}", known.join(", "));
            return Err(self.error(format!("language {language:?}"), expected));
        };
        let samples = self.resampled(samples, rate_hz)?;
        if samples.is_empty() {
            return Ok(Recognition {
                language: language.to_owned(),
                silence_probability: 1.0,
                complete: true,
                ..Recognition::default()
            });
        }
        let spectrum = self.spectrum.of(&samples);
        let mut sound = self.network.sound(&spectrum)?;
        let beams = self.options.beams;
        let (vocabulary, settings) = (&self.vocabulary, &self.settings);
        let text = decode::decode(&mut sound, vocabulary, settings, language_token, beams)?;
        let prompt = decode::prompt(vocabulary, language_token);
        let starts = if text.tokens.is_empty() {
            Vec::new()
        } else {
            let tokens = [&prompt, text.tokens.as_slice()].concat();
            let steps = samples.len().div_ceil(STEP_SAMPLES);
            let scores = sound.attention(&tokens, &settings.alignment_heads, steps)?;
            // The last token of the prompt attends to where the first of the text is said.
            scores.starts(prompt.len() - 1)
        };
        let length = samples.len() as i64 * NANOS_PER_SECOND / i64::from(RATE_HZ);
        let words = words(vocabulary, &text, &starts, &levels(&samples), length);
        let written = vocabulary.text(&text.tokens);
        Ok(Recognition {
            words,
            language: text.language.0,
            language_probability: text.language.1,
            silence_probability: text.silence_probability,
            mean_log_probability: text.mean_log_probability,
            compression_ratio: compression_ratio(written.trim().as_bytes()),
            complete: text.complete,
        })
    }
}

impl std::fmt::Debug for Recognizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recognizer")
            .field("model_use", &self.model_use)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// The level of each step of the sound: the root of the mean square.
fn levels(samples: &[f32]) -> Vec<f32> {
    let level = |step: &[f32]| {
        let squares: f32 = step.iter().map(|sample| sample * sample).sum();
        (squares / step.len() as f32).sqrt()
    };
    samples.chunks(STEP_SAMPLES).map(level).collect()
}

/// The step at which the sound gets quiet after the word at `start..end`, at `limit` at most.
fn fade(levels: &[f32], start: usize, end: usize, limit: usize) -> usize {
    let highest = levels[start.min(end)..end]
        .iter()
        .copied()
        .fold(0.0, f32::max);
    let rest = levels[end..limit.clamp(end, levels.len())].iter();
    let loud = rest.take_while(|level| **level > highest * QUIET_SHARE);
    end + loud.take(FADE_STEPS_MAX).count()
}

/// The words of a text. `starts` are the steps at which its tokens begin, and that at which the
/// last one ends; `levels` are those of the steps of the sound, `length` is its duration.
fn words(
    vocabulary: &Vocabulary,
    text: &DecodedText,
    starts: &[usize],
    levels: &[f32],
    length: i64,
) -> Vec<Word> {
    let nanos = |step: usize| match step {
        0 => 0,
        _ => (step as i64 * STEP_NANOS + EARLY_NANOS).min(length),
    };
    let mut words: Vec<Word> = Vec::new();
    let mut found = vocabulary.words(&text.tokens).into_iter().peekable();
    while let Some(word) = found.next() {
        let Some(spoken) = word.spoken else {
            // Signs without speech belong to what is said before them.
            if let Some(last) = words.last_mut() {
                last.text.push_str(&word.text);
            }
            continue;
        };
        let next = found.peek().and_then(|next| next.spoken.as_ref());
        let limit = next.map_or(levels.len(), |next| starts[next.start]);
        let (first, last) = (starts[spoken.start], starts[spoken.end].min(levels.len()));
        let least = words.last().map_or(0, |word| word.span.end_nanos());
        // A word that the alignment gave no time has one step.
        let start = nanos(first).max(least).min(length - 1);
        let end = nanos(fade(levels, first, last, limit));
        let end = end.max((start + STEP_NANOS).min(length));
        let probability = text.log_probabilities[spoken]
            .iter()
            .copied()
            .fold(0.0, f32::min);
        words.push(Word {
            text: word.text,
            span: TimeSpan::new(start, end).expect("the end is after the start"),
            probability: probability.exp(),
        });
    }
    words
}

/// Size of a text divided by its size when compressed; 0 for none.
fn compression_ratio(text: &[u8]) -> f32 {
    let level = flate2::Compression::default();
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), level);
    let done = encoder.write_all(text).and_then(|()| encoder.finish());
    let compressed = done.expect("writing to memory does not fail");
    text.len() as f32 / compressed.len() as f32
}

#[cfg(test)]
mod tests;
