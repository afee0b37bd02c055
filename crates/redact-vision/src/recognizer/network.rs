//! The two graphs of a Whisper model on the runtime: one for the sound, one for the text.
//!
//! Inputs, outputs and shapes: `models/training/whisper.py`.

use ort::value::{DynValue, Tensor, TensorRef};
use redact_core::{BoxError, DetectError};

use super::align::AttentionScores;
use super::decode::TextModel;
use super::mel::{BANDS, FRAMES};
use crate::runtime::ModelSession;

/// Steps of the sound that tokens attend to, each of [`STEP_SAMPLES`] samples.
pub(super) const STEPS: usize = FRAMES / 2;
/// Samples per step.
pub(super) const STEP_SAMPLES: usize = 320;
/// Tokens that are run at once to find out when they are said; it bounds the memory.
const ALIGNED_TOKENS: usize = 32;

/// The graphs.
pub(super) struct Network {
    encoder: ModelSession,
    decoder: ModelSession,
    /// Tokens of the vocabulary.
    vocabulary: usize,
}

/// What a text attends to, and its state so far.
pub(super) struct SoundText<'a> {
    decoder: &'a mut ModelSession,
    vocabulary: usize,
    cross_keys: DynValue,
    cross_values: DynValue,
    /// Of all tokens so far.
    keys: DynValue,
    values: DynValue,
    /// Layers, texts, heads, tokens and values of `keys`.
    shape: [usize; 5],
}

impl Network {
    pub(super) fn new(encoder: ModelSession, decoder: ModelSession, vocabulary: usize) -> Self {
        Self {
            encoder,
            decoder,
            vocabulary,
        }
    }

    /// Runs the first graph on a spectrum.
    pub(super) fn sound(&mut self, spectrum: &[f32]) -> Result<SoundText<'_>, DetectError> {
        let failed = |error: ort::Error| run_error(self.encoder.name(), error);
        let input = TensorRef::from_array_view(([1, BANDS, FRAMES], spectrum)).map_err(failed)?;
        let inputs = vec![("mel", input.into())];
        let [cross_keys, cross_values] = self
            .encoder
            .run_values(inputs, ["cross_keys", "cross_values"])?;
        let name = self.decoder.name();
        let [layers, heads, depth, steps] = shape_of(name, &cross_keys)?;
        if steps != STEPS {
            let found = format!("{steps} steps of sound");
            return Err(shape_error(name, found, &STEPS.to_string()));
        }
        let shape = [layers, 1, heads, 0, depth];
        let [keys, values] = [empty(name, shape)?, empty(name, shape)?];
        Ok(SoundText {
            decoder: &mut self.decoder,
            vocabulary: self.vocabulary,
            cross_keys,
            cross_values,
            keys,
            values,
            shape,
        })
    }
}

