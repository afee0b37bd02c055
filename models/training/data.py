"""Reads image sets with COCO-like boxes, and divides them by ride or by source.

A set is a folder with `boxes.json` (COCO format; of its categories those that the
caller names are read) and `images/`.
"""

import json
import re
import zlib
from pathlib import Path

import cv2
import numpy as np

KINDS = {"plate": 0, "screen": 1}
# Rides that are never trained on; sets without rides give every fourth picture.
HELD_OUT_RIDES = {"dayride_type1_002", "nightride_type3_001"}
RIDE = re.compile(r"(.*ride.*)_\d+$")
# Longest side of a picture that is kept for training, pixels.
LONG_MAX = 1280


def held_out(name):
    """Whether the picture `name` is for validation."""
    stem = Path(name).stem
    ride = RIDE.match(stem)
    if ride:
        return ride[1] in HELD_OUT_RIDES
    return zlib.crc32(stem.encode()) % 4 == 0


def read_marks(folder, wanted=None):
    """(name, boxes [N, 5]) of every picture of a set.

    `wanted` gives the numbers of the classes to read by their names, `KINDS` if none.
    """
    book = json.loads((Path(folder) / "boxes.json").read_text(encoding="utf-8"))
    kinds = {c["id"]: (wanted or KINDS).get(c["name"]) for c in book["categories"]}
    boxes = {}
    for mark in book["annotations"]:
        x, y, width, height = mark["bbox"]
        kind = kinds[mark["category_id"]]
        if kind is not None:
            boxes.setdefault(mark["image_id"], []).append([x, y, x + width, y + height, kind])
    for entry in book["images"]:
        yield entry["file_name"], np.array(boxes.get(entry["id"], []), np.float64).reshape(-1, 5)


def read_set(folder, part="all", wanted=None, names=None):
    """(name, picture, boxes [N, 5]) of a set's `part`: "train", "validation" or "all".

    `wanted` as in `read_marks`; `names` are the pictures to read, if not all.
    """
    for name, marks in read_marks(folder, wanted):
        if part != "all" and held_out(name) != (part == "validation"):
            continue
        if names is not None and name not in names:
            continue
        picture = cv2.imread(str(Path(folder) / "images" / name), cv2.IMREAD_COLOR)
        if picture is None:
            raise SystemExit(f"{folder}: cannot read {name}")
        yield name, picture, marks


def reduced(picture, marks):
    """The picture at most LONG_MAX long, with its boxes."""
    scale = LONG_MAX / max(picture.shape[:2])
    if scale >= 1:
        return picture, marks
    picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    marks = marks.copy()
    marks[:, :4] *= scale
    return picture, marks


def frames(path, count):
    """`count` frames of a video, evenly spread."""
    video = cv2.VideoCapture(str(path))
    total = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
    wanted = set(np.linspace(0, max(total - 1, 0), count).astype(int).tolist())
    for at in range(total):
        if not video.grab():
            return
        if at in wanted:
            good, picture = video.retrieve()
            if good:
                yield picture
