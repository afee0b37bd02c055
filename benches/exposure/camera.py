"""What a hand-held camera makes of a photograph: frames, and where its marked things are in them.

A photograph is seen for one second through a moving camera. What happens there is a *condition*;
every frame has besides some drift, tremor, zoom, roll, motion blur, flicker and noise. The same
seed and name give the same frames.
"""

import hashlib

import cv2
import numpy as np

WIDTH, HEIGHT, RATE = 960, 540, 30
FRAMES = 36
CONDITIONS = ("shake", "fast pan", "roll", "night", "noise", "small", "edge", "covered")
# Share of a box that must be in the picture, and height in pixels, or it is not counted.
SHOWN_MIN, HEIGHT_MIN = 0.5, 12
# Share of a box that may be covered by what passes before it, or it is not counted.
COVERED_MAX = 0.5
# Half of the time from frame to frame the shutter is open.
SHUTTER = 0.5


def waves(rng, amplitude, low, high):
    """A smooth random curve over the frames and one more; frequencies in Hz."""
    at = np.arange(FRAMES + 1) / RATE
    return sum(amplitude / 3 * np.sin(2 * np.pi * rng.uniform(low, high) * at
                                      + rng.uniform(0, 2 * np.pi)) for _ in range(3))


def step(rng, steepness):
    """A curve from -.5 to .5, quickly, somewhere in the middle."""
    at = np.arange(FRAMES + 1) / RATE
    return 1 / (1 + np.exp(-(at - rng.uniform(0.35, 0.75)) * steepness)) - 0.5


class Path:
    """The camera's way: shift in shares of the frame, roll in radians, zoom, per frame."""

    def __init__(self, rng, condition):
        tremor = 0.009 if condition == "shake" else 0.005
        self.x = waves(rng, 0.045, 0.2, 0.8) + waves(rng, tremor, 3, 9)
        self.y = waves(rng, 0.045, 0.2, 0.8) + waves(rng, tremor, 3, 9)
        self.roll = np.radians(waves(rng, 4, 0.2, 1))
        self.zoom = 1 + waves(rng, 0.05, 0.2, 0.6)
        side = rng.choice([-1, 1])
        if condition == "fast pan":
            self.x = self.x + side * rng.uniform(0.15, 0.35) * step(rng, 25)
            self.y = self.y + rng.uniform(-0.1, 0.1) * step(rng, 25)
        elif condition == "roll":
            self.roll = self.roll + np.radians(rng.uniform(10, 45) * side) * (
                0.5 + step(rng, 12))
        elif condition == "small":
            self.zoom = self.zoom * rng.uniform(0.35, 0.6)
        elif condition == "edge":
            # Out over one side and back.
            away = np.sin(np.pi * np.arange(FRAMES + 1) / FRAMES) ** 2
            self.x = self.x + side * rng.uniform(0.45, 0.75) * away


