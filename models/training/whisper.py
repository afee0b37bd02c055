"""Writes the graphs with which the program runs a Whisper model: the layers without the weights.

    python whisper.py whisper-base --layers 6 --width 512 --heads 8 --output FOLDER

Writes `FOLDER/NAME-encoder.onnx` and `FOLDER/NAME-decoder.onnx`; the same arguments give the same
bytes. The weights stay in the published file (CTranslate2's `model.bin`): every weight of a graph
is declared as external data under the name that it has in that file, and the program hands the
tensors to ONNX Runtime by that name. No weight is read here, and none is stored.

The layers are those of `whisper/model.py` (openai-whisper 20250625, MIT); names and shapes of the
tensors are those of CTranslate2's `WhisperSpec`, revision 3. Every matrix [out, in] is stored in
8 bits (`MATRIX_BITS`), with one scale for each block of `BLOCK` values of a row, as the operator
`com.microsoft.MatMulNBits` reads them: the program converts them while it loads them. Convolutions,
biases, norms and positions are 32-bit floats.

Shapes, with L layers of H heads of D values each, W = H * D, B texts, n new and T earlier tokens:

- encoder: `mel` [1, 80, 3000] gives `cross_keys` [L, H, D, 1500] and `cross_values`
  [L, H, 1500, D], which all layers of the decoder need of the sound.
- decoder: `tokens` [B, n], `keys` and `values` [L, B, H, T, D], `cross_keys`, `cross_values` give
  `logits` [B, n, tokens of the vocabulary], `next_keys` and `next_values` [L, B, H, T + n, D], and
  `attention` [L, B, H, n, 1500]: which step of the sound each token comes from, before the softmax.
"""

import argparse
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

MEL_BANDS = 80
MEL_FRAMES = 3000
STEPS = 1500
POSITIONS = 448
VOCABULARY = 51865
MATRIX_BITS = 8
BLOCK = 32
EPSILON = 1e-5
OPSET = 17
# The oldest version of the format that has this operator set.
IR_VERSION = 8
MICROSOFT = "com.microsoft"


