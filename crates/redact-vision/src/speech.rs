//! Speech detection.
//!
//! Every channel of a track is resampled to 16 kHz and passed to Silero VAD in steps of 32 ms, and
//! so are the sum and the difference of each pair of channels, which reveal speech that cancels in
//! a mix or that only a mix separates from other sound. Each of these signals is processed both
//! unchanged and amplified, because the model misses speech below about -40 dBFS. A detection in
//! any of them counts. Equal signals are processed once.
//!
//! A step with a high probability opens a span, which stays open while the probability is at least
//! moderate and pauses are short. Spans are padded: a mute may be slightly too long, never too
//! short.
//!
//! Times follow the starts of the blocks. A gap or a jump ends a run of sound, and the model is
//! reset after it. Memory: a fraction of a second of sound per track, and the spans.
//!
//! Source of the input and of the thresholds: `utils_vad.py` of snakers4/silero-vad 806dcba3
//! (`OnnxWrapper`: 64 samples of context before 512 new ones; `get_speech_timestamps`).

use std::collections::BTreeMap;

use ort::value::TensorRef;
use redact_core::{
    AudioBlock, BoxError, DetectError, ModelUse, SpeechByTrack, SpeechDetector, TimeSpan,
};

use crate::audio_resample::Resampler;
use crate::card::HeadKind;
use crate::runtime::{ModelSession, Output, Runtime, ShapeError};
use crate::{Model, VisionError};

/// The model's sample rate in Hz.
const RATE_HZ: u32 = 16_000;
/// New samples per step.
const STEP: usize = 512;
/// Samples of the previous step that are passed again.
const CONTEXT: usize = 64;
/// Values of the model's state: `[2, 1, 128]`.
const STATE: usize = 256;
const STEP_NANOS: i64 = STEP as i64 * 1_000_000_000 / RATE_HZ as i64;

/// Gains at which each signal is processed: unchanged, and amplified by 30 dB. The model detects
/// speech completely down to -30 dBFS (measured on `jfk.flac`), so that both together do down to
/// -60 dBFS. Loud sound clips when amplified, but noise is still not detected as speech.
const GAINS: [f32; 2] = [1.0, 31.622_776];

/// Supported sample rates of tracks in Hz.
const RATES_HZ: std::ops::RangeInclusive<u32> = 1_000..=768_000;

/// Maximum distance between the end of a block and the start of the next one in the same run: less
/// than one step of the model, and less than the padding.
const JITTER_NANOS: i64 = 20_000_000;

/// When consecutive steps count as speech.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpeechOptions {
    /// A step with at least this probability opens a span, `0.0..=1.0`.
    pub enter: f32,
    /// A span stays open while steps have at least this probability; at most `enter`.
    pub leave: f32,
    /// Shorter spans count as noise.
    pub speech_min_nanos: i64,
    /// Shorter pauses are part of a span.
    pub pause_max_nanos: i64,
    /// Padding at both ends of each span.
    pub pad_nanos: i64,
}

impl Default for SpeechOptions {
    /// The model's own thresholds; a word of 0.1 s counts, and the padding is generous.
    fn default() -> Self {
        Self {
            enter: 0.5,
            leave: 0.35,
            speech_min_nanos: 96_000_000,
            pause_max_nanos: 300_000_000,
            pad_nanos: 200_000_000,
        }
    }
}

/// Detects speech on all tracks of a recording.
pub struct SpeechListener {
    listener: Listener,
    options: SpeechOptions,
    model_use: ModelUse,
    tracks: BTreeMap<usize, Track>,
}

impl SpeechListener {
    /// Creates a session of `model` on `runtime`.
    ///
    /// # Errors
    /// [`VisionError::Unsuitable`]: not a speech model, or `options` are contradictory.
    /// [`VisionError::Weights`]: the runtime cannot use the weights.
    pub fn new(
        runtime: &Runtime,
        model: &Model,
        options: SpeechOptions,
    ) -> Result<Self, VisionError> {
        let card = model.card();
        let unsuitable = |what: String| VisionError::Unsuitable {
            model: card.name.clone(),
            what,
        };
        if card.head != HeadKind::SileroVad {
            return Err(unsuitable("it does not detect speech".into()));
        }
        let in_order = 0.0 < options.leave && options.leave <= options.enter;
        if !in_order || options.enter > 1.0 {
            return Err(unsuitable(format!(
                "thresholds: found {} and {}, expected 0 < leave <= enter <= 1",
                options.leave, options.enter
            )));
        }
        let session = runtime.session(&card.name, model.weights())?;
        let inputs = session.input_names();
        if inputs != ["input", "state", "sr"] {
            let what = format!("inputs: found {inputs:?}, expected \"input\", \"state\", \"sr\"");
            return Err(unsuitable(what));
        }
        Ok(Self {
            listener: Listener { session },
            options,
            model_use: ModelUse {
                name: card.name.clone(),
                digest: model.digest(),
                licence: card.licence.clone(),
                classes: Vec::new(),
                threshold: options.enter,
                input_side: 0,
            },
            tracks: BTreeMap::new(),
        })
    }

