"""Recall at an overlap of .5 and false positives per image, for our networks and the public ones.

One way of feeding and of matching for all: per picture, from the highest score down, a box is a hit
when it overlaps a marked one of its class that is still free by at least .5.
"""

import argparse
import json
import time
from pathlib import Path

import cv2
import numpy as np

import data
import detectors
import scenes

# False positives per image at which models are compared.
ALLOWED = (0.05, 0.1, 0.2, 0.4)
KINDS = {**data.KINDS, "face": detectors.FACE, "person": detectors.PERSON}
# Side of the square in which `--spoil` spoils a picture, pixels.
SPOILED_SIDE = 512


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--set", action="append", required=True, help="folder with marked pictures")
    parser.add_argument("--part", choices=("train", "validation", "all"), default="all")
    parser.add_argument("--model", help="the ONNX file of plate-screen")
    parser.add_argument("--rows", action="append", default=[],
                        help="an ONNX file like objects.onnx or faces.onnx")
    parser.add_argument("--spoil", type=int, metavar="SEED",
                        help="spoil the pictures first as cameras do, from this seed")
    parser.add_argument("--teachers", help="folder with the public detectors")
    parser.add_argument("--side", type=int, action="append",
                        help="long side of the input, default 640")
    parser.add_argument("--enlarge", action="store_true",
                        help="enlarge small pictures, twice at most")
    parser.add_argument("--kind", choices=tuple(KINDS), default="plate")
    parser.add_argument("--threshold", type=float, action="append",
                        help="also print recall and false positives at this score")
    parser.add_argument("--json", help="also write the figures to this file")
    return parser.parse_args()


def spoiled(picture, marks, number, seed):
    """The picture, at most SPOILED_SIDE long, as a camera spoils it, and its boxes."""
    camera = scenes.Scenes.__new__(scenes.Scenes)
    camera.side = SPOILED_SIDE
    noise = np.random.default_rng([seed, 1]).normal(0, 1, (SPOILED_SIDE, SPOILED_SIDE, 3))
    camera.noise = noise.astype(np.float32)
    scale = min(SPOILED_SIDE / max(picture.shape[:2]), 1)
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    square = np.full((SPOILED_SIDE, SPOILED_SIDE, 3), 114, np.uint8)
    square[:small.shape[0], :small.shape[1]] = small
    square = camera.spoil(np.random.default_rng([seed, 2, number]), square)
    marks = marks.copy()
    marks[:, :4] *= scale
    return square[:small.shape[0], :small.shape[1]], marks


def hits(found, marks):
    """Per box of `found`, best first, whether it is a hit; `marks` [M, 4]."""
    free = list(range(len(marks)))
    result = []
    for box in found[np.argsort(-found[:, 4], kind="stable")]:
        best = max(free, key=lambda i: detectors.overlap(box, marks[i]), default=None)
        good = best is not None and detectors.overlap(box, marks[best]) >= 0.5
        if good:
            free.remove(best)
        result.append((box[4], good))
    return result


def measure(model, pictures, kind):
    """Scores and hits of all boxes, the number of marks, and seconds per picture."""
    rows, marked, spent = [], 0, 0.0
    for _, picture, marks in pictures:
        start = time.monotonic()
        found = model(picture)
        spent += time.monotonic() - start
        marks = marks[marks[:, 4] == kind]
        marked += len(marks)
        rows += hits(found[found[:, 5] == kind], marks)
    rows.sort(key=lambda row: -row[0])
    return np.array(rows, np.float64).reshape(-1, 2), marked, spent / max(len(pictures), 1)


def at_allowed(rows, marked, images, allowed):
    """(recall, threshold) with at most so many false positives per image."""
    false = np.cumsum(rows[:, 1] == 0) / images
    last = np.searchsorted(false, allowed, side="right")
    return rows[:last, 1].sum() / max(marked, 1), rows[last - 1, 0] if last else 1.0


def at_threshold(rows, marked, images, threshold):
    """(recall, false positives per image) of boxes from `threshold` on."""
    some = rows[rows[:, 0] >= threshold]
    return some[:, 1].sum() / max(marked, 1), (some[:, 1] == 0).sum() / images


def models_of(options):
    """Name and detector, one for each input side."""
    for side in options.side or [640]:
        how = {"side": side, "enlarge": options.enlarge}
        if options.model:
            yield f"plate-screen {side}", detectors.Own(options.model, **how)
        for path in options.rows:
            yield f"{Path(path).stem} {side}", detectors.Rows(path, **how)
        if options.teachers:
            folder = Path(options.teachers)
            if options.kind == "plate":
                yield f"lpd-yunet {side}", detectors.LpdYunet(
                    folder / "lpd_yunet_2022may_dyn.onnx", **how)
            else:
                yield f"yolox-nano {side}", detectors.YoloxNano(
                    Path(__file__).parent / "yolox_nano_dyn.onnx", **how)


def main():
    options = parse()
    kind = KINDS[options.kind]
    lines = []
    for folder in options.set:
        pictures = list(data.read_set(folder, options.part, KINDS))
        if options.spoil is not None:
            pictures = [(name, *spoiled(picture, marks, number, options.spoil))
                        for number, (name, picture, marks) in enumerate(pictures)]
        for name, model in models_of(options):
            rows, marked, seconds = measure(model, pictures, kind)
            images = max(len(pictures), 1)
            line = {"set": Path(folder).name, "part": options.part, "model": name,
                    "pictures": len(pictures), "marked": marked, "ms": round(seconds * 1e3, 1)}
            for allowed in ALLOWED:
                recall, threshold = at_allowed(rows, marked, images, allowed)
                line[f"recall at {allowed} FP"] = f"{recall:.3f} (from {threshold:.2f})"
            for threshold in options.threshold or []:
                recall, false = at_threshold(rows, marked, images, threshold)
                line[f"from {threshold}"] = f"{recall:.3f} at {false:.3f} FP"
            lines.append(line)
            print("  ".join(f"{k}: {v}" for k, v in line.items()), flush=True)
    if options.json:
        Path(options.json).write_text(json.dumps(lines, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
