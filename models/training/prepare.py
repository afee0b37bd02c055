"""Gathers the pictures to train on into one file, so that training starts at once.

Backgrounds come from image sets without plates and from videos. A public detector for each class
looks at them first. Where one sees a plate, the picture is left out: a background with an unmarked
plate would teach the net to overlook plates. Where one may see a screen, the picture is kept apart:
it is shown more often, since the net that training began with tells what is a screen there.
"""

import argparse
import pickle
from pathlib import Path

import numpy as np

import data
import detectors

# A background has a plate, or may have a screen, from these scores on.
DOUBT = {detectors.PLATE: 0.75, detectors.SCREEN: 0.2}
FRAMES = 40


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--set", action="append", default=[], help="folder with marked pictures")
    parser.add_argument("--background", action="append", default=[], help="folder or video without")
    parser.add_argument("--teachers", required=True, help="folder with the two public detectors")
    parser.add_argument("--output", required=True)
    return parser.parse_args()


def main():
    options = parse()
    labelled = []
    for folder in options.set:
        for _, picture, marks in data.read_set(folder, "train"):
            labelled.append(data.reduced(picture, marks))
        print(f"{folder}: {len(labelled)} marked pictures so far", flush=True)
    teachers = Path(options.teachers)
    judges = [
        detectors.LpdYunet(teachers / "lpd_yunet_2022may_dyn.onnx"),
        detectors.YoloxNano(Path(__file__).parent / "yolox_nano_dyn.onnx", 416, True),
    ]
    backgrounds, telling, left = [], [], 0
    for source in options.background:
        source = Path(source)
        if source.is_dir():
            pictures = (picture for _, picture, _ in data.read_set(source, "train"))
        else:
            pictures = data.frames(source, FRAMES)
        for picture in pictures:
            picture = data.reduced(picture, np.zeros((0, 5)))[0]
            found = np.concatenate([judge(picture) for judge in judges])
            seen = {int(kind) for score, kind in found[:, 4:] if score >= DOUBT[int(kind)]}
            if detectors.PLATE in seen:
                left += 1
            elif detectors.SCREEN in seen:
                telling.append(picture)
            else:
                backgrounds.append(picture)
        print(f"{source}: {len(backgrounds)} backgrounds, {len(telling)} with screens, "
              f"{left} left out so far", flush=True)
    with Path(options.output).open("wb") as file:
        pickle.dump((labelled, backgrounds, telling), file)


if __name__ == "__main__":
    main()
