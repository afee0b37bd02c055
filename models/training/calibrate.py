"""Moves the scores so that a given score means the same for both classes and from run to run.

The program begins a track at a fixed score. Here the logits of each class are shifted by a
constant so that boxes from that score on give a chosen number of false positives per picture on
the validation pictures. The order of boxes stays, and with it every figure of recall at a number
of false positives.
"""

import argparse
import math

import torch

import data
import detectors
import evaluate
import net as detector

# Per class: the score, and the false positives per picture that it shall stand for.
MEANING = {"plate": (0.4, 0.2), "screen": (0.3, 0.02)}


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--set", action="append", required=True)
    return parser.parse_args()


def logit(score):
    return math.log(score / (1 - score))


def main():
    options = parse()
    net = detector.PlateScreenNet()
    state = torch.load(options.checkpoint, map_location="cpu", weights_only=True)
    net.load_state_dict(state["mean"])
    detector.export(net, options.output)
    model = detectors.Own(options.output)
    pictures = [p for folder in options.set for p in data.read_set(folder, "validation")]
    shift = []
    for name in detector.CLASSES:
        score, allowed = MEANING[name]
        rows, marked, _ = evaluate.measure(model, pictures, data.KINDS[name])
        reached = evaluate.at_allowed(rows, marked, len(pictures), allowed)[1]
        shift.append(logit(score) - logit(min(max(reached, 0.01), 0.99)))
        print(f"{name}: {allowed} false positives per picture from {reached:.3f}, now {score}")
    detector.export(net, options.output, shift)
    print(f"{options.checkpoint}: {state['step']} steps, {state['spent'] / 60:.0f} minutes")


if __name__ == "__main__":
    main()
