"""Shifts the scores of a trained `faces.onnx` so that .5 means what it means for YuNet-n.

    python calibrate_faces.py TRAINED.onnx OUTPUT.onnx --begin YUNET_N.onnx --labels LABELS/ \
        --set 1:SETS/faces --set 1:SETS/people-oid-full

On samples of the validation parts, the number of false boxes from a score of .5 on becomes that of
the published network. The order of scores and the boxes stay as they are.
"""

import argparse
from pathlib import Path

import numpy as np

import derive
import detectors
import faces
from graph import Graph


def false_scores(net, validation):
    """The scores of all boxes that meet nothing that is marked or suspected, highest first."""
    scores = []
    for images, truths in validation.values():
        for begin in range(0, len(images), 4):
            found_in = faces.found_by(net, images[begin:begin + 4])
            for found, truth in zip(found_in, truths[begin:begin + 4], strict=True):
                some = len(found) and len(truth)
                common = detectors.overlaps(found, truth) if some else np.zeros((len(found), 1))
                scores += found[common.max(1) < 0.3, 4].tolist()
    return np.array(sorted(scores, reverse=True))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trained")
    parser.add_argument("output")
    parser.add_argument("--begin", required=True, help="the published network")
    parser.add_argument("--labels", required=True, help="what complete.py wrote")
    parser.add_argument("--set", action="append", required=True, metavar="SHARE:FOLDER")
    parser.add_argument("--seed", type=int, default=20)
    options = parser.parse_args()
    faces.quiet(0)
    folders = [text.split(":", 1) for text in options.set]
    validation = faces.validation_of(options, folders)
    begin = Path(options.output + ".begin")
    derive.derive("faces", options.begin, begin)
    allowed = int((false_scores(Graph(begin), validation) >= 0.5).sum())
    net = Graph(options.trained)
    scores = false_scores(net, validation)
    score = scores[min(allowed, len(scores) - 1)]
    shift = float(np.log((1 - score) / score))
    net.shift(shift)
    net.save(options.output)
    begin.unlink()
    print(f"{allowed} false boxes from .5 on: score {score:.3f} becomes .5, shift {shift:+.3f}")


if __name__ == "__main__":
    main()