    /// The entry for the findings.
    #[must_use]
    pub fn model_use(&self) -> ModelUse {
        self.model_use.clone()
    }
}

impl SpeechDetector for SpeechListener {
    fn listen(&mut self, block: &AudioBlock) -> Result<(), DetectError> {
        if !RATES_HZ.contains(&block.rate_hz) {
            return Err(DetectError::Shape {
                model: self.model_use.name.clone(),
                found: format!("sound at {} Hz", block.rate_hz),
                expected: format!("{} to {} Hz", RATES_HZ.start(), RATES_HZ.end()),
            });
        }
        if block.frames() == 0 {
            return Ok(());
        }
        let track = self.tracks.entry(block.stream).or_default();
        let listener = &mut self.listener;
        if track
            .run
            .as_ref()
            .is_some_and(|run| !run.is_continued_by(block))
        {
            track.end_run(listener, &self.options)?;
        }
        let run = track.run.get_or_insert_with(|| Run::new(block));
        run.take(block, |step| listener.probability(step), &self.options)?;
        track.spans.append(&mut run.spans);
        Ok(())
    }

    fn finish(&mut self) -> Result<SpeechByTrack, DetectError> {
        let mut speech = SpeechByTrack::new();
        for (number, mut track) in std::mem::take(&mut self.tracks) {
            track.end_run(&mut self.listener, &self.options)?;
            speech.insert(number, TimeSpan::merged(track.spans, 0));
        }
        Ok(speech)
    }
}

impl std::fmt::Debug for SpeechListener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SpeechListener")
            .field("model_use", &self.model_use)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// The state of one track.
#[derive(Default)]
struct Track {
    run: Option<Run>,
    spans: Vec<TimeSpan>,
}

impl Track {
    fn end_run(
        &mut self,
        listener: &mut Listener,
        options: &SpeechOptions,
    ) -> Result<(), DetectError> {
        if let Some(mut run) = self.run.take() {
            run.end(|step| listener.probability(step), options)?;
            self.spans.append(&mut run.spans);
        }
        Ok(())
    }
}

/// The model's input for one step, and its state.
#[derive(PartialEq)]
struct Step {
    /// [`CONTEXT`] and [`STEP`] samples.
    samples: Vec<f32>,
    /// [`STATE`] values.
    state: Vec<f32>,
}

/// One signal of a track at one gain.
struct Lane {
    step: Step,
    span_builder: SpanBuilder,
}

impl Lane {
    fn new(start_nanos: i64) -> Self {
        Self {
            step: Step {
                samples: vec![0.0; CONTEXT + STEP],
                state: vec![0.0; STATE],
            },
            span_builder: SpanBuilder::new(start_nanos),
        }
    }

    /// Sets the next [`STEP`] samples, amplified by `gain`.
    fn fill(&mut self, samples: impl Iterator<Item = f32>, gain: f32) {
        self.step.samples.copy_within(STEP.., 0);
        for (to, sample) in self.step.samples[CONTEXT..].iter_mut().zip(samples) {
            *to = (sample * gain).clamp(-1.0, 1.0);
        }
    }
}

/// One channel of a run.
struct ChannelInput {
    resampler: Resampler,
    /// Samples at [`RATE_HZ`] that do not fill a step yet.
    waiting: Vec<f32>,
}

/// A weighted sum of channels in which speech is detected.
type Mix = Vec<(usize, f32)>;

/// The signals of a track with that many channels: each channel, the sum and the difference of each
/// pair of channels, and the sum of all.
fn mixes(channels: usize) -> Vec<Mix> {
    let mut mixes: Vec<Mix> = (0..channels).map(|channel| vec![(channel, 1.0)]).collect();
    for first in (0..channels.saturating_sub(1)).step_by(2) {
        mixes.extend([0.5, -0.5].map(|weight| vec![(first, 0.5), (first + 1, weight)]));
    }
    if channels > 2 {
        let share = 1.0 / channels as f32;
        mixes.push((0..channels).map(|channel| (channel, share)).collect());
    }
    mixes
}

