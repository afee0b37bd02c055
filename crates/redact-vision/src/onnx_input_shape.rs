//! Makes the input height and width of a picture model variable.
//!
//! Some models are published for one input size, although their graph does not depend on it. Their
//! file is rewritten in memory before it is passed to the runtime: the input's dimensions become
//! symbolic, and the shapes that follow from the old ones (of outputs and intermediate values) are
//! removed, because the runtime infers them. All other fields are copied byte by byte.
//!
//! Field numbers: `onnx/onnx.proto` of onnx/onnx, version 1.17.

use std::borrow::Cow;

use crate::protobuf::{Value, WireError, bytes_of, fields, put_bytes, put_varint};

/// `ModelProto.ir_version`, `ModelProto.graph`.
const MODEL_IR_VERSION: u64 = 1;
const MODEL_GRAPH: u64 = 7;
/// `GraphProto.initializer`, `.input`, `.output`, `.value_info`.
const GRAPH_INITIALIZER: u64 = 5;
const GRAPH_INPUT: u64 = 11;
const GRAPH_OUTPUT: u64 = 12;
const GRAPH_VALUE_INFO: u64 = 13;
/// `TensorProto.name`.
const TENSOR_NAME: u64 = 8;
/// `ValueInfoProto.name`, `.type`.
const VALUE_NAME: u64 = 1;
const VALUE_TYPE: u64 = 2;
/// `TypeProto.tensor_type`.
const TYPE_TENSOR: u64 = 1;
/// `TypeProto.Tensor.shape`.
const TENSOR_SHAPE: u64 = 2;
/// `TensorShapeProto.dim`.
const SHAPE_DIM: u64 = 1;
/// `TensorShapeProto.Dimension.dim_value`, `.dim_param`.
const DIM_VALUE: u64 = 1;
const DIM_PARAM: u64 = 2;

/// The first format version in which weights need not be listed as inputs.
const IR_VERSION_FREE_WEIGHTS: u64 = 4;

/// Why a file is not an ONNX model whose input size can be made variable.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum InputShapeError {
    /// The bytes are not valid Protocol Buffers.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The model is not of the expected kind.
    #[error("{0}")]
    Model(&'static str),
}

/// Returns `model` with variable height and width of its picture input and a batch size of 1; the
/// unchanged bytes if they are variable already.
///
/// # Errors
/// [`InputShapeError`]: not an ONNX model, or not exactly one input of four dimensions.
pub(crate) fn with_free_sides(model: &[u8]) -> Result<Cow<'_, [u8]>, InputShapeError> {
    let mut ir_version = 0;
    let mut graph = None;
    for field in fields(model)? {
        match (field.number, field.value) {
            (MODEL_IR_VERSION, Value::Varint(version)) => ir_version = version,
            (MODEL_GRAPH, Value::Bytes(bytes)) if graph.is_none() => graph = Some(bytes),
            (MODEL_GRAPH, _) => return Err(InputShapeError::Model("more than one graph")),
            _ => {}
        }
    }
    let graph = graph.ok_or(InputShapeError::Model(
        "no graph: this is not an ONNX model",
    ))?;
    let Some(graph) = rewritten_graph(graph, ir_version >= IR_VERSION_FREE_WEIGHTS)? else {
        return Ok(Cow::Borrowed(model));
    };
    let mut out = Vec::with_capacity(model.len());
    for field in fields(model)? {
        if field.number == MODEL_GRAPH {
            put_bytes(&mut out, MODEL_GRAPH, &graph);
        } else {
            out.extend_from_slice(field.raw);
        }
    }
    Ok(Cow::Owned(out))
}

/// The new graph, or `None` if its input is variable already.
fn rewritten_graph(graph: &[u8], drop_weights: bool) -> Result<Option<Vec<u8>>, InputShapeError> {
    let graph_fields = fields(graph)?;
    let mut weights = std::collections::BTreeSet::new();
    for field in &graph_fields {
        if let (GRAPH_INITIALIZER, Value::Bytes(tensor)) = (field.number, field.value) {
            weights.extend(bytes_of(tensor, TENSOR_NAME)?);
        }
    }
    let mut out = Vec::with_capacity(graph.len());
    let mut inputs = 0;
    for field in &graph_fields {
        match (field.number, field.value) {
            (GRAPH_INPUT, Value::Bytes(input)) => {
                let name = bytes_of(input, VALUE_NAME)?;
                if name.is_some_and(|name| weights.contains(name)) {
                    // The runtime does not fold weights that are listed as inputs, because a caller
                    // could replace them.
                    if !drop_weights {
                        out.extend_from_slice(field.raw);
                    }
                    continue;
                }
                inputs += 1;
                let Some(input) = free_input(input)? else {
                    return Ok(None);
                };
                put_bytes(&mut out, GRAPH_INPUT, &input);
            }
            (GRAPH_OUTPUT, Value::Bytes(output)) => {
                put_bytes(&mut out, GRAPH_OUTPUT, &without_shape(output)?);
            }
            (GRAPH_VALUE_INFO, _) => {}
            _ => out.extend_from_slice(field.raw),
        }
    }
    if inputs != 1 {
        return Err(InputShapeError::Model(
            "a picture model has exactly one input that is not a weight",
        ));
    }
    Ok(Some(out))
}

