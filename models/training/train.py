"""Trains the net on composed scenes and writes it as ONNX.

The schedule runs by steps; `--minutes` ends it sooner, with the learning rate brought down in
time. A checkpoint is written every few minutes, and training goes on from it when started again.
Without a GPU, several processes of one thread each share every step: that is faster than one
process with several threads, most of all on a machine that does other work too.
"""

import argparse
import math
import pickle
import socket
import time
from pathlib import Path

import numpy as np
import torch
import torch.distributed as group
import torch.multiprocessing as processes
from torch.utils.data import DataLoader, Dataset

import loss as goal
import net as detector
import plates
from scenes import BOXES, Scenes

# (side, samples) of batches, and how often each comes.
BATCHES = ((256, 12), (384, 6))
SHARE_LARGE = 0.5
RATE = 6e-4
WARM_STEPS = 150
AVERAGE = 0.998
SAVE_SECONDS = 240


class Batches(Dataset):
    """The batches of one process by step: the same seed and processes give the same batches."""

    def __init__(self, scenes, options, rank, first):
        self.scenes, self.seed, self.first = scenes, options.seed, first
        self.count = options.steps - first
        self.rank, self.ranks = rank, options.processes

    def __len__(self):
        return self.count

    def __getitem__(self, at):
        at += self.first
        large = np.random.default_rng([self.seed, 3, at]).random() < SHARE_LARGE
        side, samples = BATCHES[int(large)]
        samples //= self.ranks
        clean = np.empty((samples, side, side, 3), np.uint8)
        spoiled = np.empty_like(clean)
        truth = np.zeros((samples, BOXES, 4), np.float32)
        classes = np.full((samples, BOXES), -1, np.int64)
        for i in range(samples):
            number = at * 64 + self.rank * samples + i
            clean[i], spoiled[i], boxes = self.scenes.sample(number, side)
            for j, box in enumerate(boxes):
                truth[i, j], classes[i, j] = box[:4], box[4]
        return tuple(torch.from_numpy(part) for part in (clean, spoiled, truth, classes))


def worker(_):
    """Composing needs one thread per worker."""
    import cv2

    cv2.setNumThreads(1)
    torch.set_num_threads(1)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="file written by prepare.py")
    parser.add_argument("--begin", required=True, help="the published YOLOX-nano file")
    parser.add_argument("--fonts", default="/usr/share/fonts")
    parser.add_argument("--output", required=True, help="the ONNX file; FILE.pt is the checkpoint")
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--minutes", type=float, default=math.inf)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--processes", type=int, help="default: 1 with a GPU, else 2")
    parser.add_argument("--workers", type=int, help="that compose scenes, per process; default 1 "
                        "without a GPU, else 12")
    options = parser.parse_args()
    gpu = torch.cuda.is_available()
    options.processes = options.processes or (1 if gpu else 2)
    options.workers = options.workers or (12 if gpu else 1)
    return options


def optimizer_of(net):
    """AdamW; biases do not decay."""
    plain = [p for p in net.parameters() if p.ndim <= 1]
    heavy = [p for p in net.parameters() if p.ndim > 1]
    groups = [{"params": heavy, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.99))


def rate(step, progress):
    """The learning rate: a short rise, then half a cosine down."""
    down = (1 + math.cos(math.pi * min(progress, 1))) / 2
    return RATE * min(1, (step + 1) / WARM_STEPS) * (0.02 + 0.98 * down)


def share(net, ranks, value):
    """Averages the gradients and `value` over all processes; returns the mean of `value`."""
    if ranks == 1:
        return value
    parts = [p.grad for p in net.parameters()]
    flat = torch.cat([part.reshape(-1) for part in parts] + [torch.tensor([float(value)])])
    group.all_reduce(flat)
    flat /= ranks
    *means, last = flat.split([*(part.numel() for part in parts), 1])
    for part, mean in zip(parts, means, strict=True):
        part.copy_(mean.view_as(part))
    return last.item()


def average(mean, net, step):
    """Moves the averaged net towards the net."""
    keep = min(AVERAGE, (1 + step) / (20 + step))
    with torch.no_grad():
        for a, b in zip(mean.state_dict().values(), net.state_dict().values(), strict=True):
            if a.is_floating_point():
                a.lerp_(b.float(), 1 - keep)
            else:
                a.copy_(b)