class Shot:
    """One photograph under one condition; `boxes` as sources.py reads them."""

    def __init__(self, name, picture, boxes, condition, seed=1):
        digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
        self.rng = np.random.default_rng(int.from_bytes(digest[:8], "big"))
        self.picture, self.boxes, self.condition = picture, boxes, condition
        size = np.array(picture.shape[1::-1])
        self.size = size
        self.fit = min(WIDTH / size[0], HEIGHT / size[1]) * 1.05
        self.path = Path(self.rng, condition)
        self.gain = 1 + 0.12 * np.sin(2 * np.pi * self.rng.uniform(0.2, 1.5)
                                      * np.arange(FRAMES) / RATE + self.rng.uniform(0, 6))
        self.passer = self.rng.uniform([0.1, 0.25, 20], [0.3, 0.6, 90])

    def scale(self, at):
        return self.fit * self.path.zoom[at]

    def matrix(self, at):
        """From the photograph to frame `at` [2, 3]."""
        roll, scale = self.path.roll[at], self.scale(at)
        linear = scale * np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
        shift = np.array([0.5 + self.path.x[at], 0.5 + self.path.y[at]]) * (WIDTH, HEIGHT)
        return np.column_stack([linear, shift - linear @ (self.size / 2)])

    def frame(self, at):
        """Frame `at`, BGR uint8 [HEIGHT, WIDTH, 3]."""
        matrix = self.matrix(at)
        way = cv2.INTER_AREA if self.scale(at) < 1 else cv2.INTER_LINEAR
        small = self.picture
        if self.scale(at) < 0.5:
            half = (self.size * self.scale(at) * 1.2).astype(int)
            small = cv2.resize(small, tuple(int(v) for v in half), interpolation=cv2.INTER_AREA)
            matrix = matrix.copy()
            matrix[:, :2] *= self.size / small.shape[1::-1]
        frame = cv2.warpAffine(small, matrix, (WIDTH, HEIGHT), flags=way,
                               borderValue=(18, 18, 18))
        cover = self.cover(at)
        if cover is not None:
            frame[cover > 0] = self.passer[2] * np.array([0.8, 0.9, 1.0])
        frame = self.blurred(frame.astype(np.float32), at)
        return self.exposed(frame, at)

    def cover(self, at):
        """Where a dark shape that walks through the picture covers it, or nothing."""
        if self.condition != "covered":
            return None
        wide, top, _ = self.passer
        middle = (-0.3 + 1.6 * at / FRAMES) * WIDTH
        cover = np.zeros((HEIGHT, WIDTH), np.uint8)
        body = (int(middle), HEIGHT), (int(wide * WIDTH / 2), int((1 - top) * HEIGHT))
        cv2.ellipse(cover, *body, 0, 0, 360, 1, -1)
        head = int(wide * WIDTH * 0.18)
        cv2.circle(cover, (int(middle), int(top * HEIGHT) - head // 2), head, 1, -1)
        return cover

    def blurred(self, frame, at):
        """The frame smeared along the way of the picture's middle while the shutter is open."""
        way = (self.matrix(at + 1) - self.matrix(at)) @ [*(self.size / 2), 1]
        reach = float(np.hypot(*way)) * SHUTTER
        if reach <= 1.2:
            return frame
        count = int(np.ceil(reach)) | 1
        kernel, middle = np.zeros((count, count), np.float32), count // 2
        along = way / np.hypot(*way) * reach / 2
        for share in np.linspace(-1, 1, 4 * count):
            x, y = np.round(middle + along * share).astype(int)
            kernel[y, x] = 1
        return cv2.filter2D(frame, -1, kernel / kernel.sum())

    def exposed(self, frame, at):
        """Light and noise, as 8 bits."""
        noise = {"night": 9, "noise": 16}.get(self.condition, 4)
        if self.condition == "night":
            frame = 255 * (frame / 255) ** 1.5 * np.array([0.28, 0.34, 0.42], np.float32)
        grain = self.rng.normal(0, noise, frame.shape)
        return np.clip(frame * self.gain[at] + grain, 0, 255).astype(np.uint8)

    def truth(self, at, first_track):
        """The boxes of frame `at`, as a truth file has them."""
        matrix, cover = self.matrix(at), self.cover(at)
        rows = []
        for number, (kind, box) in enumerate(self.boxes):
            low, high = placed(kind, box, matrix)
            inner_low, inner_high = np.maximum(low, 0), np.minimum(high, (WIDTH, HEIGHT))
            if (inner_high - inner_low < 2).any():
                continue
            shown = (inner_high - inner_low).prod() / (high - low).prod()
            hidden = 0.0
            if cover is not None:
                x, y, right, bottom = (int(v) for v in (*inner_low, *np.ceil(inner_high)))
                hidden = float(cover[y:bottom, x:right].mean())
            x, y = (round(float(v), 1) for v in inner_low)
            wide, tall = (round(float(v), 1) for v in inner_high - inner_low)
            row = {"class": kind, "track": first_track + number, "x": x, "y": y, "w": wide,
                   "h": tall, "vis": "clear" if shown > 0.99 and hidden == 0 else "occluded"}
            if shown < SHOWN_MIN or high[1] - low[1] < HEIGHT_MIN or hidden > COVERED_MAX:
                row["ignore"] = True
            rows.append(row)
        return rows


def placed(kind, box, matrix):
    """Where a box of the photograph lies in a frame: low and high corner.

    A face is about an ellipse, so that turning it does not enlarge its box as it does that of a
    plate or a screen.
    """
    middle = matrix @ [*(box[:2] + box[2:]) / 2, 1]
    axes = matrix[:, :2] * (box[2:] - box[:2]) / 2
    half = np.sqrt((axes ** 2).sum(1)) if kind == "face" else np.abs(axes).sum(1)
    return middle - half, middle + half
