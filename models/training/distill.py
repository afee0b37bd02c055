"""Trains `objects.onnx` and `faces.onnx`, initialized from the published networks.

    python distill.py objects ../objects.onnx --begin YOLOX_NANO.onnx --set SETS/people-oid ...
    python distill.py faces ../faces.onnx --begin YUNET_N.onnx --set SETS/faces ...

`derive.py` prepares the published network. A frozen copy, the teacher, gets each sample as it is;
the trained network gets the same sample degraded the way cameras degrade it, and learns to give the
teacher's answers. It also learns the labeled boxes that the teacher missed. Unlabeled areas are
never treated as empty: there the teacher alone decides.

All convolutions are trained, at a low learning rate, so that the network forgets nothing that the
published one knows. The schedule runs by the clock. A checkpoint is written every two minutes, and
an interrupted run resumes from it.
"""

import argparse
import copy
import math
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.nn import functional

import data
import derive
import loss as goal
import net as detector
import scenes
from graph import Graph

KINDS = {"objects": {"screen": 0, "vehicle": 1, "person": 2}, "faces": {"face": 0}}
# Range of heights that a labeled box is scaled to, pixels of the sample.
HEIGHTS = {"objects": (20, 320), "faces": (10, 180)}
# A labeled box with a shorter side than this, in pixels, is not used.
SIDE_MIN = {"objects": 12, "faces": 8}
SIDE = 320
SAMPLES = 8
# Learning rate at the start and at the end, as a share of each tensor's own magnitude (root mean
# square): normalization is folded into the weights, so that their magnitudes differ widely.
RATE, RATE_END = 7e-4, 1e-5
WARM_STEPS = 20
# Share of samples that the trained network gets undegraded.
SHARP = 0.3
# Additional weight of a cell with an object, beside an empty one.
KEPT = 4.0
# The teacher found a labeled box when a box of this score overlaps it this much. A label that is
# drawn differently must not become a second box on the same object.
FOUND = (0.5, 0.2)
# It suspects a labeled box when a box of this score overlaps it this much. Only such labels are
# learned: others are groups, drawings, or covered completely.
SUSPECTED = (0.03, 0.4)
SAVE_SECONDS = 120


class Shots(scenes.Scenes):
    """Samples from real pictures: a random part at a random scale, pasted over another one."""

    def __init__(self, pictures, what, seed):
        self.side, self.seed, self.what = SIDE, seed, what
        self.pictures = [(scenes.mipmap(picture), marks) for picture, marks in pictures]
        noise = np.random.default_rng([seed, 1])
        self.noise = noise.normal(0, 1, (512, 512, 3)).astype(np.float32)

    def cover(self, rng):
        """A random picture that fills the sample."""
        levels, _ = self.pictures[rng.integers(len(self.pictures))]
        size = np.array([levels[0].shape[1], levels[0].shape[0]])
        scale = self.side / size.min() * np.exp(rng.uniform(0, 0.7))
        room = np.maximum(size * scale - self.side, 0)
        return self.crop(levels, np.column_stack([np.eye(2) * scale, -rng.uniform(0, 1, 2) * room]))

    def shot(self, number):
        """Sample `number`: original and degraded, BGR uint8 [SIDE, SIDE, 3], boxes [N, 5]."""
        rng = np.random.default_rng([self.seed, 2, number])
        levels, marks = self.pictures[rng.integers(len(self.pictures))]
        size = np.array([levels[0].shape[1], levels[0].shape[0]])
        if len(marks) and rng.random() < 0.6:
            box = marks[rng.integers(len(marks))]
            height = np.exp(rng.uniform(*np.log(HEIGHTS[self.what])))
            scale = min(height / (box[3] - box[1]), 2.5)
            middle, at = (box[:2] + box[2:4]) / 2, rng.uniform(0.15, 0.85, 2) * self.side
        else:
            scale = self.side / size.max() * np.exp(rng.uniform(-0.3, 0.9))
            middle, at = rng.uniform(0.25, 0.75, 2) * size, np.full(2, self.side / 2)
        turn = np.deg2rad(rng.normal(0, 15 if rng.random() < 0.2 else 3))
        linear = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        matrix = np.column_stack([linear, at - linear @ middle])
        image = self.crop(levels, matrix, self.cover(rng))
        boxes = np.array(self.placed(marks, matrix)).reshape(-1, 5)
        if rng.random() < 0.5:
            image = np.ascontiguousarray(image[:, ::-1])
            boxes[:, [0, 2]] = self.side - boxes[:, [2, 0]]
        small = (boxes[:, 2:4] - boxes[:, :2]).min(1, initial=1e9) < SIDE_MIN[self.what]
        boxes = boxes[~small & (boxes[:, 4] >= 0)][:scenes.BOXES]
        return image, image if rng.random() < SHARP else self.spoil(rng, image), boxes

    def batch(self, step):
        """Step `step`: original and degraded [B, SIDE, SIDE, 3], boxes [B, BOXES, 4], classes."""
        sharp = np.empty((SAMPLES, self.side, self.side, 3), np.uint8)
        spoiled = np.empty_like(sharp)
        truth = np.zeros((SAMPLES, scenes.BOXES, 4), np.float32)
        classes = np.full((SAMPLES, scenes.BOXES), -1, np.int64)
        for at in range(SAMPLES):
            sharp[at], spoiled[at], boxes = self.shot(step * SAMPLES + at)
            truth[at, :len(boxes)], classes[at, :len(boxes)] = boxes[:, :4], boxes[:, 4]
        return tuple(torch.from_numpy(part) for part in (sharp, spoiled, truth, classes))


