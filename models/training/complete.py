"""Completes the face labels of image sets by what six runs of three public detectors agree on.

    python complete.py OUTPUT/ --begin YUNET_N.onnx --models ../ --set SETS/faces ...

Writes OUTPUT/SET.json for each set: `boxes.json` of the set with the boxes of faces that people
marked (`by` "people"), those that the detectors agree on (`by` "teachers"), and those that they
suspect, with `ignore`, from which nothing is to be learned. The pictures stay where they are.
OUTPUT/SET.found.jsonl gets what the detectors found, picture by picture: an interrupted run resumes
from there.

In sets that mark any face the detectors only add. Their boxes are first grown as people draw them:
by the median difference of each side, on the marked faces of the training part, where that is
outward. People draw some sides farther in, and others where the detectors do: a box that is to hide
a face must not get smaller from that.

`--set 200:SETS/faces` labels and lists no more than 200 pictures of the set, chosen by a hash of
their names.

`--few SETS/cars` names sets whose pictures were looked at and have hardly any faces. There, too,
the detectors must be surer: what they doubt is mostly a lamp, and is to be learned as empty.
"""

import argparse
import json
import zlib
from multiprocessing import Pool
from pathlib import Path

import cv2
import numpy as np

import data
import derive
import detectors

# Mean log odds over the runs from which a face is sure, and from which it is suspected.
SURE, SUSPECTED = -0.3, -2.2
# Beside marked faces, and where there are hardly any, the detectors must be surer.
SURE_BESIDE_MARKS, SUSPECTED_BESIDE_MARKS = 0.7, -1.5
# Probability that stands for a run which does not see a box, and its opposite.
LEAST = 0.02
# Shorter side below which a box is only suspected, pixels.
SIDE_MIN = 6
LONG_SIDES = (640, 1280)
# Where each side of a box moves when it grows.
OUTWARD = np.array([-1, -1, 1, 1])


class Teachers:
    """Three public detectors at two sizes, and mirrored."""

    def __init__(self, yunet, models):
        small, _ = LONG_SIDES
        self.yunet = [detectors.Rows(yunet, side=side) for side in LONG_SIDES]
        retina = Path(models) / "retinaface_mnet025.onnx"
        self.retina = [detectors.RetinaFace(retina, side=side) for side in LONG_SIDES]
        self.center = detectors.CenterFace(Path(models) / "centerface.onnx", side=small)

    def runs(self, picture):
        """The boxes [N, 6] of every run."""
        long = max(picture.shape[:2])
        large = float(np.clip(2 * long, *LONG_SIDES))
        scale = large / long
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        grown = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=way)
        mirrored = np.ascontiguousarray(grown[:, ::-1])
        results = [self.yunet[0](grown), self.yunet[1](grown), self.yunet[1](mirrored),
                   self.retina[0](grown), self.retina[1](grown), self.center(grown)]
        width = mirrored.shape[1]
        results[2][:, [0, 2]] = width - results[2][:, [2, 0]]
        for boxes in results:
            boxes[:, :4] /= scale
        return results

    def __call__(self, picture):
        """Merged boxes [N, 5]: the box, and the mean log odds over all runs."""
        results = self.runs(picture)
        run = np.concatenate([np.full(len(boxes), at) for at, boxes in enumerate(results)])
        boxes = np.concatenate(results)
        order = np.argsort(-boxes[:, 4], kind="stable")
        boxes, run = boxes[order], run[order].astype(int)
        merged, free = [], np.ones(len(boxes), bool)
        for at in range(len(boxes)):
            if not free[at]:
                continue
            same = free & (detectors.overlaps(boxes[at:at + 1], boxes)[0] > 0.4)
            free &= ~same
            best = np.full(len(results), LEAST)
            np.maximum.at(best, run[same], boxes[same, 4])
            best = np.clip(best, LEAST, 1 - LEAST)
            box = np.average(boxes[same, :4], axis=0, weights=boxes[same, 4])
            merged.append([*box, np.log(best / (1 - best)).mean()])
        return np.array(merged).reshape(-1, 5)


def start(yunet, models):
    """Gives a process its detectors."""
    global teachers
    cv2.setNumThreads(1)
    teachers = Teachers(yunet, models)


def look(entry):
    """The merged boxes of one picture, beside its name and its marks."""
    name, picture, marks = entry
    return name, teachers(picture), marks


def look_at_all(pool, folder, names, path):
    """What `look` says of the pictures of a set that are among `names`; of those that the file at
    `path` has from an earlier run, that."""
    found = {}
    if path.exists():
        # A line without its end was being written when that run was stopped.
        lines = [line for line in path.read_text(encoding="utf-8").splitlines(True)
                 if line.endswith("\n")]
        path.write_text("".join(lines), encoding="utf-8")
        found = dict(map(json.loads, lines))
    pictures = data.read_set(folder, "all", {"face": 0}, names - found.keys())
    with path.open("a", encoding="utf-8") as file:
        for name, boxes, _ in pool.imap(look, pictures):
            found[name] = boxes.tolist()
            file.write(json.dumps([name, found[name]]) + "\n")
            file.flush()
    return [(name, np.array(found[name]).reshape(-1, 5), marks)
            for name, marks in data.read_marks(folder, {"face": 0}) if name in names]


