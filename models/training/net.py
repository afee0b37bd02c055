"""The detector: a small anchor-free convolutional net for two classes, plates and screens.

Plain convolutions with early reduction, three levels (strides 8, 16, 32) joined top-down, one head
per level. Fully convolutional: any input with sides that are multiples of 32.

Input: [B, 3, H, W], BGR, 0..1. Output: [B, N, 6] over the cells of the three grids, row by row:
the box's middle from the cell's corner and the logarithm of its sides, both in strides, then one
value per class (logits in training, probabilities in the exported file).
"""

import copy

import torch
from torch import nn
from torch.nn import functional

CLASSES = ("plate", "screen")
STRIDES = (8, 16, 32)
CHANNELS = (16, 24, 48, 80, 112)
BLOCKS = (1, 1, 2, 1)
NECK = 48


def convolution(inputs, outputs, kernel=3, stride=1):
    """Convolution, normalisation, rectifier."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, channels):
        super().__init__()
        self.first = convolution(channels, channels)
        self.second = convolution(channels, channels)

    def forward(self, x):
        return x + self.second(self.first(x))


class Stage(nn.Module):
    """Half the channels pass through residual blocks, and every step is kept for the last layer."""

    def __init__(self, inputs, outputs, blocks):
        super().__init__()
        self.half = outputs // 2
        self.reduce = convolution(inputs, outputs, 3, 2)
        self.split = convolution(outputs, outputs, 1)
        self.blocks = nn.ModuleList(Residual(self.half) for _ in range(blocks))
        self.join = convolution(self.half * (blocks + 2), outputs, 1)

    def forward(self, x):
        parts = list(self.split(self.reduce(x)).split(self.half, 1))
        for block in self.blocks:
            parts.append(block(parts[-1]))
        return self.join(torch.cat(parts, 1))


class PlateScreenNet(nn.Module):
    """The whole detector; see the head of this file for its input and output."""

    def __init__(self):
        super().__init__()
        stem = [convolution(3, CHANNELS[0], 3, 2), convolution(CHANNELS[0], CHANNELS[1], 3, 2)]
        stem += [Residual(CHANNELS[1]) for _ in range(BLOCKS[0])]
        self.stem = nn.Sequential(*stem)
        self.stages = nn.ModuleList(
            Stage(CHANNELS[i + 1], CHANNELS[i + 2], BLOCKS[i + 1]) for i in range(3)
        )
        self.laterals = nn.ModuleList(convolution(c, NECK, 1) for c in CHANNELS[2:])
        self.heads = nn.ModuleList(
            nn.Sequential(convolution(NECK, NECK), nn.Conv2d(NECK, 4 + len(CLASSES), 1))
            for _ in STRIDES
        )
        for head in self.heads:
            # Nearly no cell holds anything: start from there.
            nn.init.constant_(head[-1].bias[4:], -5.0)
            nn.init.zeros_(head[-1].bias[:4])

    def forward(self, x):
        levels = []
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
            levels.append(x)
        above = None
        outputs = []
        for i in (2, 1, 0):
            level = self.laterals[i](levels[i])
            if above is not None:
                level = level + functional.interpolate(above, scale_factor=2.0)
            above = level
            outputs.append(self.heads[i](level).flatten(2))
        return torch.cat(outputs[::-1], 2).transpose(1, 2)


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
    """Writes the net as ONNX with free input sides, for channels of 0..255."""
    net = copy.deepcopy(net)
    net.stem[0][0].weight.data.div_(255)
    net = Exported(net, shift).float().cpu().eval()
    sides = {2: "height", 3: "width"}
    torch.onnx.export(
        net, torch.zeros(1, 3, 384, 640), path, opset_version=17,
        input_names=["input"], output_names=["output"],
        dynamic_axes={"input": sides, "output": {1: "cells"}},
    )
