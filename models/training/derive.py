"""Prepares the networks that the training of `objects.onnx` and `faces.onnx` starts from.

    python derive.py objects YOLOX_NANO.onnx objects-begin.onnx
    python derive.py faces YUNET_N.onnx faces-begin.onnx

`distill.py` calls this by itself. The results have the layers, input and output of our models, with
the weights of the published ones (Apache-2.0); they are the teachers and are not committed.

- objects: YOLOX-nano (Megvii; trained on COCO) knows 80 classes. Eight of them are what a release
  may have to hide; the others are cut off. Output [1, N, 7]: the box, then one score for a screen,
  a vehicle and a person: the probability of an object times the highest among the classes that
  are one.
- faces: YuNet-n (Shiqi Yu and others; trained on WIDER FACE) also gives five points of each face,
  which nobody needs here; they are cut off, and its nine outputs are joined to one. Output
  [1, N, 5]: the box, then the square root of the probability of an object times that of a face.

N runs over the cells of the grids at strides 8, 16 and 32; boxes are as YOLOX codes them. Every
layer that is left has the weights of the published file: both files are run on noise after the
result is written, and every score and box must agree to the last bit.
"""

import argparse
import hashlib
import os
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

# The pinned version has no telemetry; should another one be installed, this switches it off.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import onnxruntime

STRIDES = (8, 16, 32)
# Rows of the published class head (COCO as YOLOX orders it), in the order of our output.
GROUPS = {
    "screen": (62, 63, 67),  # television, laptop, telephone
    "vehicle": (2, 3, 5, 7),  # car, motorcycle, bus, truck
    "person": (0,),
}
ROWS = [row for rows in GROUPS.values() for row in rows]
COCO_CLASSES = 80
# SHA-256 of the files that are the published model: as published, and with free input sides.
PUBLISHED = {
    "objects": {
        "c789161ed43c8269fcd4e67c67eeeb4e80c622da2eb296a20bc6007bd18a0b7d",
        "e34a80ccf953fb0c069119c526006d2a7760709ace9158bc55615656caedb965",
    },
    "faces": {"104ee26c71d5c270ce79a6b3dced91c91013260d29a6bf18f9296c5b8c4c2b12"},
}


def cut_classes(graph):
    """Leaves the wanted rows of every class head, and their number in the shapes behind it."""
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    heads = 0
    for node in graph.node:
        if node.op_type == "Conv":
            weight = numpy_helper.to_array(tensors[node.input[1]])
            if weight.shape[0] != COCO_CLASSES:
                continue
            heads += 1
            for name in node.input[1:3]:
                rows = numpy_helper.to_array(tensors[name])[ROWS]
                tensors[name].CopyFrom(numpy_helper.from_array(rows, name))
        elif node.op_type == "Reshape":
            shape = numpy_helper.to_array(tensors[node.input[1]]).copy()
            shape[shape == 5 + COCO_CLASSES] = 5 + len(ROWS)
            tensors[node.input[1]].CopyFrom(numpy_helper.from_array(shape, node.input[1]))
    if heads != len(STRIDES):
        raise SystemExit(f"{heads} heads with {COCO_CLASSES} classes, expected {len(STRIDES)}")


def fold_classes(graph):
    """Appends nodes that give one score per group in place of those of the object and classes."""
    whole = graph.output[0].name

    def cut(name, begin, end):
        """Columns `begin..end` of every row."""
        for suffix, value in (("begin", [begin]), ("end", [end]), ("axis", [2])):
            tensor = numpy_helper.from_array(np.array(value, np.int64), f"{name}.{suffix}")
            graph.initializer.append(tensor)
        inputs = [whole, f"{name}.begin", f"{name}.end", f"{name}.axis"]
        graph.node.append(helper.make_node("Slice", inputs, [name]))
        return name

    columns, begin = [cut("box", 0, 4)], 5
    cut("object", 4, 5)
    for group, rows in GROUPS.items():
        classes = cut(f"{group}.classes", begin, begin + len(rows))
        begin += len(rows)
        best, score = f"{group}.best", f"{group}.score"
        graph.node.append(helper.make_node("ReduceMax", [classes], [best], axes=[2], keepdims=1))
        graph.node.append(helper.make_node("Mul", ["object", best], [score]))
        columns.append(score)
    graph.node.append(helper.make_node("Concat", columns, ["rows"], axis=2))