/// Continuous sound.
struct Run {
    rate_hz: u32,
    /// First sample, counted at `rate_hz` from the recording's zero.
    start: i64,
    /// Samples added, at `rate_hz`.
    taken: i64,
    channels: Vec<ChannelInput>,
    mixes: Vec<Mix>,
    /// The sign by which each mix is multiplied, so that a signal equals its inverse; 0 until there
    /// is a nonzero sample.
    polarities: Vec<f32>,
    /// One lane per mix and gain.
    lanes: Vec<Lane>,
    /// Complete spans of all lanes.
    spans: Vec<TimeSpan>,
}

impl Run {
    fn new(block: &AudioBlock) -> Self {
        let nanos = i128::from(block.start) * 1_000_000_000;
        let start_nanos = nanos.div_euclid(i128::from(block.rate_hz));
        let start_nanos = start_nanos.try_into().unwrap_or(i64::MIN);
        let channels = usize::from(block.channels.max(1));
        let input = || ChannelInput {
            resampler: Resampler::new(block.rate_hz, RATE_HZ),
            waiting: Vec::new(),
        };
        let mixes = mixes(channels);
        let lanes = mixes.len() * GAINS.len();
        Self {
            rate_hz: block.rate_hz,
            start: block.start,
            taken: 0,
            channels: (0..channels).map(|_| input()).collect(),
            polarities: vec![0.0; mixes.len()],
            mixes,
            lanes: (0..lanes).map(|_| Lane::new(start_nanos)).collect(),
            spans: Vec::new(),
        }
    }

    /// Whether `block` starts at the end of this run, within the permitted jitter. Jitter does not
    /// accumulate: all blocks are compared with the start of the run.
    fn is_continued_by(&self, block: &AudioBlock) -> bool {
        let expected = i128::from(self.start) + i128::from(self.taken);
        let distance = (i128::from(block.start) - expected).abs() * 1_000_000_000;
        block.rate_hz == self.rate_hz
            && usize::from(block.channels.max(1)) == self.channels.len()
            && distance <= i128::from(JITTER_NANOS) * i128::from(self.rate_hz)
    }

    fn take(
        &mut self,
        block: &AudioBlock,
        model: impl FnMut(&mut Step) -> Result<f32, DetectError>,
        options: &SpeechOptions,
    ) -> Result<(), DetectError> {
        let count = self.channels.len();
        for (at, channel) in self.channels.iter_mut().enumerate() {
            let samples = block.samples.chunks_exact(count).map(|frame| {
                // A single NaN would spoil the model's state for the rest of the run.
                if frame[at].is_finite() {
                    frame[at].clamp(-1.0, 1.0)
                } else {
                    0.0
                }
            });
            channel.resampler.push(samples, &mut channel.waiting);
        }
        self.taken = self.taken.saturating_add_unsigned(block.frames() as u64);
        self.steps(model, options)
    }

    fn steps(
        &mut self,
        mut model: impl FnMut(&mut Step) -> Result<f32, DetectError>,
        options: &SpeechOptions,
    ) -> Result<(), DetectError> {
        // Resamplers with the same number of input samples have the same number of output samples.
        let waiting = self.channels.iter().map(|channel| channel.waiting.len());
        let whole = waiting.min().unwrap_or(0) / STEP * STEP;
        for from in (0..whole).step_by(STEP) {
            self.fill_lanes(from);
            self.advance(&mut model, options)?;
        }
        for channel in &mut self.channels {
            channel.waiting.drain(..whole);
        }
        for lane in &mut self.lanes {
            self.spans.append(&mut lane.span_builder.spans);
        }
        Ok(())
    }

    /// Mixes the step that starts at `from` into every lane.
    fn fill_lanes(&mut self, from: usize) {
        let lanes = self.lanes.chunks_exact_mut(GAINS.len());
        for ((mix, polarity), lanes) in self.mixes.iter().zip(&mut self.polarities).zip(lanes) {
            let mut samples = [0.0_f32; STEP];
            for &(channel, weight) in mix {
                let waiting = &self.channels[channel].waiting[from..from + STEP];
                for (sum, sample) in samples.iter_mut().zip(waiting) {
                    *sum += sample * weight;
                }
            }
            if *polarity == 0.0 {
                let first = samples.iter().find(|sample| **sample != 0.0);
                *polarity = first.map_or(0.0, |sample| sample.signum());
            }
            for (lane, gain) in lanes.iter_mut().zip(GAINS) {
                // Adding zero turns negative zero into positive zero.
                lane.fill(samples.iter().map(|sample| sample * *polarity + 0.0), gain);
            }
        }
    }