/// The input with a batch size of 1 and variable sides, or `None` if they are variable already.
fn free_input(input: &[u8]) -> Result<Option<Vec<u8>>, InputShapeError> {
    let shape = shape_of(input)?.ok_or(InputShapeError::Model("the input has no shape"))?;
    let mut dims = Vec::new();
    for field in fields(shape)? {
        if let (SHAPE_DIM, Value::Bytes(dim)) = (field.number, field.value) {
            dims.push(fixed_size(dim)?);
        }
    }
    let &[_, channels, height, width] = dims.as_slice() else {
        return Err(InputShapeError::Model("the input has not four dimensions"));
    };
    if height.is_none() && width.is_none() {
        return Ok(None);
    }
    if channels != Some(3) {
        return Err(InputShapeError::Model("the input has not three channels"));
    }
    let mut free = Vec::new();
    for size in [1, 3] {
        let mut dim = Vec::new();
        put_varint(&mut dim, DIM_VALUE << 3);
        put_varint(&mut dim, size);
        put_bytes(&mut free, SHAPE_DIM, &dim);
    }
    for name in [b"height".as_slice(), b"width"] {
        let mut dim = Vec::new();
        put_bytes(&mut dim, DIM_PARAM, name);
        put_bytes(&mut free, SHAPE_DIM, &dim);
    }
    with_shape(input, Some(&free)).map(Some)
}

fn fixed_size(dim: &[u8]) -> Result<Option<u64>, InputShapeError> {
    let found = fields(dim)?.into_iter().find_map(|field| {
        let Value::Varint(size) = field.value else {
            return None;
        };
        (field.number == DIM_VALUE).then_some(size)
    });
    Ok(found)
}

fn without_shape(value_info: &[u8]) -> Result<Vec<u8>, InputShapeError> {
    with_shape(value_info, None)
}

fn shape_of(value_info: &[u8]) -> Result<Option<&[u8]>, InputShapeError> {
    let mut message = value_info;
    for number in [VALUE_TYPE, TYPE_TENSOR, TENSOR_SHAPE] {
        match bytes_of(message, number)? {
            Some(inner) => message = inner,
            None => return Ok(None),
        }
    }
    Ok(Some(message))
}

/// `value_info` with its shape replaced or removed.
fn with_shape(value_info: &[u8], shape: Option<&[u8]>) -> Result<Vec<u8>, InputShapeError> {
    replaced(value_info, &[VALUE_TYPE, TYPE_TENSOR, TENSOR_SHAPE], shape)
}

