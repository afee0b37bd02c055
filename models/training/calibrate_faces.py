"""Gives the scores of a trained face model the meaning that they have for YuNet-n.

    python calibrate_faces.py TRAINED.onnx OUTPUT.onnx --begin YUNET_N.onnx --labels LABELS/ \
        --set 1:SETS/faces --set 1:SETS/people-oid-full

On samples of the validation parts, the numbers of false boxes from a score of .5 and of .25 on
become those of the published network: the tracker begins tracks at the one and continues them at
the other. The boxes stay as they are, and nearly the order of the scores.
"""

import argparse
from pathlib import Path

import numpy as np

import derive
import detectors
import faces
from graph import Graph

# Scores whose numbers of false boxes are matched, and how often the fit is repeated: a score is the
# mean of two probabilities, so that one step only comes close.
SCORES, ROUNDS = (0.5, 0.25), 3


def logit(score):
    """The log odds of a probability."""
    return float(np.log(score / (1 - score)))


def count(scores, least):
    """How many scores are at least `least`."""
    return int((scores >= least).sum())


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
    parser.add_argument("--faces-min", type=int, default=faces.FACES_MIN)
    parser.add_argument("--set", action="append", required=True, metavar="SHARE:FOLDER")
    parser.add_argument("--seed", type=int, default=20)
    options = parser.parse_args()
    faces.quiet(0)
    folders = [text.split(":", 1) for text in options.set]
    validation = faces.validation_of(options, folders)
    begin = Path(options.output + ".begin")
    derive.derive("faces", options.begin, begin)
    allowed = [count(false_scores(Graph(begin), validation), score) for score in SCORES]
    begin.unlink()
    net, gain, shift = Graph(options.trained), 1.0, 0.0
    for _ in range(ROUNDS):
        scores = false_scores(net, validation)
        logits = [logit(scores[min(number, len(scores) - 1)]) for number in allowed]
        more = (logit(SCORES[0]) - logit(SCORES[1])) / (logits[0] - logits[1])
        move = logit(SCORES[0]) - more * logits[0]
        net.calibrate(more, move)
        gain, shift = gain * more, shift * more + move
    net.save(options.output)
    found = [count(false_scores(net, validation), score) for score in SCORES]
    print(f"false boxes from {SCORES} on: {allowed} wanted, {found} now; "
          f"gain {gain:.3f}, shift {shift:+.3f}")


if __name__ == "__main__":
    main()