def join_levels(graph):
    """Appends nodes that join the boxes and scores of YuNet's three levels."""
    levels = []
    for stride in STRIDES:
        both, score, rows = (f"{what}_{stride}" for what in ("both", "score", "rows"))
        inputs = [f"cls_{stride}", f"obj_{stride}"]
        graph.node.append(helper.make_node("Mul", inputs, [both]))
        graph.node.append(helper.make_node("Sqrt", [both], [score]))
        graph.node.append(helper.make_node("Concat", [f"bbox_{stride}", score], [rows], axis=2))
        levels.append(rows)
    graph.node.append(helper.make_node("Concat", levels, ["rows"], axis=1))


def only_rows(graph, columns):
    """Leaves the output `rows` and what it is computed from, and the input's sides free."""
    needed, nodes = {"rows"}, []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            nodes.append(node)
            needed.update(node.input)
    weights = [tensor for tensor in graph.initializer if tensor.name in needed]
    names = {tensor.name for tensor in graph.initializer}
    (picture,) = [value for value in graph.input if value.name not in names]
    sides = picture.type.tensor_type.shape.dim
    sides[0].dim_value, sides[2].dim_param, sides[3].dim_param = 1, "height", "width"
    output = helper.make_tensor_value_info("rows", onnx.TensorProto.FLOAT, [1, "cells", columns])
    for field, values in (("node", reversed(nodes)), ("initializer", weights),
                          ("input", [picture]), ("output", [output]), ("value_info", [])):
        values = list(values)
        graph.ClearField(field)
        getattr(graph, field).extend(values)


def answers(what, path):
    """What the published model at `path` says of noise, in the rows of ours; and the noise."""
    noise = np.random.default_rng(1).uniform(0, 255, (1, 3, 416, 416)).astype(np.float32)
    run = onnxruntime.InferenceSession(str(path))
    values = run.run(None, {run.get_inputs()[0].name: noise})
    if what == "objects":
        rows = values[0][0]
        scores = [rows[:, 4] * rows[:, [5 + row for row in group]].max(1)
                  for group in GROUPS.values()]
        return np.column_stack([rows[:, :4], *scores]), noise
    named = dict(zip((output.name for output in run.get_outputs()), values, strict=True))
    levels = [
        np.column_stack([
            named[f"bbox_{stride}"][0],
            np.sqrt(named[f"cls_{stride}"][0] * named[f"obj_{stride}"][0]),
        ])
        for stride in STRIDES
    ]
    return np.concatenate(levels), noise


def derive(what, source, output):
    """Writes and checks one model; ends the program when `source` is not the published file."""
    digest = hashlib.sha256(Path(source).read_bytes()).hexdigest()
    if digest not in PUBLISHED[what]:
        raise SystemExit(f"{source}: SHA-256 {digest}, expected that of the published file")
    model = onnx.load(source)
    if what == "objects":
        cut_classes(model.graph)
        fold_classes(model.graph)
        only_rows(model.graph, 4 + len(GROUPS))
    else:
        join_levels(model.graph)
        only_rows(model.graph, 5)
    onnx.checker.check_model(model)
    onnx.save(model, output)
    expected, noise = answers(what, source)
    run = onnxruntime.InferenceSession(str(output))
    found = run.run(None, {run.get_inputs()[0].name: noise})[0][0]
    if not np.array_equal(found, expected):
        raise SystemExit(f"{output}: its answers are not those of {source}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=sorted(PUBLISHED))
    parser.add_argument("source", help="the published file")
    parser.add_argument("output", help="the file to write")
    options = parser.parse_args()
    derive(options.what, options.source, options.output)


if __name__ == "__main__":
    main()