class Trainer:
    """The net, its average, its optimizer, and how far it is."""

    def __init__(self, options):
        torch.manual_seed(options.seed)
        self.options = options
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        nets = [detector.begin(detector.PlateScreenNet(), options.begin) for _ in range(3)]
        form = {"device": self.device, "memory_format": torch.channels_last}
        self.net, self.mean, self.teacher = (net.to(**form) for net in nets)
        self.mean.load_state_dict(self.net.state_dict())
        self.optimizer = optimizer_of(self.net)
        self.step, self.spent, self.progress = 0, 0.0, 0.0
        self.checkpoint = Path(options.output + ".pt")
        if self.checkpoint.exists():
            state = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
            self.net.load_state_dict(state["net"])
            self.mean.load_state_dict(state["mean"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step, self.spent = state["step"], state["spent"]

    def save(self):
        """Writes the checkpoint and the ONNX file of the average."""
        state = {
            "net": self.net.state_dict(), "mean": self.mean.state_dict(),
            "optimizer": self.optimizer.state_dict(), "step": self.step, "spent": self.spent,
        }
        partial = self.checkpoint.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self.checkpoint)
        copy = detector.PlateScreenNet()
        copy.load_state_dict({k: v.cpu() for k, v in self.mean.state_dict().items()})
        detector.export(copy, self.options.output)

    def input_of(self, pictures):
        """Pictures as the net's input."""
        inputs = pictures.to(self.device).permute(0, 3, 1, 2).float()
        return inputs.contiguous(memory_format=torch.channels_last)

    def run_step(self, clean, spoiled, truth, classes):
        """One step; returns its loss."""
        for part in self.optimizer.param_groups:
            part["lr"] = rate(self.step, self.progress)
        inputs = self.input_of(spoiled)
        with torch.autocast(self.device, torch.bfloat16):
            with torch.no_grad():
                taught = self.teacher(self.input_of(clean))
            output = self.net(inputs)
        truth, classes = truth.to(self.device), classes.to(self.device)
        wrong = goal.loss(output, taught, truth, classes, inputs.shape[2])
        self.optimizer.zero_grad(set_to_none=True)
        wrong.backward()
        options = self.options
        done = max(self.step / options.steps, self.spent / (options.minutes * 60))
        # All processes must agree on when it is over.
        self.progress = share(self.net, options.processes, done)
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimizer.step()
        self.step += 1
        average(self.mean, self.net, self.step)
        return wrong.item()


def run(rank, options):
    """Trains as process `rank`."""
    torch.set_num_threads(1)
    if options.processes > 1:
        group.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{options.port}",
                                 rank=rank, world_size=options.processes)
    with Path(options.data).open("rb") as file:
        pictures = pickle.load(file)
    scenes = Scenes(*pictures, plates.find_fonts(options.fonts), options.seed)
    trainer = Trainer(options)
    loader = DataLoader(Batches(scenes, options, rank, trainer.step), batch_size=None,
                        num_workers=options.workers, worker_init_fn=worker, prefetch_factor=4)
    start = saved = time.monotonic()
    before, total, samples = trainer.spent, 0.0, 0
    trainer.net.train()
    for batch in loader:
        trainer.spent = before + time.monotonic() - start
        total += trainer.run_step(*batch)
        samples += len(batch[0]) * options.processes
        if trainer.step % 25 == 0 and rank == 0:
            pace = samples / (time.monotonic() - start)
            print(f"step {trainer.step} done {trainer.progress:.3f} loss {total / 25:.3f} "
                  f"{pace:.1f} samples/s", flush=True)
            total = 0.0
        if time.monotonic() - saved > SAVE_SECONDS and rank == 0:
            trainer.save()
            saved = time.monotonic()
        if trainer.progress >= 1:
            break
    if rank == 0:
        trainer.save()


def main():
    options = parse()
    if options.processes == 1:
        run(0, options)
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        options.port = free.getsockname()[1]
    processes.spawn(run, (options,), options.processes)


if __name__ == "__main__":
    main()