def missed(boxes, scores, truth, classes):
    """The classes [B, G] of the labeled boxes, with -1 for those that the teacher found or does
    not even suspect."""
    iou = goal.overlap(boxes[:, None], truth[:, :, None])[0]
    rows = classes.clamp(min=0)[..., None].expand(-1, -1, scores.shape[1])
    of_class = scores.transpose(1, 2).gather(1, rows)
    found, suspected = (((of_class > score) & (iou > least)).any(-1)
                        for score, least in (FOUND, SUSPECTED))
    return classes.masked_fill(found | ~suspected, -1)


def loss(output, taught, truth, classes):
    """The loss of `output` [B, N, 4 + C] against the teacher's rows and the boxes it missed."""
    corners, strides = detector.grid(SIDE, SIDE)
    middles = corners + strides / 2
    boxes, known = (detector.decode(rows[..., :4], corners, strides) for rows in (output, taught))
    scores, sure = output[..., 4:], taught[..., 4:]
    classes = missed(known, sure, truth, classes)
    box, marked, _ = goal.assign(boxes.detach(), scores.detach(), truth, classes, middles, strides)
    # Where the teacher's score is the higher one, its box is the target.
    of_mark = (marked.amax(-1) > sure.amax(-1))[..., None]
    target, box = torch.maximum(marked, sure), torch.where(of_mark, box, known)
    total = target.sum().clamp(min=8.0)
    scores = scores.clamp(1e-6, 1 - 1e-6)
    wrong = functional.binary_cross_entropy(scores, target.clamp(0, 1), reduction="none")
    score = (wrong * (1 + KEPT * target)).sum() / total
    weight = target.amax(-1)
    weight = weight * (weight > 0.1)
    iou, penalty = goal.overlap(boxes, box)
    place = ((1 - iou + penalty) * weight).sum() / total
    exact = functional.smooth_l1_loss(output[..., :4], taught[..., :4], reduction="none", beta=0.2)
    exact = (exact.sum(-1) * weight * ~of_mark[..., 0]).sum() / total
    return score + 1.5 * place + 0.5 * exact


class Trainer:
    """The network, its teacher, its optimizer, and its progress."""

    def __init__(self, options):
        torch.manual_seed(options.seed)
        begin = Path(options.output + ".begin")
        derive.derive(options.what, options.begin, begin)
        self.options = options
        self.net, self.teacher = Graph(begin), Graph(begin)
        groups = [{"params": [weight], "size": weight.detach().square().mean().sqrt().item()}
                  for weight in self.net.weights]
        self.optimizer = torch.optim.Adam(groups, lr=RATE, betas=(0.9, 0.99))
        self.step, self.spent = 0, 0.0
        self.checkpoint = Path(options.output + ".pt")
        if self.checkpoint.exists():
            state = torch.load(self.checkpoint, weights_only=True)
            self.net.load_state_dict(state["net"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step, self.spent = state["step"], state["spent"]

    def save(self):
        """Writes the checkpoint and the network; its weights are interpolated from the published
        ones to the trained ones by `--share`."""
        state = {"net": self.net.state_dict(), "optimizer": self.optimizer.state_dict(),
                 "step": self.step, "spent": self.spent}
        partial = self.checkpoint.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self.checkpoint)
        mixed = copy.deepcopy(self.net)
        with torch.no_grad():
            for ours, theirs in zip(mixed.weights, self.teacher.weights, strict=True):
                ours.copy_(theirs + self.options.share * (ours - theirs))
        mixed.save(self.options.output)

    def run_step(self, sharp, spoiled, truth, classes, progress):
        """One step; returns its loss."""
        down = (1 + math.cos(math.pi * min(progress, 1))) / 2
        for part in self.optimizer.param_groups:
            warm = min(1, (self.step + 1) / WARM_STEPS)
            part["lr"] = part["size"] * warm * (RATE_END + (RATE - RATE_END) * down)
        sharp, spoiled = (part.permute(0, 3, 1, 2).float() for part in (sharp, spoiled))
        with torch.no_grad():
            taught = self.teacher(sharp)
        wrong = loss(self.net(spoiled), taught, truth, classes)
        self.optimizer.zero_grad(set_to_none=True)
        wrong.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimizer.step()
        self.step += 1
        return wrong.item()


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=sorted(KINDS))
    parser.add_argument("output", help="the ONNX file; FILE.pt is the checkpoint")
    parser.add_argument("--begin", required=True, help="the published network")
    parser.add_argument("--set", action="append", required=True, help="folder with pictures")
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--share", type=float, default=1.0,
                        help="interpolation from the published weights (0) to the trained (1)")
    return parser.parse_args()


def main():
    options = parse()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    pictures = [data.reduced(picture, marks) for folder in options.set
                for _, picture, marks in data.read_set(folder, "train", KINDS[options.what])]
    shots, trainer = Shots(pictures, options.what, options.seed), Trainer(options)
    print(f"{len(pictures)} pictures, {sum(len(marks) for _, marks in pictures)} boxes", flush=True)
    start = saved = time.monotonic()
    before, total = trainer.spent, 0.0
    while trainer.spent < options.minutes * 60:
        progress = trainer.spent / (options.minutes * 60)
        total += trainer.run_step(*shots.batch(trainer.step), progress)
        trainer.spent = before + time.monotonic() - start
        if trainer.step % 25 == 0:
            print(f"step {trainer.step} done {progress:.3f} loss {total / 25:.4f}", flush=True)
            total = 0.0
        if time.monotonic() - saved > SAVE_SECONDS:
            trainer.save()
            saved = time.monotonic()
    trainer.save()
    print(f"{trainer.step} steps of {SAMPLES} samples, {trainer.spent / 60:.1f} minutes")


if __name__ == "__main__":
    main()
