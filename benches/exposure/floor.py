"""The part of the benchmark that CI runs: the demo clip of the project through a shaking camera.

    python floor.py WORK/ --redact target/release/redact

Frames of fixtures/demo.mp4, with its truth, are the photographs. Fails when more tracks leak, less
is hidden, or more is covered than `floor.toml` allows.
"""

import argparse
import json
import sys
from pathlib import Path

import cv2
import numpy as np
import tomllib

import camera
import make
import measure
import tables

HERE = Path(__file__).resolve().parent
FIXTURES = HERE.parents[1] / "fixtures"
# Frames of the demo clip in which everything is whole in the picture, or nearly.
FRAMES = (10, 40, 70, 165, 205, 225, 250, 285)


def photographs():
    """(name, frame, boxes, condition) of some frames of the demo clip."""
    truth = json.loads((FIXTURES / "demo.truth.json").read_text(encoding="utf-8"))
    video = cv2.VideoCapture(str(FIXTURES / "demo.mp4"))
    for number in range(max(FRAMES) + 1):
        good, frame = video.read()
        if not good:
            raise SystemExit(f"{FIXTURES / 'demo.mp4'}: ends before frame {number}")
        if number not in FRAMES:
            continue
        boxes = [(row["class"], np.array([row["x"], row["y"], row["x"] + row["w"],
                                          row["y"] + row["h"]]))
                 for row in truth["boxes"][number] if not row.get("ignore")]
        condition = camera.CONDITIONS[FRAMES.index(number) % len(camera.CONDITIONS)]
        yield f"demo/{number}", frame, boxes, condition


def below(score, floor):
    """What is worse than the floor, as sentences."""
    for kind, least in floor["classes"].items():
        total = tables.summed([score], kind)
        if total["leaked"] > least["leaked"]:
            yield f"{kind}: {total['leaked']} tracks leaked, at most {least['leaked']} before"
        share = total["hidden"] / max(total["boxes"], 1)
        if share < least["hidden"]:
            yield f"{kind}: {share:.4f} of the boxes hidden, at least {least['hidden']} before"
    if score["overmask_pct"] > floor["overmask_pct"]:
        yield f"over-mask {score['overmask_pct']} %, at most {floor['overmask_pct']} % before"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", help="folder for the clip and its findings")
    parser.add_argument("--redact", required=True, help="the program")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    folder = Path(options.work)
    folder.mkdir(parents=True, exist_ok=True)
    clip = folder / "demo.mp4"
    make.make(clip, make.CRF, photographs())
    score = measure.redact(options.redact, clip, "standard", folder)
    print("\n".join(tables.main_table({"standard": {"demo": score}})))
    print(f"over-mask {score['overmask_pct']} %")
    floor = tomllib.loads((HERE / "floor.toml").read_text(encoding="utf-8"))
    worse = list(below(score, floor))
    for sentence in worse:
        print(f"exposure: {sentence}", file=sys.stderr)
    sys.exit(1 if worse else 0)


if __name__ == "__main__":
    main()
