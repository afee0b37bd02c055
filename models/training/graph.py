"""Runs an ONNX network in PyTorch so that its weights can be trained.

Supports only the operators of the two networks that `derive.py` prepares. The graph never changes:
`save` writes the trained weights into a copy of the original file, so the result has the same
layers, input, and output.
"""

import copy

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import nn
from torch.nn import functional


def pool(x, kernel_shape, pads, strides, **_):
    return functional.max_pool2d(x, kernel_shape, strides, pads[0])


def cut(x, begin, end, axes, steps=None):
    """Slice; every argument is an integer array."""
    where = [slice(None)] * x.ndim
    for at, axis in enumerate(axes.tolist()):
        step = 1 if steps is None else int(steps[at])
        where[axis] = slice(int(begin[at]), int(end[at]), step)
    return x[tuple(where)]


def reshape(x, shape):
    """The published files assume a batch of one; this allows any batch size."""
    return x.reshape(x.shape[0], *shape.tolist()[1:])


def enlarge(x, _, scales):
    return functional.interpolate(x, scale_factor=tuple(scales.tolist()[2:]))


def root(x):
    """Square root, offset so that its gradient at zero is finite."""
    return (x + 1e-12).sqrt()


OPERATORS = {
    "Add": torch.add,
    "Concat": lambda *parts, axis: torch.cat(parts, axis),
    "Gather": lambda x, index, axis: x[index],
    "MaxPool": pool,
    "Mul": torch.mul,
    "ReduceMax": lambda x, axes, keepdims: x.amax(axes, bool(keepdims)),
    "Relu": functional.relu,
    "Reshape": reshape,
    "Resize": lambda *inputs, **_: enlarge(*inputs),
    "Shape": lambda x: torch.tensor(x.shape),
    "Sigmoid": torch.sigmoid,
    "Slice": cut,
    "Sqrt": root,
    "Transpose": lambda x, perm: x.permute(perm),
    "Unsqueeze": lambda x, axes: x.unsqueeze(axes[0]),
}


class Graph(nn.Module):
    """An ONNX network with one input and one output; its convolutions are trainable."""

    def __init__(self, path):
        super().__init__()
        self.model = onnx.load(str(path))
        graph = self.model.graph
        convolved = {name for node in graph.node if node.op_type == "Conv"
                     for name in node.input[1:]}
        self.names, self.constants = {}, {}
        self.weights = nn.ParameterList()
        for tensor in graph.initializer:
            value = torch.from_numpy(np.array(numpy_helper.to_array(tensor)))
            if tensor.name in convolved:
                self.names[tensor.name] = len(self.weights)
                self.weights.append(nn.Parameter(value))
            else:
                self.constants[tensor.name] = value
        self.steps = [
            (node.op_type, list(node.input), node.output[0],
             {a.name: helper.get_attribute_value(a) for a in node.attribute})
            for node in graph.node
        ]
        unknown = {step[0] for step in self.steps} - set(OPERATORS) - {"Conv"}
        if unknown:
            raise SystemExit(f"{path}: unsupported operators {sorted(unknown)}; "
                             f"supported: {sorted({'Conv', *OPERATORS})}")
        taken = set(self.names) | set(self.constants)
        (self.input,) = [value.name for value in graph.input if value.name not in taken]
        self.output = graph.output[0].name

    def forward(self, x):
        values = dict(self.constants)
        values.update((name, self.weights[at]) for name, at in self.names.items())
        values[self.input] = x
        for kind, inputs, output, options in self.steps:
            given = [values[name] for name in inputs if name]
            if kind == "Conv":
                values[output] = functional.conv2d(
                    *given, stride=options["strides"], padding=options["pads"][:2],
                    groups=options.get("group", 1))
            else:
                values[output] = OPERATORS[kind](*given, **options)
        return values[self.output]

    def calibrate(self, gain, logit):
        """Multiplies everything that goes through a sigmoid by `gain` and adds `logit`, before it
        does."""
        shaping = {"Transpose", "Reshape"}
        made = {step[2]: step for step in self.steps}
        for kind, inputs, *_ in self.steps:
            if kind != "Sigmoid":
                continue
            before = made[inputs[0]]
            while before[0] in shaping:
                before = made[before[1][0]]
            if before[0] != "Conv" or len(before[1]) != 3:
                raise SystemExit("a sigmoid does not follow a convolution with a bias")
            with torch.no_grad():
                weight, bias = (self.weights[self.names[name]] for name in before[1][1:])
                weight *= gain
                bias *= gain
                bias += logit

    def save(self, path):
        """Writes the original file with the current weights."""
        model = copy.deepcopy(self.model)
        for tensor in model.graph.initializer:
            if tensor.name in self.names:
                value = self.weights[self.names[tensor.name]].detach().numpy()
                tensor.CopyFrom(numpy_helper.from_array(value, tensor.name))
        onnx.checker.check_model(model)
        onnx.save(model, str(path))
