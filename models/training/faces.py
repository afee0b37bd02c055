"""Trains `faces-covered.onnx`, initialized from YuNet-n, on faces as people mark them.

    python faces.py ../faces-covered.onnx --begin YUNET_N.onnx --labels LABELS/ \
        --set 4:SETS/faces --set 3:SETS/people-oid ...

`derive.py` prepares the published network, `complete.py` writes the labels. A number before a
set is its share of the samples. `--weights FILE.onnx` continues from weights that this recipe
trained before, at a lower learning rate (`--rate`). All convolutions are trained. The schedule runs
by the processor time of this process, so that a busy machine delays it and changes nothing else; a
checkpoint is written every few minutes, and an interrupted run resumes from it. At each of them the
network, with weights averaged over the last steps, is measured on samples of the validation parts;
FILE.best.onnx is the best so far.
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
from torch.utils.data import DataLoader, Dataset

import derive
import detectors
import face_scenes
import loss as goal
import net as detector
from graph import Graph

SIDE, SAMPLES = 320, 8
# Learning rate at the start and at the end, as a share of each tensor's own magnitude (root mean
# square): normalization is folded into the weights, so that their magnitudes differ widely.
RATE, RATE_END = 2e-3, 2e-5
WARM_STEPS = 40
# How much of the averaged weights each step keeps.
MEMORY = 0.998
# Weight of what a box leaves uncovered, beside how far it is from the marked one.
UNCOVERED = 0.7
SAVE_SECONDS = 240
# The samples that the network is measured on.
MEASURED_SIDE, MEASURED = 512, 64
# Default minimum of faces in a set's validation part for the set to be measured.
FACES_MIN = 300
# Margin that the program puts around a box, share of its sides, and share of a face that it must
# hide.
MARGIN, HIDDEN = 0.2, 0.95
# False positives per sample at which recall is measured.
ALLOWED = (0.25, 1.0)


class Samples(Dataset):
    """Batches by number, from `first` on, for a loader in another process."""

    def __init__(self, shots, first):
        self.shots, self.first = shots, first

    def __len__(self):
        return 1 << 30

    def __getitem__(self, at):
        images = np.empty((SAMPLES, SIDE, SIDE, 3), np.uint8)
        truth = np.zeros((SAMPLES, face_scenes.BOXES, 4), np.float32)
        classes = np.full((SAMPLES, face_scenes.BOXES), -1, np.int64)
        for row in range(SAMPLES):
            images[row], boxes = self.shots.sample((self.first + at) * SAMPLES + row)
            truth[row, :len(boxes)], classes[row, :len(boxes)] = boxes[:, :4], boxes[:, 4]
        return tuple(torch.from_numpy(part) for part in (images, truth, classes))


def quiet(_):
    """Leaves the other core to the training process."""
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


def loss(output, truth, classes):
    """The loss of `output` [B, N, 5] against boxes [B, G, 4] of `classes` [B, G]: 0 a face, -1
    nothing, -2 a place to leave alone."""
    corners, strides = detector.grid(SIDE, SIDE)
    boxes = detector.decode(output[..., :4], corners, strides)
    scores = output[..., 4:].clamp(1e-6, 1 - 1e-6)
    middles = corners + strides / 2
    box, target, counts = goal.assign(boxes.detach(), scores.detach(), truth, classes, middles,
                                      strides)
    total = target.sum().clamp(min=8.0)
    wrong = functional.binary_cross_entropy(scores, target.clamp(0, 1), reduction="none")[..., 0]
    # Easy emptiness is nearly everything there is: it counts less.
    ease = torch.where(target[..., 0] > 0, 1.5, scores.detach()[..., 0])
    score = (wrong * ease * counts).sum() / total
    weight = target[..., 0]
    where = weight > 0
    weight = weight[where]
    iou, penalty = goal.overlap(boxes[where], box[where])
    low = torch.maximum(boxes[where][:, :2], box[where][:, :2])
    high = torch.minimum(boxes[where][:, 2:], box[where][:, 2:])
    whole = (box[where][:, 2:] - box[where][:, :2]).prod(-1)
    bare = 1 - (high - low).clamp(min=0).prod(-1) / whole.clamp(min=1e-6)
    place = ((1 - iou + penalty + UNCOVERED * bare) * weight).sum() / total
    return score + 2 * place


def found_by(net, images):
    """Boxes [N, 6] that the network finds in each of `images` [B, H, W, 3]."""
    with torch.no_grad():
        output = net(images.permute(0, 3, 1, 2).float())
    corners, strides = detector.grid(images.shape[2], images.shape[1])
    boxes = detector.decode(output[..., :4], corners, strides).numpy()
    for row, scores in zip(boxes, output[..., 4].numpy(), strict=True):
        some = scores > 0.05
        kind = np.full(some.sum(), detectors.FACE)
        yield detectors.suppress(np.column_stack([row[some], scores[some], kind]), 0.45)


def measure(net, images, truths):
    """For each number of false positives allowed per sample: the share of faces found (overlap
    .5), the share hidden with the margin, and the score from which."""
    rows, marked = [], 0
    for begin in range(0, len(images), 4):
        for at, found in enumerate(found_by(net, images[begin:begin + 4]), begin):
            truth = truths[at]
            faces = truth[truth[:, 4] == face_scenes.FACE]
            marked += len(faces)
            if not len(found):
                continue
            size = np.tile(found[:, 2:4] - found[:, :2], 2) * [-1, -1, 1, 1]
            grown = found[:, :4] + MARGIN * size
            common = detectors.overlaps(found, truth) if len(truth) else np.zeros((len(found), 1))
            for number, face in enumerate(faces):
                meets = detectors.overlaps(found, face[None])[:, 0] > 0.5
                inner = (np.minimum(grown[:, 2:], face[2:4])
                         - np.maximum(grown[:, :2], face[:2])).clip(0).prod(1)
                hidden = inner >= HIDDEN * (face[2:4] - face[:2]).prod()
                rows += [(score, 0, at, number, hides) for score, hides
                         in zip(found[meets, 4], hidden[meets], strict=True)]
            rows += [(score, 1, at, 0, False) for score in found[common.max(1) < 0.3, 4]]
    return [at_allowed(rows, marked, allowed * len(images)) for allowed in ALLOWED]


def at_allowed(rows, marked, allowed):
    """Shares of faces found and hidden, and the score, with `allowed` false positives in all."""
    false, found, hidden, from_score = 0, set(), set(), 1.0
    for score, is_false, image, number, hides in sorted(rows, key=lambda row: -row[0]):
        false += is_false
        if false > allowed:
            break
        from_score = score
        if not is_false:
            found.add((image, number))
            hidden.update([(image, number)] if hides else [])
    return len(found) / max(marked, 1), len(hidden) / max(marked, 1), from_score


class Trainer:
    """The network, its averaged weights, its optimizer, and its progress."""

    def __init__(self, options):
        torch.manual_seed(options.seed)
        begin = Path(options.output + ".begin")
        derive.derive("faces", options.begin, begin)
        self.options = options
        self.rate = options.rate
        trained = options.weights or begin
        self.net = Graph(trained).to(memory_format=torch.channels_last)
        self.mean = copy.deepcopy(self.net)
        groups = [{"params": [weight], "size": weight.detach().square().mean().sqrt().item()}
                  for weight in self.net.weights]
        self.optimizer = torch.optim.Adam(groups, lr=self.rate, betas=(0.9, 0.99))
        self.step, self.spent, self.best = 0, 0.0, 0.0
        self.checkpoint = Path(options.output + ".pt")
        if self.checkpoint.exists():
            state = torch.load(self.checkpoint, weights_only=True)
            self.net.load_state_dict(state["net"])
            self.mean.load_state_dict(state["mean"])
            groups = self.optimizer.state_dict()["param_groups"]
            self.optimizer.load_state_dict({"state": state["moments"], "param_groups": groups})
            self.step = state["step"]
            self.spent, self.best = state["figures"].tolist()

    def save(self, validation):
        """Measures the averaged network and writes it, the checkpoint, and perhaps the best."""
        figures = {name: measure(self.mean, *shots) for name, shots in validation.items()}
        for name, figure in figures.items():
            print(f"  {name}: " + ", ".join(
                f"at {allowed} false found {found:.3f} hidden {hidden:.3f} from {score:.2f}"
                for allowed, (found, hidden, score) in zip(ALLOWED, figure, strict=True)),
                flush=True)
        worth = float(np.mean([hidden for figure in figures.values() for _, hidden, _ in figure]))
        self.mean.save(self.options.output)
        if worth > self.best:
            self.best = worth
            self.mean.save(self.options.output.removesuffix(".onnx") + ".best.onnx")
        # Tensors and whole numbers alone: torch 1.13 reads nothing else without running code.
        figures = torch.tensor([self.spent, self.best], dtype=torch.float64)
        state = {"net": self.net.state_dict(), "mean": self.mean.state_dict(), "step": self.step,
                 "moments": self.optimizer.state_dict()["state"], "figures": figures}
        partial = self.checkpoint.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self.checkpoint)

    def run_step(self, images, truth, classes, progress):
        """One step; returns its loss."""
        down = (1 + math.cos(math.pi * min(progress, 1))) / 2
        for part in self.optimizer.param_groups:
            warm = min(1, (self.step + 1) / WARM_STEPS)
            part["lr"] = part["size"] * warm * (RATE_END + (self.rate - RATE_END) * down)
        # As the loader has them, channels last, they are convolved in half the time.
        used = max(1, int((classes != -1).sum(1).max()))
        output = self.net(images.permute(0, 3, 1, 2).float())
        wrong = loss(output, truth[:, :used], classes[:, :used])
        self.optimizer.zero_grad(set_to_none=True)
        wrong.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimizer.step()
        self.step += 1
        with torch.no_grad():
            share = min(MEMORY, self.step / (self.step + 10))
            for mean, weight in zip(self.mean.weights, self.net.weights, strict=True):
                mean.lerp_(weight, 1 - share)
        return wrong.item()


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", help="the ONNX file; FILE.pt is the checkpoint")
    parser.add_argument("--begin", required=True, help="the published network")
    parser.add_argument("--labels", required=True, help="what complete.py wrote")
    parser.add_argument("--set", action="append", required=True, metavar="SHARE:FOLDER")
    parser.add_argument("--weights", help="an earlier result of this recipe to continue from")
    parser.add_argument("--rate", type=float, default=RATE,
                        help="learning rate at the start, a share of each tensor's magnitude")
    parser.add_argument("--minutes", type=float, default=40, help="of processor time")
    parser.add_argument("--faces-min", type=int, default=FACES_MIN,
                        help="faces that a set's validation part must have, to be measured")
    parser.add_argument("--seed", type=int, default=20)
    return parser.parse_args()


def validation_of(options, folders):
    """Samples and truths of the validation part of every set that marks many faces."""
    result = {}
    for _, folder in folders:
        pictures = list(face_scenes.read(options.labels, folder, "validation"))
        faces = sum((boxes[:, 4] == face_scenes.FACE).sum() for _, boxes in pictures)
        if faces < options.faces_min:
            continue
        shots = face_scenes.FaceScenes([(1, pictures)], MEASURED_SIDE, options.seed + 1, False)
        samples = [shots.sample(number) for number in range(MEASURED)]
        images = torch.from_numpy(np.stack([image for image, _ in samples]))
        result[Path(folder).name] = images, [boxes for _, boxes in samples]
    if not result:
        raise SystemExit(f"{options.labels}: no set has {options.faces_min} faces in its "
                         "validation part; label more pictures")
    return result


def main():
    options = parse()
    quiet(0)
    folders = [(float(share), folder) for share, folder in
               (text.split(":", 1) for text in options.set)]
    validation = validation_of(options, folders)
    sets = [(share, list(face_scenes.read(options.labels, folder, "train")))
            for share, folder in folders]
    trainer = Trainer(options)
    shots = face_scenes.FaceScenes(sets, SIDE, options.seed)
    print(f"{sum(len(pictures) for _, pictures in sets)} pictures", flush=True)
    if trainer.step == 0:
        trainer.save(validation)
    start = saved = time.process_time()
    before, total = trainer.spent, 0.0
    loader = DataLoader(Samples(shots, trainer.step), batch_size=None, num_workers=1,
                        prefetch_factor=4, worker_init_fn=quiet)
    for batch in loader:
        total += trainer.run_step(*batch, trainer.spent / (options.minutes * 60))
        trainer.spent = before + time.process_time() - start
        if trainer.step % 50 == 0:
            done = trainer.spent / (options.minutes * 60)
            print(f"step {trainer.step} done {done:.3f} loss {total / 50:.4f}", flush=True)
            total = 0.0
        is_over = trainer.spent >= options.minutes * 60
        if is_over or time.process_time() - saved > SAVE_SECONDS:
            trainer.save(validation)
            # Measuring is no training.
            start += time.process_time() - start - (trainer.spent - before)
            saved = time.process_time()
        if is_over:
            break
    print(f"{trainer.step} steps of {SAMPLES} samples, {trainer.spent / 60:.1f} minutes")


if __name__ == "__main__":
    main()
