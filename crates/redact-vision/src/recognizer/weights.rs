//! Reads the weights of a Whisper model as CTranslate2 stores them, and converts them to what the
//! graphs ask for.
//!
//! Source of the format: `python/ctranslate2/specs/model_spec.py` of OpenNMT/CTranslate2 4.6
//! (`LayerSpec.save`): version, name and revision of the specification, then each tensor with its
//! name, shape, type and values; all numbers are little-endian.

use std::collections::BTreeMap;

use half::f16;
use redact_core::BoxError;

use crate::onnx_weights::{WantedTensor, WeightType};

/// Version of the file format.
const VERSION: u32 = 6;
/// The specification of a Whisper model, and its revision.
const SPECIFICATION: &str = "WhisperSpec";
const REVISION: u32 = 3;
/// `DataType::FLOAT32`, `DataType::FLOAT16` of `include/ctranslate2/types.h`.
const FLOAT32: u8 = 0;
const FLOAT16: u8 = 4;
/// Maximum number of tensors: many times that of the largest model.
const TENSORS_MAX: u32 = 10_000;

/// What a graph appends to the name of a matrix whose values it wants in 8 bits, with one scale
/// for each block of values.
const CODES: &str = ":codes";
const SCALES: &str = ":scales";
/// The code of zero, and the distance between it and the largest code.
const ZERO_CODE: f32 = 128.0;
const CODE_MAX: f32 = 127.0;

/// The tensors of a file.
pub(super) struct WeightsFile<'a> {
    tensors: BTreeMap<&'a str, StoredTensor<'a>>,
}

struct StoredTensor<'a> {
    shape: Vec<u64>,
    kind: u8,
    bytes: &'a [u8],
}

impl<'a> WeightsFile<'a> {
    /// Reads the names, shapes and places of all tensors.
    ///
    /// # Errors
    /// Another format, another kind of model, or a truncated file.
    pub(super) fn parse(file: &'a [u8]) -> Result<Self, BoxError> {
        let mut reader = Reader { rest: file };
        let version = reader.number()?;
        if version != VERSION {
            return Err(format!("format version: found {version}, expected {VERSION}").into());
        }
        let (name, revision) = (reader.string()?, reader.number()?);
        if (name, revision) != (SPECIFICATION, REVISION) {
            let what = format!(
                "found a model of {name:?}, revision {revision}; expected {SPECIFICATION:?}, \
                 revision {REVISION}"
            );
            return Err(what.into());
        }
        let count = reader.number()?;
        if count > TENSORS_MAX {
            return Err(format!("found {count} tensors; at most {TENSORS_MAX} are allowed").into());
        }
        let mut tensors = BTreeMap::new();
        for _ in 0..count {
            let name = reader.string()?;
            let rank = reader.byte()?;
            let shape = (0..rank).map(|_| reader.number().map(u64::from));
            let shape = shape.collect::<Result<_, _>>()?;
            let kind = reader.byte()?;
            let length = usize::try_from(reader.number()?)?;
            let bytes = reader.take(length)?;
            tensors.insert(name, StoredTensor { shape, kind, bytes });
        }
        Ok(Self { tensors })
    }

    /// The values that a graph asks for, as bytes.
    ///
    /// # Errors
    /// There is no such tensor, or it has another shape.
    pub(super) fn values(&self, wanted: &WantedTensor<'_>) -> Result<Vec<u8>, BoxError> {
        let stem = [CODES, SCALES]
            .iter()
            .find_map(|end| wanted.name.strip_suffix(end));
        let name = stem.unwrap_or(wanted.name);
        let values = self.floats(name)?;
        let (kind, bytes) = match (stem, wanted.shape.as_slice()) {
            (Some(_), &[.., block]) if wanted.name.ends_with(CODES) => {
                (WeightType::Byte, codes(&values, usize::try_from(block)?))
            }
            (Some(_), &[blocks]) if blocks > 0 => {
                let block = values.len() / usize::try_from(blocks)?;
                (WeightType::Float, scales(&values, block))
            }
            (None, shape) if shape == self.tensors[name].shape => {
                let bytes = values.iter().flat_map(|value| value.to_le_bytes());
                (WeightType::Float, bytes.collect())
            }
            (_, shape) => {
                let found = &self.tensors[name].shape;
                let what = format!("tensor {name:?}: found shape {found:?}, expected {shape:?}");
                return Err(what.into());
            }
        };
        let size = match kind {
            WeightType::Float => size_of::<f32>(),
            WeightType::Byte => 1,
        };
        let expected = wanted.shape.iter().product::<u64>();
        if wanted.kind != kind || (bytes.len() / size) as u64 != expected {
            let shape = &self.tensors[name].shape;
            let what = format!("tensor {name:?}: found shape {shape:?}, expected {wanted:?}");
            return Err(what.into());
        }
        Ok(bytes)
    }

    fn floats(&self, name: &str) -> Result<Vec<f32>, BoxError> {
        let tensor = self
            .tensors
            .get(name)
            .ok_or_else(|| format!("no tensor {name:?}"))?;
        match tensor.kind {
            FLOAT16 => {
                let pairs = tensor.bytes.as_chunks::<2>().0.iter();
                Ok(pairs
                    .map(|pair| f16::from_le_bytes(*pair).to_f32())
                    .collect())
            }
            FLOAT32 => {
                let words = tensor.bytes.as_chunks::<4>().0.iter();
                Ok(words.map(|word| f32::from_le_bytes(*word)).collect())
            }
            kind => {
                let what = format!("tensor {name:?}: found type {kind}, expected 0 or 4 (floats)");
                Err(what.into())
            }
        }
    }
}

