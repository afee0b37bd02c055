"""Composes samples for `faces-covered.onnx`: real pictures at random scales, spoiled by cameras.

One sample depends on the seed and its number alone. Labels are those of `complete.py`.
"""

import json
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

import covers
import data
import scenes

FACE, UNSURE = 0, scenes.UNSURE
# Boxes per sample, at most; the smallest others are left out.
BOXES = 64
# Heights that faces are scaled to, pixels, for a single scene and in a crowd.
HEIGHTS = (9, 210)
HEIGHTS_OF_CROWD = (8, 34)
# Shorter side below which a face is left alone, pixels; share of it that must be in the sample.
SIDE_MIN = 6.5
SHOWN_MIN = 0.38
# How far a small picture is enlarged.
ENLARGED_MAX = 3.5
CROWDS = 0.25
COVERED = 0.3


def read(labels, folder, part):
    """(picture, boxes [N, 5]) of one part of a set; the class is FACE or UNSURE."""
    folder = Path(folder)
    book = json.loads((Path(labels) / f"{folder.name}.json").read_text(encoding="utf-8"))
    rows = {}
    for mark in book["annotations"]:
        x, y, width, height = mark["bbox"]
        kind = UNSURE if mark["ignore"] else FACE
        rows.setdefault(mark["image_id"], []).append([x, y, x + width, y + height, kind])
    for entry in book["images"]:
        name = entry["file_name"]
        if data.held_out(name) != (part == "validation"):
            continue
        picture = cv2.imread(str(folder / "images" / name), cv2.IMREAD_COLOR)
        if picture is None:
            raise SystemExit(f"{folder}: cannot read {name}")
        marks = np.array(rows.get(entry["id"], []), np.float64).reshape(-1, 5)
        yield data.reduced(picture, marks)


