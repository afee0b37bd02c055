//! Writes weights into an ONNX graph that was stored without them.
//!
//! Such a graph declares its weights as external data, by name, type and shape. The file is
//! rewritten in memory with the values of another file before it is passed to the runtime, which
//! then looks for no file, and releases the values once it has arranged them as it needs them.
//!
//! Field numbers: `onnx/onnx.proto` of onnx/onnx, version 1.17.

use redact_core::BoxError;

use crate::protobuf::{Value, WireError, bytes_of, fields, put_bytes};

/// `ModelProto.graph`, `GraphProto.initializer`.
const MODEL_GRAPH: u64 = 7;
const GRAPH_INITIALIZER: u64 = 5;
/// `TensorProto.dims`, `.data_type`, `.name`, `.raw_data`, `.external_data`, `.data_location`.
const TENSOR_DIMS: u64 = 1;
const TENSOR_TYPE: u64 = 2;
const TENSOR_NAME: u64 = 8;
const TENSOR_RAW: u64 = 9;
const TENSOR_EXTERNAL: u64 = 13;
const TENSOR_LOCATION: u64 = 14;
/// `TensorProto.DataType`.
const TYPE_FLOAT: u64 = 1;
const TYPE_UINT8: u64 = 2;
/// `TensorProto.DataLocation.EXTERNAL`.
const EXTERNAL: u64 = 1;

/// The types of values that a graph may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WeightType {
    /// 32-bit floats, little-endian.
    Float,
    /// Bytes.
    Byte,
}

/// A tensor whose values a graph asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WantedTensor<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// Its dimensions.
    pub(crate) shape: Vec<u64>,
    /// The type of its values.
    pub(crate) kind: WeightType,
}

/// Returns `model` with the bytes that `values` returns for every tensor without values.
///
/// # Errors
/// Not an ONNX model, a type other than those of [`WeightType`], or an error of `values`.
pub(crate) fn with_weights(
    model: &[u8],
    mut values: impl FnMut(&WantedTensor<'_>) -> Result<Vec<u8>, BoxError>,
) -> Result<Vec<u8>, BoxError> {
    let mut out = Vec::new();
    for field in fields(model)? {
        let Value::Bytes(graph) = field.value else {
            out.extend_from_slice(field.raw);
            continue;
        };
        if field.number != MODEL_GRAPH {
            out.extend_from_slice(field.raw);
            continue;
        }
        let mut filled = Vec::new();
        for field in fields(graph)? {
            match field.value {
                Value::Bytes(tensor) if field.number == GRAPH_INITIALIZER => {
                    match wanted(tensor)? {
                        Some(wanted) => {
                            let tensor = filled_tensor(tensor, &values(&wanted)?)?;
                            put_bytes(&mut filled, GRAPH_INITIALIZER, &tensor);
                        }
                        None => filled.extend_from_slice(field.raw),
                    }
                }
                _ => filled.extend_from_slice(field.raw),
            }
        }
        put_bytes(&mut out, MODEL_GRAPH, &filled);
    }
    Ok(out)
}

/// What a tensor asks for, or `None` if it has its values.
fn wanted(tensor: &[u8]) -> Result<Option<WantedTensor<'_>>, BoxError> {
    let mut shape = Vec::new();
    let mut kind = 0;
    let mut location = 0;
    for field in fields(tensor)? {
        match (field.number, field.value) {
            (TENSOR_DIMS, Value::Varint(size)) => shape.push(size),
            (TENSOR_TYPE, Value::Varint(value)) => kind = value,
            (TENSOR_LOCATION, Value::Varint(value)) => location = value,
            _ => {}
        }
    }
    if location != EXTERNAL {
        return Ok(None);
    }
    let name = bytes_of(tensor, TENSOR_NAME)?.ok_or("a weight without a name")?;
    let name = std::str::from_utf8(name)?;
    let kind = match kind {
        TYPE_FLOAT => WeightType::Float,
        TYPE_UINT8 => WeightType::Byte,
        _ => {
            let what = format!("weight {name:?}: found type {kind}, expected floats or bytes");
            return Err(what.into());
        }
    };
    Ok(Some(WantedTensor { name, shape, kind }))
}

/// `tensor` with `values` in place of the reference to another file.
fn filled_tensor(tensor: &[u8], values: &[u8]) -> Result<Vec<u8>, WireError> {
    let mut out = Vec::with_capacity(tensor.len() + values.len() + 8);
    for field in fields(tensor)? {
        if ![TENSOR_RAW, TENSOR_EXTERNAL, TENSOR_LOCATION].contains(&field.number) {
            out.extend_from_slice(field.raw);
        }
    }
    put_bytes(&mut out, TENSOR_RAW, values);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A model with one tensor of two floats, which is elsewhere if `external`.
    fn model(external: bool, kind: u8) -> Vec<u8> {
        let mut tensor = vec![8, 2, 16, kind];
        put_bytes(&mut tensor, TENSOR_NAME, b"w");
        if external {
            put_bytes(&mut tensor, TENSOR_EXTERNAL, b"location");
            tensor.extend([14 << 3, 1]);
        }
        let mut graph = Vec::new();
        put_bytes(&mut graph, 1, b"node");
        put_bytes(&mut graph, GRAPH_INITIALIZER, &tensor);
        let mut model = vec![8, 8];
        put_bytes(&mut model, MODEL_GRAPH, &graph);
        model
    }

    #[test]
    fn a_weight_elsewhere_is_written_into_the_graph() {
        let filled = with_weights(&model(true, 1), |wanted| {
            assert_eq!(
                (wanted.name, wanted.shape.as_slice()),
                ("w", [2].as_slice())
            );
            assert_eq!(wanted.kind, WeightType::Float);
            Ok(vec![7; 8])
        })
        .unwrap();
        let graph = bytes_of(&filled, MODEL_GRAPH).unwrap().unwrap();
        let tensor = bytes_of(graph, GRAPH_INITIALIZER).unwrap().unwrap();
        assert_eq!(
            bytes_of(tensor, TENSOR_RAW).unwrap(),
            Some([7; 8].as_slice())
        );
        assert_eq!(bytes_of(tensor, TENSOR_EXTERNAL).unwrap(), None);
        assert!(wanted(tensor).unwrap().is_none());
    }

    #[test]
    fn a_weight_with_values_stays_as_it_is() {
        let model = model(false, 1);
        assert_eq!(with_weights(&model, |_| unreachable!()).unwrap(), model);
    }

    #[test]
    fn other_types_and_foreign_errors_are_errors() {
        let error = with_weights(&model(true, 7), |_| Ok(Vec::new())).unwrap_err();
        assert!(error.to_string().contains("type 7"), "{error}");
        let error = with_weights(&model(true, 2), |_| Err("none".into())).unwrap_err();
        assert_eq!(error.to_string(), "none");
    }

    proptest! {
        #[test]
        fn foreign_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            drop(with_weights(&bytes, |_| Ok(Vec::new())));
        }
    }
}