/// The scale of each block: its largest absolute value has the largest code.
fn scales(values: &[f32], block: usize) -> Vec<u8> {
    let scales = values.chunks(block.max(1)).map(scale);
    scales.flat_map(f32::to_le_bytes).collect()
}

fn scale(block: &[f32]) -> f32 {
    block
        .iter()
        .fold(0.0, |most: f32, value| most.max(value.abs()))
        / CODE_MAX
}

/// The values of each block in units of its scale, 1 to 255.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the range of a byte; NaN becomes 0"
)]
fn codes(values: &[f32], block: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(values.len());
    for block in values.chunks(block.max(1)) {
        let scale = scale(block);
        let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
        let code = |value: &f32| (value * inverse).round() + ZERO_CODE;
        out.extend(
            block
                .iter()
                .map(|value| code(value).clamp(1.0, 255.0) as u8),
        );
    }
    out
}

/// Reads numbers and names one after the other.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], BoxError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or("the weights file is truncated")?;
        self.rest = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, BoxError> {
        Ok(self.take(1)?[0])
    }

    fn number(&mut self) -> Result<u32, BoxError> {
        Ok(u32::from_le_bytes(self.take(4)?.try_into()?))
    }

    /// A length in two bytes, then that many bytes with a zero at the end.
    fn string(&mut self) -> Result<&'a str, BoxError> {
        let length = u16::from_le_bytes(self.take(2)?.try_into()?);
        let text = std::str::from_utf8(self.take(length.into())?)?;
        Ok(text.trim_end_matches('\0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(out: &mut Vec<u8>, text: &str) {
        out.extend(u16::try_from(text.len() + 1).unwrap().to_le_bytes());
        out.extend(text.as_bytes());
        out.push(0);
    }

    /// A file with one matrix of two rows.
    fn file(values: &[f32]) -> Vec<u8> {
        let mut out = VERSION.to_le_bytes().to_vec();
        text(&mut out, SPECIFICATION);
        out.extend(REVISION.to_le_bytes());
        out.extend(1_u32.to_le_bytes());
        text(&mut out, "m");
        out.push(2);
        let columns = u32::try_from(values.len() / 2).unwrap();
        out.extend(
            [2, columns]
                .iter()
                .flat_map(|size: &u32| size.to_le_bytes()),
        );
        out.push(FLOAT16);
        out.extend(u32::try_from(values.len() * 2).unwrap().to_le_bytes());
        let halves = values.iter().map(|value| f16::from_f32(*value));
        out.extend(halves.flat_map(f16::to_le_bytes));
        out
    }

    fn wanted<'a>(name: &'a str, shape: &[u64], kind: WeightType) -> WantedTensor<'a> {
        let shape = shape.to_vec();
        WantedTensor { name, shape, kind }
    }

    #[test]
    fn values_are_read_as_floats() {
        let file = file(&[1.0, -2.0, 0.5, 0.0]);
        let weights = WeightsFile::parse(&file).unwrap();
        let bytes = weights.values(&wanted("m", &[2, 2], WeightType::Float));
        let expected = [1.0, -2.0, 0.5, 0.0_f32].map(f32::to_le_bytes).concat();
        assert_eq!(bytes.unwrap(), expected);
    }

    /// Goal: codes and scales give the values back, within half a step.
    #[test]
    fn codes_and_scales_give_the_values_back() {
        let values = [0.25, -1.0, 0.75, 0.5, 0.0, 0.0, 0.0, 0.0];
        let file = file(&values);
        let weights = WeightsFile::parse(&file).unwrap();
        let codes = weights.values(&wanted("m:codes", &[2, 1, 4], WeightType::Byte));
        let scales = weights.values(&wanted("m:scales", &[2], WeightType::Float));
        let (codes, scales) = (codes.unwrap(), scales.unwrap());
        for (at, value) in values.iter().enumerate() {
            let scale = scales.as_chunks::<4>().0[at / 4];
            let scale = f32::from_le_bytes(scale);
            let back = (f32::from(codes[at]) - 128.0) * scale;
            assert!((back - value).abs() <= scale * 0.51, "{back} {value}");
        }
        assert_eq!((codes[1], codes[4]), (1, 128));
    }

    #[test]
    fn another_shape_or_name_or_type_is_an_error() {
        let file = file(&[1.0; 4]);
        let weights = WeightsFile::parse(&file).unwrap();
        for (name, shape, kind) in [
            ("other", vec![2, 2], WeightType::Float),
            ("m", vec![4], WeightType::Float),
            ("m", vec![2, 2], WeightType::Byte),
            ("m:codes", vec![2, 2, 2], WeightType::Byte),
            ("m:scales", vec![0], WeightType::Float),
        ] {
            weights.values(&wanted(name, &shape, kind)).unwrap_err();
        }
    }

    #[test]
    fn a_truncated_file_is_an_error() {
        let file = file(&[1.0; 4]);
        for length in 0..file.len() {
            assert!(WeightsFile::parse(&file[..length]).is_err(), "{length}");
        }
    }

    proptest! {
        #[test]
        fn foreign_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut file = file(&[1.0; 4])[..26].to_vec();
            file.extend(bytes);
            drop(WeightsFile::parse(&file));
        }
    }
}