impl SoundText<'_> {
    /// Adds tokens to every text, row by row. Returns logits and attention of the new tokens.
    fn run(&mut self, tokens: &[usize]) -> Result<[DynValue; 2], DetectError> {
        let texts = self.shape[1];
        let new = tokens.len() / texts;
        let failed = |error: ort::Error| run_error(self.decoder.name(), error);
        let tokens: Vec<i64> = tokens.iter().map(|token| *token as i64).collect();
        let tokens =
            TensorRef::from_array_view(([texts, new], tokens.as_slice())).map_err(failed)?;
        let inputs = vec![
            ("tokens", tokens.into()),
            ("keys", (&self.keys).into()),
            ("values", (&self.values).into()),
            ("cross_keys", (&self.cross_keys).into()),
            ("cross_values", (&self.cross_values).into()),
        ];
        let names = ["logits", "attention", "next_keys", "next_values"];
        let [logits, attention, keys, values] = self.decoder.run_values(inputs, names)?;
        self.shape[3] += new;
        let found: [usize; 5] = shape_of(self.decoder.name(), &keys)?;
        if found != self.shape {
            let expected = format!("{:?}", self.shape);
            return Err(shape_error(
                self.decoder.name(),
                format!("{found:?}"),
                &expected,
            ));
        }
        (self.keys, self.values) = (keys, values);
        Ok([logits, attention])
    }

    /// The logits after the tokens at `places` of a text.
    fn rows<'a>(&self, logits: &'a DynValue) -> Result<&'a [f32], DetectError> {
        let name = self.decoder.name();
        let [_, _, size] = shape_of(name, logits)?;
        if size != self.vocabulary {
            let found = format!("logits of {size} tokens");
            return Err(shape_error(name, found, &self.vocabulary.to_string()));
        }
        floats(name, logits)
    }

    /// Makes the state that of the texts at `places`, in this order.
    fn select(&mut self, places: &[usize]) -> Result<(), DetectError> {
        let [layers, texts, heads, tokens, depth] = self.shape;
        if places.iter().copied().eq(0..texts) {
            return Ok(());
        }
        let name = self.decoder.name();
        let block = heads * tokens * depth;
        let shape = [layers, places.len(), heads, tokens, depth];
        let selected = |state: &DynValue| {
            let all = floats(name, state)?;
            let layers = all.chunks(texts * block);
            let picked: Vec<f32> = layers
                .flat_map(|layer| places.iter().map(|at| &layer[at * block..][..block]))
                .flatten()
                .copied()
                .collect();
            let tensor = Tensor::from_array((shape, picked));
            tensor
                .map(Tensor::into_dyn)
                .map_err(|error| run_error(name, error))
        };
        let [keys, values] = [selected(&self.keys)?, selected(&self.values)?];
        (self.keys, self.values, self.shape) = (keys, values, shape);
        Ok(())
    }

    /// Where the tokens of one text attend to, for `heads` (layer and head) and the first `steps`
    /// steps of the sound.
    pub(super) fn attention(
        mut self,
        tokens: &[usize],
        heads: &[[usize; 2]],
        steps: usize,
    ) -> Result<AttentionScores, DetectError> {
        let [layers, _, per_layer, _, depth] = self.shape;
        self.shape = [layers, 1, per_layer, 0, depth];
        let name = self.decoder.name().to_owned();
        self.keys = empty(&name, self.shape)?;
        self.values = empty(&name, self.shape)?;
        if let Some(head) = heads.iter().find(|[l, h]| *l >= layers || *h >= per_layer) {
            let expected = format!("below {layers} and {per_layer}");
            return Err(shape_error(
                &name,
                format!("alignment head {head:?}"),
                &expected,
            ));
        }
        let mut scores = AttentionScores::new(heads.len(), steps.clamp(1, STEPS));
        for chunk in tokens.chunks(ALIGNED_TOKENS) {
            let [_, attention] = self.run(chunk)?;
            let found: [usize; 5] = shape_of(&name, &attention)?;
            let expected = [layers, 1, per_layer, chunk.len(), STEPS];
            if found != expected {
                let expected = format!("{expected:?}");
                return Err(shape_error(&name, format!("{found:?}"), &expected));
            }
            let values = floats(&name, &attention)?;
            for token in 0..chunk.len() {
                scores.push(heads.iter().map(|[layer, head]| {
                    let row = (layer * per_layer + head) * chunk.len() + token;
                    &values[row * STEPS..][..STEPS]
                }));
            }
        }
        Ok(scores)
    }
}

impl TextModel for SoundText<'_> {
    fn start(&mut self, prompt: &[usize]) -> Result<[Vec<f32>; 2], DetectError> {
        let [logits, _] = self.run(prompt)?;
        let rows = self.rows(&logits)?;
        let row = |at: usize| rows[at * self.vocabulary..][..self.vocabulary].to_vec();
        Ok([row(0), row(prompt.len() - 1)])
    }

    fn advance(&mut self, texts: &[(usize, usize)]) -> Result<Vec<f32>, DetectError> {
        let places: Vec<usize> = texts.iter().map(|(from, _)| *from).collect();
        self.select(&places)?;
        let tokens: Vec<usize> = texts.iter().map(|(_, token)| *token).collect();
        let [logits, _] = self.run(&tokens)?;
        Ok(self.rows(&logits)?.to_vec())
    }
}

/// A state without tokens.
fn empty(model: &str, shape: [usize; 5]) -> Result<DynValue, DetectError> {
    let tensor = Tensor::from_array((shape, Vec::<f32>::new()));
    tensor
        .map(Tensor::into_dyn)
        .map_err(|error| run_error(model, error))
}

fn floats<'a>(model: &str, value: &'a DynValue) -> Result<&'a [f32], DetectError> {
    let tensor = value.try_extract_tensor::<f32>();
    tensor
        .map(|(_, values)| values)
        .map_err(|error| run_error(model, error))
}

fn shape_of<const N: usize>(model: &str, value: &DynValue) -> Result<[usize; N], DetectError> {
    let (shape, _) = value
        .try_extract_tensor::<f32>()
        .map_err(|error| run_error(model, error))?;
    let sizes: Vec<usize> = shape
        .iter()
        .filter_map(|size| usize::try_from(*size).ok())
        .collect();
    <[usize; N]>::try_from(sizes)
        .map_err(|sizes| shape_error(model, format!("{sizes:?}"), &format!("{N} dimensions")))
}

fn run_error(model: &str, error: ort::Error) -> DetectError {
    DetectError::Run {
        model: model.to_owned(),
        source: BoxError::from(error),
    }
}

fn shape_error(model: &str, found: String, expected: &str) -> DetectError {
    DetectError::Shape {
        model: model.to_owned(),
        found,
        expected: expected.to_owned(),
    }
}