def chosen(folder, most):
    """The names of at most `most` pictures of a set; of all if that is nothing."""
    book = json.loads((folder / "boxes.json").read_text(encoding="utf-8"))
    names = [entry["file_name"] for entry in book["images"]]
    # The lowest bits divide a set into its parts: others choose here, so that both are thinned.
    names.sort(key=lambda name: zlib.crc32(Path(name).stem.encode()) >> 2)
    return set(names[:most])


def drawn(boxes, shift):
    """Boxes as people draw them: each side moved by `shift` [4], in shares of width and height."""
    size = np.tile(boxes[:, 2:4] - boxes[:, :2], 2)
    return np.column_stack([boxes[:, :4] + size * shift, boxes[:, 4:]])


def differences(found, marks):
    """How far the sides of marked boxes lie from those found on them, in shares [N, 4]."""
    found = found[found[:, 4] > SURE]
    if not len(found) or not len(marks):
        return np.zeros((0, 4))
    common = detectors.overlaps(found, marks)
    best = common.argmax(1)
    some = common.max(1) > 0.5
    size = np.tile(found[some, 2:4] - found[some, :2], 2)
    return (marks[best[some], :4] - found[some, :4]) / size


def labels(found, marks, is_strict):
    """The rows [x_min, y_min, x_max, y_max, by people, ignore] of one picture."""
    rows = [[*mark[:4], True, False] for mark in marks]
    sure, suspected = ((SURE_BESIDE_MARKS, SUSPECTED_BESIDE_MARKS) if is_strict
                       else (SURE, SUSPECTED))
    for box in found[found[:, 4] > suspected]:
        if len(marks) and detectors.overlaps(box[None], marks).max() > 0.3:
            continue
        small = min(box[2] - box[0], box[3] - box[1]) < SIDE_MIN
        rows.append([*box[:4], False, bool(small or box[4] < sure)])
    return rows


def write(path, folder, rows_of):
    """Writes one set; `rows_of` has the rows of each picture by its name."""
    book = json.loads((folder / "boxes.json").read_text(encoding="utf-8"))
    (face,) = [c["id"] for c in book["categories"] if c["name"] == "face"]
    book["images"] = [entry for entry in book["images"] if entry["file_name"] in rows_of]
    numbers = {entry["file_name"]: entry["id"] for entry in book["images"]}
    book["annotations"] = [
        {"id": 0, "image_id": numbers[name], "category_id": face,
         "bbox": [round(float(v), 1) for v in (x, y, right - x, bottom - y)],
         "by": "people" if by_people else "teachers", "ignore": ignore}
        for name, rows in rows_of.items() for x, y, right, bottom, by_people, ignore in rows
    ]
    for number, mark in enumerate(book["annotations"], 1):
        mark["id"] = number
    path.write_text(json.dumps(book), encoding="utf-8")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", help="folder for the labels")
    parser.add_argument("--begin", required=True, help="the published YuNet-n")
    parser.add_argument("--models", required=True, help="folder with RetinaFace and CenterFace")
    parser.add_argument("--set", action="append", required=True, metavar="[MOST:]FOLDER",
                        help="folder with pictures, and how many of them are used at most")
    parser.add_argument("--few", action="append", default=[], metavar="[MOST:]FOLDER",
                        help="the same of pictures that have hardly any faces")
    parser.add_argument("--processes", type=int, default=2)
    return parser.parse_args()


def main():
    options = parse()
    output = Path(options.output)
    output.mkdir(parents=True, exist_ok=True)
    derive.derive("faces", options.begin, output / "yunet.onnx")
    sets, strict = {}, set()
    with Pool(options.processes, start, (output / "yunet.onnx", options.models)) as pool:
        for is_few, text in [(False, text) for text in options.set] + [
                (True, text) for text in options.few]:
            most, _, folder = text.rpartition(":")
            folder = Path(folder)
            names = chosen(folder, int(most) if most else None)
            path = output / f"{folder.name}.found.jsonl"
            sets[folder] = look_at_all(pool, folder, names, path)
            if is_few or any(len(marks) for _, _, marks in sets[folder]):
                strict.add(folder)
            print(f"{folder.name}: {len(sets[folder])} pictures", flush=True)
    moved = np.concatenate([differences(found, marks) for pictures in sets.values()
                            for name, found, marks in pictures if not data.held_out(name)])
    shift = np.median(moved, axis=0) if len(moved) else np.zeros(4)
    print(f"people draw {np.round(shift, 3)} farther, {len(moved)} faces")
    shift = shift * (shift * OUTWARD > 0)
    for folder, pictures in sets.items():
        rows_of = {name: labels(drawn(found, shift), marks, folder in strict)
                   for name, found, marks in pictures}
        write(output / f"{folder.name}.json", folder, rows_of)
        rows = [row for rows in rows_of.values() for row in rows]
        print(f"{folder.name}: {sum(row[4] for row in rows)} marked, "
              f"{sum(not row[4] and not row[5] for row in rows)} added, "
              f"{sum(row[5] for row in rows)} suspected")


if __name__ == "__main__":
    main()