class Graph:
    """A graph under construction; methods add nodes and return the name of their output."""

    def __init__(self, sizes):
        self.sizes = sizes
        self.nodes = []
        self.tensors = []
        self.names = set()

    def add(self, operator, inputs, outputs=1, domain="", **attributes):
        names = [f"{operator.lower()}_{len(self.nodes)}_{at}" for at in range(outputs)]
        self.nodes.append(
            helper.make_node(operator, inputs, names, domain=domain, **attributes)
        )
        return names[0] if outputs == 1 else names

    def numbers(self, values, kind=np.int64):
        """A constant that is part of the graph."""
        name = f"constant_{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(np.array(values, dtype=kind), name))
        return name

    def external(self, name, shape, kind):
        """A tensor that the program provides under this name."""
        if name not in self.names:
            self.names.add(name)
            tensor = TensorProto(name=name, data_type=kind, dims=shape)
            tensor.data_location = TensorProto.EXTERNAL
            tensor.external_data.add(key="location", value="weights")
            self.tensors.append(tensor)
        return name

    def weight(self, name, *shape):
        """A tensor of the published file, as 32-bit floats."""
        return self.external(name, shape, TensorProto.FLOAT)

    def coded(self, name, rows, columns):
        """The codes, from 0 to 255 around 128, and the scales of a matrix."""
        blocks = columns // BLOCK
        codes = self.external(f"{name}:codes", [rows, blocks, BLOCK], TensorProto.UINT8)
        return codes, self.external(f"{name}:scales", [rows * blocks], TensorProto.FLOAT)

    def embedded(self, places, name, rows, columns):
        """The rows at `places` of the matrix `name`."""
        codes, scales = self.coded(name, rows, columns)
        scales = self.add("Reshape", [scales, self.numbers([rows, columns // BLOCK, 1])])
        codes, scales = (self.add("Gather", [x, places], axis=0) for x in (codes, scales))
        codes = self.add("Cast", [codes], to=TensorProto.FLOAT)
        codes = self.add("Sub", [codes, self.numbers(128.0, np.float32)])
        values = self.add("Mul", [codes, scales])
        return self.add("Reshape", [values, self.numbers([0, 0, columns])])

    def matrix(self, x, name, rows, columns, bias=None):
        """x [.., columns] times the transposed matrix `name` [rows, columns], plus a bias."""
        codes, scales = self.coded(name, rows, columns)
        product = self.add(
            "MatMulNBits", [x, codes, scales], domain=MICROSOFT,
            K=columns, N=rows, bits=MATRIX_BITS, block_size=BLOCK, accuracy_level=4,
        )
        return self.add("Add", [product, self.weight(bias, rows)]) if bias else product

    def linear(self, x, name, rows, columns):
        return self.matrix(x, f"{name}/weight", rows, columns, f"{name}/bias")

    def norm(self, x, name):
        width = self.sizes.width
        gamma, beta = (self.weight(f"{name}/{part}", width) for part in ("gamma", "beta"))
        return self.add("LayerNormalization", [x, gamma, beta], axis=-1, epsilon=EPSILON)

    def gelu(self, x):
        """0.5 x (1 + erf(x / sqrt(2))), which the runtime fuses."""
        ratio = self.add("Div", [x, self.numbers(np.sqrt(2.0), np.float32)])
        one = self.add("Add", [self.add("Erf", [ratio]), self.numbers(1.0, np.float32)])
        return self.add("Mul", [self.add("Mul", [x, one]), self.numbers(0.5, np.float32)])

    def feed_forward(self, x, name):
        width = self.sizes.width
        inner = self.norm(x, f"{name}/layer_norm")
        inner = self.gelu(self.linear(inner, f"{name}/linear_0", 4 * width, width))
        return self.add("Add", [x, self.linear(inner, f"{name}/linear_1", width, 4 * width)])

    def heads(self, x, order=(0, 2, 1, 3)):
        """[B, n, W] as [B, H, n, D], or in another order."""
        shape = self.numbers([0, 0, self.sizes.heads, self.sizes.depth])
        return self.add("Transpose", [self.add("Reshape", [x, shape])], perm=order)

    def joined(self, x):
        """[B, H, n, D] as [B, n, W]."""
        x = self.add("Transpose", [x], perm=(0, 2, 1, 3))
        return self.add("Reshape", [x, self.numbers([0, 0, self.sizes.width])])

    def thirds(self, x, count):
        widths = self.numbers([self.sizes.width] * count)
        return self.add("Split", [x, widths], outputs=count, axis=-1)

    def size_of(self, tensor, axis):
        shape = self.add("Shape", [tensor])
        return self.add("Gather", [shape, self.numbers(axis)], axis=0)

    def stacked(self, layers):
        axis = self.numbers([0])
        layers = [self.add("Unsqueeze", [layer, axis]) for layer in layers]
        return self.add("Concat", layers, axis=0)

    def finish(self, name, inputs, outputs, results):
        """The model; `results` are the names of the nodes' outputs for `outputs`."""
        for (output, _, _), result in zip(outputs, results, strict=True):
            self.nodes.append(helper.make_node("Identity", [result], [output]))
        inputs, outputs = (
            [helper.make_tensor_value_info(n, kind, shape) for n, kind, shape in values]
            for values in (inputs, outputs)
        )
        graph = helper.make_graph(self.nodes, name, inputs, outputs, self.tensors)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(
            graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="redact"
        )


def encoder(sizes):
    """The model of the sound."""
    graph = Graph(sizes)
    width = sizes.width
    x = "mel"
    for name, channels, stride in (("conv1", MEL_BANDS, 1), ("conv2", width, 2)):
        weight = graph.weight(f"encoder/{name}/weight", width, channels, 3)
        bias = graph.weight(f"encoder/{name}/bias", width)
        x = graph.add(
            "Conv", [x, weight, bias], kernel_shape=[3], pads=[1, 1], strides=[stride]
        )
        x = graph.gelu(x)
    x = graph.add("Transpose", [x], perm=(0, 2, 1))
    positions = graph.weight("encoder/position_encodings/encodings", STEPS, width)
    x = graph.add("Add", [x, positions])
    for layer in range(sizes.layers):
        name = f"encoder/layer_{layer}/self_attention"
        inner = graph.norm(x, f"{name}/layer_norm")
        qkv = graph.thirds(graph.linear(inner, f"{name}/linear_0", 3 * width, width), 3)
        inner = graph.add(
            "MultiHeadAttention", qkv, domain=MICROSOFT,
            num_heads=sizes.heads, scale=sizes.depth**-0.5,
        )
        x = graph.add("Add", [x, graph.linear(inner, f"{name}/linear_1", width, width)])
        x = graph.feed_forward(x, f"encoder/layer_{layer}/ffn")
    x = graph.norm(x, "encoder/layer_norm")

    keys, values = [], []
    for layer in range(sizes.layers):
        name = f"decoder/layer_{layer}/attention/linear_1"
        key, value = graph.thirds(graph.linear(x, name, 2 * width, width), 2)
        keys.append(graph.heads(key, (0, 2, 3, 1)))
        values.append(graph.heads(value))
    inputs = [("mel", TensorProto.FLOAT, [1, MEL_BANDS, MEL_FRAMES])]
    results = [graph.add("Concat", parts, axis=0) for parts in (keys, values)]
    return graph.finish("encoder", inputs, cross(sizes), results)


def cross(sizes):
    """What the decoder needs of the sound."""
    shape = [sizes.layers, sizes.heads]
    return [
        ("cross_keys", TensorProto.FLOAT, [*shape, sizes.depth, STEPS]),
        ("cross_values", TensorProto.FLOAT, [*shape, STEPS, sizes.depth]),
    ]


def attend(graph, query, keys, values, mask=None):
    """Attention of `query` [B, H, n, D]; also returns the scores before the softmax."""
    scale = graph.numbers(graph.sizes.depth**-0.5, np.float32)
    scores = graph.add("MatMul", [graph.add("Mul", [query, scale]), keys])
    masked = graph.add("Add", [scores, mask]) if mask else scores
    weights = graph.add("Softmax", [masked], axis=-1)
    return graph.joined(graph.add("MatMul", [weights, values])), scores


def causal(graph):
    """Positions of the new tokens [n], and a mask [n, T + n] that hides later tokens."""
    zero, one = graph.numbers(0), graph.numbers(1)
    before = graph.size_of("keys", 3)
    new = graph.size_of("tokens", 1)
    end = graph.add("Add", [before, new])
    positions = graph.add("Range", [before, end, one])
    columns = graph.add("Range", [zero, end, one])
    rows = graph.add("Unsqueeze", [positions, graph.numbers([1])])
    later = graph.add("Greater", [columns, rows])
    hidden = [graph.numbers(value, np.float32) for value in (-1e9, 0.0)]
    return positions, graph.add("Where", [later, *hidden])


def decoder(sizes):
    """The model of the text."""
    graph = Graph(sizes)
    width = sizes.width
    positions, mask = causal(graph)
    table = graph.weight("decoder/position_encodings/encodings", POSITIONS, width)
    name = "decoder/embeddings/weight"
    x = graph.embedded("tokens", name, VOCABULARY, width)
    x = graph.add("Add", [x, graph.add("Gather", [table, positions], axis=0)])
    kept, scores = ([], []), []
    for layer in range(sizes.layers):
        name = f"decoder/layer_{layer}/self_attention"
        inner = graph.norm(x, f"{name}/layer_norm")
        qkv = graph.thirds(graph.linear(inner, f"{name}/linear_0", 3 * width, width), 3)
        query, *new = (graph.heads(part) for part in qkv)
        both = []
        for past, part, kind in zip(("keys", "values"), new, kept, strict=True):
            past = graph.add("Gather", [past, graph.numbers(layer)], axis=0)
            both.append(graph.add("Concat", [past, part], axis=2))
            kind.append(both[-1])
        keys = graph.add("Transpose", [both[0]], perm=(0, 1, 3, 2))
        inner, _ = attend(graph, query, keys, both[1], mask)
        x = graph.add("Add", [x, graph.linear(inner, f"{name}/linear_1", width, width)])

        name = f"decoder/layer_{layer}/attention"
        inner = graph.norm(x, f"{name}/layer_norm")
        query = graph.heads(graph.linear(inner, f"{name}/linear_0", width, width))
        sound = (
            graph.add("Gather", [side, graph.numbers([layer])], axis=0)
            for side in ("cross_keys", "cross_values")
        )
        inner, score = attend(graph, query, *sound)
        scores.append(score)
        x = graph.add("Add", [x, graph.linear(inner, f"{name}/linear_2", width, width)])
        x = graph.feed_forward(x, f"decoder/layer_{layer}/ffn")
    x = graph.norm(x, "decoder/layer_norm")
    logits = graph.matrix(x, "decoder/embeddings/weight", VOCABULARY, width)

    real = TensorProto.FLOAT
    shape = [sizes.layers, "B", sizes.heads]
    past = [(name, real, [*shape, "T", sizes.depth]) for name in ("keys", "values")]
    inputs = [("tokens", TensorProto.INT64, ["B", "n"]), *past, *cross(sizes)]
    outputs = [
        ("logits", real, ["B", "n", VOCABULARY]),
        *((f"next_{name}", real, [*shape, "T+n", sizes.depth]) for name, _, _ in past),
        ("attention", real, [*shape, "n", STEPS]),
    ]
    results = [logits, *(graph.stacked(kind) for kind in kept), graph.stacked(scores)]
    return graph.finish("decoder", inputs, outputs, results)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("name", help="name of the card")
    parser.add_argument("--layers", type=int, required=True, help="of encoder and decoder each")
    parser.add_argument("--width", type=int, required=True, help="values per position")
    parser.add_argument("--heads", type=int, required=True, help="heads per layer")
    parser.add_argument("--output", type=Path, required=True, help="folder of the two files")
    sizes = parser.parse_args()
    sizes.depth = sizes.width // sizes.heads
    for part, model in (("encoder", encoder(sizes)), ("decoder", decoder(sizes))):
        path = sizes.output / f"{sizes.name}-{part}.onnx"
        path.write_bytes(model.SerializeToString(deterministic=True))
        print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
