"""Joins the first layers of a network of YOLOX into one.

    python fold.py MODEL.onnx...

YOLOX begins by putting every second pixel of every second row into a channel of its own, four
times, and runs a convolution of 3x3 over these 12 channels. That is a convolution of 6x6 with
stride 2 over the picture, with the same weights in another order: the same products are summed, and
the slices and their joining, a tenth of the network's time, are gone. A file is replaced after both
networks were run on noise: no output may differ by more than the rounding of sums.
"""

import argparse
import os
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import onnxruntime

# Largest difference of an output (boxes in strides, scores) that the order of sums may cause.
DIFFERENCE_MAX = 1e-4
SIDES = (160, 96)


def constants(graph):
    """Arrays by name: initializers and constants."""
    found = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant":
            found[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
    return found


def corner(name, makers, values, picture):
    """Row and column of the first pixel of a slice of the picture, and the nodes that cut it."""
    start, nodes = {}, []
    while name != picture:
        node = makers[name]
        if node.op_type != "Slice":
            raise SystemExit(f"a {node.op_type} before the first convolution, expected slices")
        begin, _, axes, steps = (values[entry].reshape(-1) for entry in node.input[1:5])
        for at, axis, step in zip(begin, axes, steps, strict=True):
            if step == 2:
                start[int(axis) % 4] = int(at)
        nodes.append(node)
        name = node.input[0]
    return start[2], start[3], nodes


def fold(model):
    """Replaces the slices, their joining and the convolution behind them."""
    graph = model.graph
    makers = {name: node for node in graph.node for name in node.output}
    values = constants(graph)
    picture = graph.input[0].name
    first = next(node for node in graph.node if node.op_type == "Conv")
    joined = makers.get(first.input[0])
    if joined is None or joined.op_type != "Concat":
        raise SystemExit("the first convolution does not follow joined slices")
    stored = first.input[1]
    if stored not in values:  # Stored in 16 bits and cast.
        stored = makers[stored].input[0]
    narrow = values[stored]
    wide = np.zeros((narrow.shape[0], 3, 6, 6), narrow.dtype)
    gone = [joined]
    for at, name in enumerate(joined.input):
        row, column, nodes = corner(name, makers, values, picture)
        wide[:, :, row::2, column::2] = narrow[:, 3 * at:3 * at + 3]
        gone.extend(node for node in nodes if node not in gone)
    tensor = next(tensor for tensor in graph.initializer if tensor.name == stored)
    tensor.CopyFrom(numpy_helper.from_array(wide, stored))
    first.input[0] = picture
    shape = {"kernel_shape": [6, 6], "pads": [2] * 4, "strides": [2] * 2}
    others = [a for a in first.attribute if a.name not in shape]
    del first.attribute[:]
    first.attribute.extend(others)
    first.attribute.extend(helper.make_attribute(*entry) for entry in shape.items())
    for node in gone:
        graph.node.remove(node)
    drop_unused(graph)


def drop_unused(graph):
    """Removes what no node reads: constants, initializers and described values."""
    read = {name for node in graph.node for name in node.input}
    for node in [n for n in graph.node if n.op_type == "Constant" and n.output[0] not in read]:
        graph.node.remove(node)
    for tensor in [t for t in graph.initializer if t.name not in read]:
        graph.initializer.remove(tensor)
    made = {name for node in graph.node for name in node.output}
    for value in [v for v in graph.value_info if v.name not in made]:
        graph.value_info.remove(value)


def output(model, noise):
    """What a network gives for `noise`."""
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, {session.get_inputs()[0].name: noise})[0]


def replace(path):
    """Writes the folded network in place of the one at `path`."""
    model = onnx.load(str(path))
    width, height = SIDES
    noise = np.random.default_rng(20).random((1, 3, height, width)).astype(np.float32) * 255
    before = output(model, noise)
    fold(model)
    onnx.checker.check_model(model)
    difference = float(np.abs(output(model, noise) - before).max())
    if difference > DIFFERENCE_MAX:
        raise SystemExit(f"{path}: outputs differ by {difference}, expected {DIFFERENCE_MAX}")
    onnx.save(model, str(path))
    print(f"{path}: outputs differ by {difference:.1e} at most")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", type=Path, nargs="+")
    for path in parser.parse_args().models:
        replace(path)


if __name__ == "__main__":
    main()