/// `message` with the field at the end of `path` replaced by `new`, or removed.
fn replaced(message: &[u8], path: &[u64], new: Option<&[u8]>) -> Result<Vec<u8>, InputShapeError> {
    let (&number, rest) = path.split_first().expect("a path names at least one field");
    let mut out = Vec::with_capacity(message.len());
    for field in fields(message)? {
        match field.value {
            Value::Bytes(inner) if field.number == number => {
                if rest.is_empty() {
                    if let Some(new) = new {
                        put_bytes(&mut out, number, new);
                    }
                } else {
                    put_bytes(&mut out, number, &replaced(inner, rest, new)?);
                }
            }
            _ => out.extend_from_slice(field.raw),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(parts: &[(u64, &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        for (number, bytes) in parts {
            put_bytes(&mut out, *number, bytes);
        }
        out
    }

    fn value_info(name: &str, sizes: &[u64]) -> Vec<u8> {
        let dims: Vec<Vec<u8>> = sizes
            .iter()
            .map(|size| {
                let mut dim = vec![8];
                put_varint(&mut dim, *size);
                dim
            })
            .collect();
        let dims: Vec<(u64, &[u8])> = dims.iter().map(|dim| (SHAPE_DIM, dim.as_slice())).collect();
        let shape = message(&dims);
        // Element type 1 (float) as a number before the shape.
        let mut tensor = vec![8, 1];
        tensor.extend(message(&[(TENSOR_SHAPE, &shape)]));
        let kind = message(&[(TYPE_TENSOR, &tensor)]);
        message(&[(VALUE_NAME, name.as_bytes()), (VALUE_TYPE, &kind)])
    }

    fn model(ir_version: u8, inputs: &[Vec<u8>]) -> Vec<u8> {
        let weight = message(&[(TENSOR_NAME, b"weight"), (9, b"data")]);
        let output = value_info("output", &[10, 8, 8]);
        let between = value_info("between", &[10, 4]);
        let mut parts: Vec<(u64, &[u8])> = vec![(1, b"node"), (GRAPH_INITIALIZER, &weight)];
        parts.extend(inputs.iter().map(|input| (GRAPH_INPUT, input.as_slice())));
        parts.push((GRAPH_OUTPUT, &output));
        parts.push((GRAPH_VALUE_INFO, &between));
        let graph = message(&parts);
        let mut out = vec![8, ir_version];
        out.extend(message(&[
            (2, b"producer"),
            (MODEL_GRAPH, &graph),
            (8, b"opset"),
        ]));
        out
    }

    fn graph_of(model: &[u8]) -> &[u8] {
        bytes_of(model, MODEL_GRAPH).unwrap().unwrap()
    }

    /// Goal: a fixed input becomes one with batch size 1 and variable sides, and nothing else
    /// changes except what depends on the old size.
    #[test]
    fn a_fixed_input_becomes_variable() {
        let fixed = model(
            6,
            &[
                value_info("weight", &[4]),
                value_info("in", &[10, 3, 32, 32]),
            ],
        );
        let free = with_free_sides(&fixed).unwrap();
        let graph = graph_of(&free);
        let inputs: Vec<_> = fields(graph)
            .unwrap()
            .into_iter()
            .filter(|field| field.number == GRAPH_INPUT)
            .collect();
        assert_eq!(inputs.len(), 1, "the weight is no input any more");
        let Value::Bytes(input) = inputs[0].value else {
            panic!()
        };
        assert_eq!(bytes_of(input, VALUE_NAME).unwrap(), Some(b"in".as_slice()));
        let sizes: Vec<_> = fields(shape_of(input).unwrap().unwrap())
            .unwrap()
            .iter()
            .map(|dim| match dim.value {
                Value::Bytes(dim) => fixed_size(dim).unwrap(),
                _ => panic!(),
            })
            .collect();
        assert_eq!(sizes, [Some(1), Some(3), None, None]);
        let output = bytes_of(graph, GRAPH_OUTPUT).unwrap().unwrap();
        assert_eq!(shape_of(output).unwrap(), None);
        assert_eq!(bytes_of(graph, GRAPH_VALUE_INFO).unwrap(), None);
        assert_eq!(bytes_of(graph, 1).unwrap(), Some(b"node".as_slice()));
        assert_eq!(bytes_of(&free, 8).unwrap(), Some(b"opset".as_slice()));
    }

    #[test]
    fn weights_stay_inputs_in_an_old_format() {
        let inputs = [
            value_info("weight", &[4]),
            value_info("in", &[1, 3, 32, 32]),
        ];
        let old = model(3, &inputs);
        let free = with_free_sides(&old).unwrap();
        let count = fields(graph_of(&free)).unwrap();
        assert_eq!(count.iter().filter(|f| f.number == GRAPH_INPUT).count(), 2);
    }

    #[test]
    fn a_variable_input_is_not_changed() {
        let fixed = model(6, &[value_info("in", &[10, 3, 32, 32])]);
        let free = with_free_sides(&fixed).unwrap().into_owned();
        assert!(matches!(with_free_sides(&free), Ok(Cow::Borrowed(same)) if same == free));
    }

    #[test]
    fn other_models_are_refused() {
        let refused = |inputs: &[Vec<u8>]| {
            assert!(matches!(
                with_free_sides(&model(6, inputs)),
                Err(InputShapeError::Model(_))
            ));
        };
        refused(&[]);
        refused(&[value_info("in", &[1, 1, 32, 32])]);
        refused(&[value_info("in", &[1, 16_000])]);
        let one = value_info("in", &[1, 3, 32, 32]);
        refused(&[one.clone(), one]);
    }

    #[test]
    fn a_truncated_file_is_refused() {
        let fixed = model(6, &[value_info("in", &[10, 3, 32, 32])]);
        for length in 0..fixed.len() {
            // Without the seven bytes of its last field the file is complete again.
            let whole = length == fixed.len() - 7;
            assert_eq!(with_free_sides(&fixed[..length]).is_ok(), whole, "{length}");
        }
    }

    proptest! {
        /// Goal: no bytes make it panic.
        #[test]
        fn foreign_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            with_free_sides(&bytes).ok();
        }
    }
}