    /// Runs the model on the step of every lane; equal lanes share a result.
    fn advance(
        &mut self,
        mut model: impl FnMut(&mut Step) -> Result<f32, DetectError>,
        options: &SpeechOptions,
    ) -> Result<(), DetectError> {
        let twin_of = |at: usize| (0..at).find(|&i| self.lanes[i].step == self.lanes[at].step);
        let twins: Vec<Option<usize>> = (0..self.lanes.len()).map(twin_of).collect();
        let mut probabilities: Vec<f32> = Vec::with_capacity(twins.len());
        for (at, twin) in twins.into_iter().enumerate() {
            let probability = match twin {
                Some(twin) => {
                    let state = self.lanes[twin].step.state.clone();
                    self.lanes[at].step.state = state;
                    probabilities[twin]
                }
                None => model(&mut self.lanes[at].step)?,
            };
            probabilities.push(probability);
            self.lanes[at].span_builder.advance(probability, options);
        }
        Ok(())
    }

    fn end(
        &mut self,
        model: impl FnMut(&mut Step) -> Result<f32, DetectError>,
        options: &SpeechOptions,
    ) -> Result<(), DetectError> {
        for channel in &mut self.channels {
            channel.resampler.flush(&mut channel.waiting);
            let length = channel.waiting.len().next_multiple_of(STEP);
            channel.waiting.resize(length, 0.0);
        }
        self.steps(model, options)?;
        for lane in &mut self.lanes {
            lane.span_builder.close(options);
            self.spans.append(&mut lane.span_builder.spans);
        }
        Ok(())
    }
}

/// Converts probabilities to spans.
struct SpanBuilder {
    start_nanos: i64,
    /// Steps so far.
    steps: i64,
    /// The open span: its first step, and the one after the last possible speech.
    open: Option<(i64, i64)>,
    spans: Vec<TimeSpan>,
}

impl SpanBuilder {
    const fn new(start_nanos: i64) -> Self {
        Self {
            start_nanos,
            steps: 0,
            open: None,
            spans: Vec::new(),
        }
    }

    fn advance(&mut self, probability: f32, options: &SpeechOptions) {
        let at = self.steps;
        self.steps += 1;
        let Some((_, end)) = &mut self.open else {
            if probability >= options.enter {
                self.open = Some((at, at + 1));
            }
            return;
        };
        if probability >= options.leave {
            *end = at + 1;
        } else if (at + 1 - *end) * STEP_NANOS > options.pause_max_nanos {
            self.close(options);
        }
    }

    fn close(&mut self, options: &SpeechOptions) {
        let Some((start, end)) = self.open.take() else {
            return;
        };
        if (end - start) * STEP_NANOS < options.speech_min_nanos {
            return;
        }
        let nanos = |step: i64| self.start_nanos.saturating_add(step * STEP_NANOS);
        if let Some(span) = TimeSpan::new(nanos(start), nanos(end)) {
            self.spans.push(span.padded(options.pad_nanos));
        }
    }
}

/// The model.
struct Listener {
    session: ModelSession,
}

impl Listener {
    /// Probability that `step` is speech; updates its state.
    fn probability(&mut self, step: &mut Step) -> Result<f32, DetectError> {
        let failed = |error: ort::Error, name: &str| DetectError::Run {
            model: name.to_owned(),
            source: BoxError::from(error),
        };
        let rate = [i64::from(RATE_HZ)];
        let name = self.session.name();
        let samples = TensorRef::from_array_view(([1, CONTEXT + STEP], step.samples.as_slice()))
            .map_err(|error| failed(error, name))?;
        let state = TensorRef::from_array_view(([2, 1, STATE / 2], step.state.as_slice()))
            .map_err(|error| failed(error, name))?;
        let no_dimensions: [usize; 0] = [];
        let rate = TensorRef::from_array_view((no_dimensions, rate.as_slice()))
            .map_err(|error| failed(error, name))?;
        let inputs = [samples.into(), state.into(), rate.into()];
        let (probability, state) = self.session.run(inputs, read)?;
        step.state = state;
        Ok(probability)
    }
}

/// The probability and the next state.
fn read(outputs: &[Output<'_>]) -> Result<(f32, Vec<f32>), ShapeError> {
    let lengths: Vec<usize> = outputs.iter().map(|output| output.values.len()).collect();
    match outputs {
        [probability, state, ..] if lengths[..2] == [1, STATE] => {
            Ok((probability.values[0], state.values.to_vec()))
        }
        _ => Err(ShapeError {
            found: format!("outputs of {lengths:?} values"),
            expected: format!("outputs of [1, {STATE}] values"),
        }),
    }
}

#[cfg(test)]
mod tests;