class FaceScenes(scenes.Scenes):
    """Makes samples of `side` pixels from sets, a list of (share, list of (picture, boxes))."""

    def __init__(self, sets, side, seed, is_covered=True):
        self.side, self.seed, self.is_covered = side, seed, is_covered
        self.sets = [[(scenes.mipmap(picture), boxes) for picture, boxes in pictures]
                     for _, pictures in sets]
        shares = np.array([share for share, _ in sets])
        self.shares = shares / shares.sum()
        self.full = [[at for at, (_, boxes) in enumerate(pictures) if (boxes[:, 4] == FACE).any()]
                     for pictures in self.sets]
        noise = np.random.default_rng([seed, 1])
        self.noise = noise.normal(0, 1, (512, 512, 3)).astype(np.float32)

    def pick(self, rng):
        """A picture of some set, mostly one with faces."""
        at = rng.choice(len(self.sets), p=self.shares)
        pictures, full = self.sets[at], self.full[at]
        if full and rng.random() < 0.9:
            return pictures[full[rng.integers(len(full))]]
        return pictures[rng.integers(len(pictures))]

    def sample(self, number):
        """Sample `number`: BGR uint8 [side, side, 3] and boxes [N, 5]."""
        rng = np.random.default_rng([self.seed, 2, number])
        if rng.random() < CROWDS:
            image, boxes = self.crowd(rng)
        else:
            image, boxes = self.single(rng, self.side, HEIGHTS)
        boxes = np.array(boxes, np.float64).reshape(-1, 5)
        if rng.random() < 0.5:
            image = image[:, ::-1]
            boxes[:, [0, 2]] = self.side - boxes[:, [2, 0]]
        image = self.spoil(rng, self.shake(rng, np.ascontiguousarray(image)))
        sizes = (boxes[:, 2:4] - boxes[:, :2]).prod(1)
        return image, boxes[np.argsort(-sizes)[:BOXES]]

    def crowd(self, rng):
        """Four to nine scenes side by side."""
        side, count = self.side, int(rng.integers(2, 4))
        image, boxes = np.empty((side, side, 3), np.uint8), []
        steps = np.linspace(0, side, count + 1).astype(int)
        for left, right in pairwise(steps):
            for top, bottom in pairwise(steps):
                part, found = self.single(rng, max(right - left, bottom - top), HEIGHTS_OF_CROWD)
                image[top:bottom, left:right] = part[:bottom - top, :right - left]
                for box in found:
                    add(boxes, box[:4] + np.array([left, top, left, top]), box[4],
                        (left, top, right, bottom))
        return image, boxes

    def matrix(self, rng, levels, boxes, side, heights):
        """How a picture is laid into a square of `side` pixels [2, 3]."""
        size = np.array(levels[0].shape[1::-1])
        faces = boxes[boxes[:, 4] == FACE]
        if len(faces) and rng.random() < 0.85:
            box = faces[rng.integers(len(faces))]
            height = np.exp(rng.uniform(*np.log(heights)))
            scale = min(height / (box[3] - box[1]), ENLARGED_MAX)
            if rng.random() < 0.6:
                scale = max(scale, min(side / size.max() * rng.uniform(0.6, 1.1), ENLARGED_MAX))
            middle, at = (box[:2] + box[2:4]) / 2, rng.uniform(0.02, 0.98, 2) * side
        else:
            scale = min(side / size.max() * np.exp(rng.uniform(-0.2, 0.9)), ENLARGED_MAX)
            middle, at = rng.uniform(0.3, 0.7, 2) * size, np.full(2, side / 2)
        turn = np.deg2rad(rng.normal(0, 8) if rng.random() < 0.75 else rng.uniform(-60, 60))
        stretch = np.exp(rng.uniform(-0.12, 0.12))
        cos, sin = np.cos(turn), np.sin(turn)
        linear = scale * np.array([[cos, -sin], [sin, cos]]) @ np.diag([stretch, 1 / stretch])
        return np.column_stack([linear, at - linear @ middle])

    def single(self, rng, side, heights):
        """One picture over a part of another: BGR uint8 [side, side, 3] and boxes."""
        whole, self.side = self.side, side
        levels, marks = self.pick(rng)
        behind, others = self.pick(rng)
        size = np.array(behind[0].shape[1::-1])
        scale = side / size.min() * np.exp(rng.uniform(0, 0.6))
        room = np.maximum(size * scale - side, 0)
        under = np.column_stack([np.eye(2) * scale, -rng.uniform(0, 1, 2) * room])
        image = self.crop(behind, under)
        matrix = self.matrix(rng, levels, marks, side, heights)
        image = self.crop(levels, matrix, image)
        self.side = whole
        # Boxes of the picture behind that the other one hides, all or in part.
        high, wide = levels[0].shape[:2]
        corners = np.array([[0, 0, 1], [wide, 0, 1], [wide, high, 1], [0, high, 1]]) @ matrix.T
        hidden = np.zeros((side, side), np.uint8)
        cv2.fillConvexPoly(hidden, np.round(corners).astype(np.int32), 1)
        boxes = []
        for mark in others if scale <= ENLARGED_MAX else []:
            self.place(rng, None, boxes, under, mark, behind, side)
        shares = [hidden[int(box[1]):int(box[3]) + 1, int(box[0]):int(box[2]) + 1].mean()
                  for box in boxes]
        boxes = [[*box[:4], UNSURE if share > 0.3 else box[4]]
                 for box, share in zip(boxes, shares, strict=True) if share < 0.9]
        texture = behind[min(2, len(behind) - 1)]
        for mark in marks:
            self.place(rng, image, boxes, matrix, mark, texture, side)
        return image, boxes

    def place(self, rng, image, boxes, matrix, mark, texture, side):
        """Adds the box of `mark`, and perhaps covers its face in `image`."""
        half = (mark[2:4] - mark[:2]) / 2
        frame = np.column_stack([matrix[:, :2] * half,
                                 matrix @ [*(mark[:2] + mark[2:4]) / 2, 1]])
        # A face is about an ellipse: the box around the turned one.
        reach = np.sqrt((frame[:, :2] ** 2).sum(1))
        box = np.concatenate([frame[:, 2] - reach, frame[:, 2] + reach])
        kind = add(boxes, box, mark[4], (0, 0, side, side))
        if image is not None and self.is_covered and kind == FACE and rng.random() < COVERED:
            covers.cover(rng, image, frame, texture)

    def shake(self, rng, image):
        """The blur of a camera that moves."""
        if rng.random() > 0.45:
            return image
        reach = np.exp(rng.uniform(np.log(2), np.log(self.side * 0.055)))
        turn = rng.normal(0, 0.5) if rng.random() < 0.6 else rng.uniform(0, np.pi)
        count = int(np.ceil(reach)) | 1
        kernel = np.zeros((count, count), np.float32)
        along = np.array([np.cos(turn), np.sin(turn)]) * reach / 2
        ends = [tuple(int(v) for v in np.round((count // 2 + sign * along) * 16))
                for sign in (-1, 1)]
        cv2.line(kernel, *ends, 1.0, 1, cv2.LINE_AA, 4)
        return cv2.filter2D(image, -1, kernel / max(kernel.sum(), 1e-6))


def add(boxes, box, kind, room):
    """Adds what of `box` lies in `room`; returns the class it gets, or nothing."""
    low, high = np.maximum(box[:2], room[:2]), np.minimum(box[2:], room[2:])
    if (high - low < 2).any():
        return None
    shown = (high - low).prod() / (box[2:] - box[:2]).prod()
    if shown < SHOWN_MIN or (box[2:] - box[:2]).min() < SIDE_MIN:
        kind = UNSURE
    boxes.append([*low, *high, kind])
    return kind
