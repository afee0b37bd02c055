"""The detector: YOLOX-nano with a head for two classes, plates and screens.

The layers are those of YOLOX-nano (Apache-2.0, Megvii; https://github.com/Megvii-BaseDetection/
YOLOX) as its published ONNX file has them, normalisation already folded into the convolutions, and
begin with its weights. What is new: of its 80 classes three are kept (television, laptop,
telephone), which together are the screen, and a row for plates is added.

Input: [B, 3, H, W], BGR, 0..255, any sides that are multiples of 32. Output: [B, N, 6] over the
cells of the three grids, row by row: the box's middle from the cell's corner and the logarithm of
its sides, both in strides, then one value per class (logits in training, probabilities in the
exported file).
"""

import copy

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn
from torch.nn import functional

CLASSES = ("plate", "screen")
STRIDES = (8, 16, 32)
# Television, laptop and telephone among the classes of COCO as YOLOX orders them.
SCREENS_OF_COCO = (62, 63, 67)
# Logit of a plate where nothing is known: about one cell in a hundred.
PLATE_BIAS = -4.6


class Convolution(nn.Sequential):
    """Convolution and SiLU; `split` makes it a depthwise and a pointwise one."""

    def __init__(self, inputs, outputs, kernel=1, stride=1, split=False):
        def one(a, b, size, step, groups):
            return [nn.Conv2d(a, b, size, step, size // 2, groups=groups), nn.SiLU(inplace=True)]

        if split:
            super().__init__(*one(inputs, inputs, kernel, stride, inputs),
                             *one(inputs, outputs, 1, 1, 1))
        else:
            super().__init__(*one(inputs, outputs, kernel, stride, 1))


class Bottleneck(nn.Module):
    """Two convolutions, beside a shortcut or not."""

    def __init__(self, channels, shortcut):
        super().__init__()
        self.first = Convolution(channels, channels)
        self.second = Convolution(channels, channels, 3, split=True)
        self.shortcut = shortcut

    def forward(self, x):
        result = self.second(self.first(x))
        return result + x if self.shortcut else result


class Stage(nn.Module):
    """Half the channels pass through bottlenecks, half pass by."""

    def __init__(self, inputs, outputs, count, shortcut):
        super().__init__()
        self.through = Convolution(inputs, outputs // 2)
        self.past = Convolution(inputs, outputs // 2)
        self.blocks = nn.Sequential(*(Bottleneck(outputs // 2, shortcut) for _ in range(count)))
        self.join = Convolution(outputs, outputs)

    def forward(self, x):
        through, past = self.through(x), self.past(x)
        return self.join(torch.cat([self.blocks(through), past], 1))


class Pyramid(nn.Module):
    """Pooling over three neighbourhoods."""

    def __init__(self, channels):
        super().__init__()
        self.reduce = Convolution(channels, channels // 2)
        self.join = Convolution(channels * 2, channels)

    def forward(self, x):
        x = self.reduce(x)
        pooled = [functional.max_pool2d(x, size, 1, size // 2) for size in (5, 9, 13)]
        return self.join(torch.cat([x, *pooled], 1))


class Head(nn.Module):
    """One level's answers: box, whether there is a thing, which of the three screens, plate."""

    def __init__(self, inputs):
        super().__init__()
        self.stem = Convolution(inputs, 64)
        self.kinds = nn.Sequential(*(Convolution(64, 64, 3, split=True) for _ in range(2)))
        self.kind = nn.Conv2d(64, len(SCREENS_OF_COCO), 1)
        self.places = nn.Sequential(*(Convolution(64, 64, 3, split=True) for _ in range(2)))
        self.box = nn.Conv2d(64, 4, 1)
        self.thing = nn.Conv2d(64, 1, 1)
        self.plate = nn.Conv2d(128, 1, 1)
        nn.init.normal_(self.plate.weight, std=0.01)
        nn.init.constant_(self.plate.bias, PLATE_BIAS)

    def forward(self, x):
        x = self.stem(x)
        kinds = self.kinds(x)
        kind = self.kind(kinds)
        places = self.places(x)
        box, thing = self.box(places), self.thing(places)
        # As in YOLOX a screen's probability is that of a thing times that of the kind.
        kind = kind.float().amax(1, keepdim=True)
        both = functional.logsigmoid(thing.float()) + functional.logsigmoid(kind)
        screen = both - torch.log1p(-both.exp().clamp(max=1 - 1e-6))
        plate = self.plate(torch.cat([kinds, places], 1))
        return torch.cat([box, plate, screen], 1).flatten(2)


class PlateScreenNet(nn.Module):
    """The whole detector; see the head of this file for its input and output."""

    def __init__(self):
        super().__init__()
        self.stem = Convolution(12, 16, 3)
        self.dark2 = nn.Sequential(Convolution(16, 32, 3, 2, True), Stage(32, 32, 1, True))
        self.dark3 = nn.Sequential(Convolution(32, 64, 3, 2, True), Stage(64, 64, 3, True))
        self.dark4 = nn.Sequential(Convolution(64, 128, 3, 2, True), Stage(128, 128, 3, True))
        self.dark5 = nn.Sequential(Convolution(128, 256, 3, 2, True), Pyramid(256),
                                   Stage(256, 256, 1, False))
        self.lateral5, self.up4 = Convolution(256, 128), Stage(256, 128, 1, False)
        self.lateral4, self.up3 = Convolution(128, 64), Stage(128, 64, 1, False)
        self.down4, self.out4 = Convolution(64, 64, 3, 2, True), Stage(128, 128, 1, False)
        self.down5, self.out5 = Convolution(128, 128, 3, 2, True), Stage(256, 256, 1, False)
        self.heads = nn.ModuleList(Head(channels) for channels in (64, 128, 256))

    def forward(self, x):
        corners = [x[..., y::2, z::2] for z in (0, 1) for y in (0, 1)]
        dark3 = self.dark3(self.dark2(self.stem(torch.cat(corners, 1))))
        dark4 = self.dark4(dark3)
        low5 = self.lateral5(self.dark5(dark4))
        mixed4 = self.up4(torch.cat([twice(low5), dark4], 1))
        low4 = self.lateral4(mixed4)
        out3 = self.up3(torch.cat([twice(low4), dark3], 1))
        out4 = self.out4(torch.cat([self.down4(out3), low4], 1))
        out5 = self.out5(torch.cat([self.down5(out4), low5], 1))
        outs = zip(self.heads, (out3, out4, out5), strict=True)
        levels = [head(level) for head, level in outs]
        return torch.cat(levels, 2).transpose(1, 2)


def twice(x):
    """Each cell four times."""
    return functional.interpolate(x, scale_factor=2.0)


def begin(net, path):
    """Fills the net with the weights of the published YOLOX-nano file at `path`.

    The convolutions of both stand in the order in which they are computed.
    """
    graph = onnx.load(str(path)).graph
    values = {v.name: numpy_helper.to_array(v) for v in graph.initializer}
    theirs = [[torch.from_numpy(values[name].copy()) for name in node.input[1:3]]
              for node in graph.node if node.op_type == "Conv"]
    ours = []
    hooks = [m.register_forward_hook(lambda module, *_: ours.append(module))
             for m in net.modules() if isinstance(m, nn.Conv2d)]
    with torch.no_grad():
        net(torch.zeros(1, 3, 64, 64))
    for hook in hooks:
        hook.remove()
    fresh = {id(head.plate) for head in net.heads}
    screens = {id(head.kind) for head in net.heads}
    ours = [module for module in ours if id(module) not in fresh]
    if len(ours) != len(theirs):
        raise SystemExit(f"{path}: {len(theirs)} convolutions, not the {len(ours)} of YOLOX-nano")
    for module, (weight, bias) in zip(ours, theirs, strict=True):
        if id(module) in screens:
            rows = list(SCREENS_OF_COCO)
            weight, bias = weight[rows], bias[rows]
        if module.weight.shape != weight.shape:
            raise SystemExit(f"{path}: a convolution of {list(weight.shape)} where YOLOX-nano has "
                             f"{list(module.weight.shape)}")
        module.weight.data.copy_(weight)
        module.bias.data.copy_(bias)
    return net


class Exported(nn.Module):
    """The same with probabilities instead of logits, each class's logit moved by `shift`."""

    def __init__(self, net, shift):
        super().__init__()
        self.net = net
        self.register_buffer("shift", torch.tensor(shift, dtype=torch.float32))

    def forward(self, x):
        output = self.net(x)
        return torch.cat([output[..., :4], (output[..., 4:] + self.shift).sigmoid()], 2)


def grid(width, height, device=None):
    """Cell corners [N, 2] and strides [N, 1] in input pixels, in the order of the output."""
    corners, strides = [], []
    for stride in STRIDES:
        y, x = torch.meshgrid(
            torch.arange(height // stride, device=device),
            torch.arange(width // stride, device=device),
            indexing="ij",
        )
        corner = torch.stack([x, y], 2).reshape(-1, 2).float() * stride
        corners.append(corner)
        strides.append(torch.full((len(corner), 1), float(stride), device=device))
    return torch.cat(corners), torch.cat(strides)


def decode(codes, corners, strides):
    """Boxes [.., N, 4] as x_min, y_min, x_max, y_max in input pixels from codes [.., N, 4]."""
    middle = corners + codes[..., :2] * strides
    half = codes[..., 2:4].clamp(-4, 5).exp() * strides / 2
    return torch.cat([middle - half, middle + half], -1)


def export(net, path, shift=(0.0, 0.0)):
    """Writes the net as ONNX with free input sides and weights of 16 bits."""
    net = Exported(copy.deepcopy(net), shift).float().cpu().eval()
    sides = {2: "height", 3: "width"}
    torch.onnx.export(
        net, torch.zeros(1, 3, 384, 640), path, opset_version=17,
        input_names=["input"], output_names=["output"],
        dynamic_axes={"input": sides, "output": {1: "cells"}},
    )
    model = onnx.load(path)
    halve(model.graph)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def halve(graph):
    """Stores weights in 16 bits, each followed by a cast that a runtime folds when it loads."""
    casts = []
    for tensor in graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT or len(tensor.dims) == 0:
            continue
        name = tensor.name
        small = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16),
                                        name + ".half")
        tensor.CopyFrom(small)
        casts.append(onnx.helper.make_node("Cast", [small.name], [name], to=onnx.TensorProto.FLOAT))
    for at, cast in enumerate(casts):
        graph.node.insert(at, cast)
