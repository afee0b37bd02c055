"""Composes training pictures: real pictures, drawn plates and devices, and how cameras spoil them.

One sample depends on the seed and its number alone. Boxes are x_min, y_min, x_max, y_max in pixels
of the sample; class 0 is a plate, -2 a place to leave alone (not sure, or too small).
"""

import cv2
import numpy as np

import plates
import screens

PLATE, UNSURE = 0, -2
# Boxes per sample, at most; more are left alone.
BOXES = 16
# A plate of fewer rows cannot be told from other light spots.
PLATE_ROWS_MIN = 4.5
SPRITES = 1000
DEVICES = 400
# Share of samples of four scenes.
MOSAICS = 0.4


def mipmap(image):
    """The image and its halves, down to 24 pixels."""
    levels = [image]
    while min(levels[-1].shape[:2]) >= 48:
        half = (levels[-1].shape[1] // 2, levels[-1].shape[0] // 2)
        levels.append(cv2.resize(levels[-1], half, interpolation=cv2.INTER_AREA))
    return levels


class Scenes:
    """Makes samples from real pictures and from drawn sprites.

    - labelled: list of (picture BGR, boxes [N, 5] with class last).
    - backgrounds: pictures without plates and screens.
    - telling: pictures without plates in which a public detector may see a screen.
    """

    def __init__(self, labelled, backgrounds, telling, fonts, seed):
        self.side, self.seed = 0, seed
        rng = np.random.default_rng([seed, 1])
        self.labelled = [(mipmap(picture), boxes) for picture, boxes in labelled]
        self.backgrounds = [mipmap(picture) for picture in backgrounds]
        self.telling = [mipmap(picture) for picture in telling]
        self.plates = [mipmap(plates.plate(rng, fonts)) for _ in range(SPRITES)]
        self.devices = [mipmap(screens.device(rng, backgrounds)[0]) for _ in range(DEVICES)]
        self.noise = rng.normal(0, 1, (512, 512, 3)).astype(np.float32)

    def sample(self, number, side):
        """Sample `number`: the picture BGR uint8 [side, side, 3], the same as a camera spoils it,
        and boxes [N, 5]."""
        rng = np.random.default_rng([self.seed, 2, number])
        image, boxes = self.mosaic(rng, side) if rng.random() < MOSAICS else self.scene(rng, side)
        self.side = side
        if rng.random() < 0.5:
            image = image[:, ::-1]
            boxes = [[side - b[2], b[1], side - b[0], b[3], b[4]] for b in boxes]
        image = np.ascontiguousarray(image)
        return image, self.spoil(rng, image), boxes[:BOXES]

    def mosaic(self, rng, side):
        """Four scenes side by side: more to learn from in one picture."""
        x, y = (int(v) for v in rng.uniform(0.3, 0.7, 2) * side)
        image, boxes = np.empty((side, side, 3), np.uint8), []
        for left, right in ((0, x), (x, side)):
            for top, bottom in ((0, y), (y, side)):
                width, height = right - left, bottom - top
                part, found = self.scene(rng, max(width, height))
                dx, dy = (int(rng.integers(0, len(part) - v + 1)) for v in (width, height))
                image[top:bottom, left:right] = part[dy:dy + height, dx:dx + width]
                for box in found:
                    moved = np.array(box[:4]) - (dx, dy, dx, dy)
                    kept = []
                    keep(kept, moved, int(box[4]), width, height)
                    boxes += [[b[0] + left, b[1] + top, b[2] + left, b[3] + top, b[4]]
                              for b in kept]
        return image, boxes

    def scene(self, rng, side):
        """One scene: picture BGR uint8 [side, side, 3] and boxes [N, 5]."""
        self.side = side
        kind = rng.random()
        if kind < 0.58:
            return self.real(rng)
        image, boxes = self.background(rng)
        if kind < 0.71:
            self.clutter(rng, image)
            for _ in range(rng.integers(1, 4)):
                self.add_plate(rng, image, boxes)
        elif kind < 0.88:
            if rng.random() < 0.3:
                self.clutter(rng, image)
            for _ in range(1 + (rng.random() < 0.4)):
                self.add_device(rng, image, boxes)
            if rng.random() < 0.15:
                self.add_plate(rng, image, boxes)
        elif kind < 0.91:
            self.clutter(rng, image)
        return image, boxes

    def crop(self, levels, matrix, base=None):
        """Draws a picture over `base`; `matrix` [2, 3] leads from its full size to the sample."""
        scale = np.sqrt(abs(np.linalg.det(matrix[:, :2])))
        level = min(max(0, int(np.floor(-np.log2(max(scale, 1e-3)) + 0.3))), len(levels) - 1)
        image = levels[level]
        grown = np.array([levels[0].shape[1] / image.shape[1], levels[0].shape[0] / image.shape[0]])
        matrix = matrix.copy()
        matrix[:, :2] *= grown
        base = np.full((self.side, self.side, 3), 114, np.uint8) if base is None else base
        # What the picture does not reach stays: a mirrored plate would have no box.
        return cv2.warpAffine(image, matrix, (self.side, self.side), dst=base,
                              flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT)

    def placed(self, boxes, matrix):
        """Boxes of a picture in the sample, clipped; unclear ones are left alone."""
        result = []
        for box in boxes:
            corners = np.array([[box[0], box[1], 1], [box[2], box[1], 1],
                                [box[2], box[3], 1], [box[0], box[3], 1]]) @ matrix.T
            low, high = corners.min(0), corners.max(0)
            keep(result, [*low, *high], int(box[4]), self.side, self.side)
        return result

    def real(self, rng):
        """A labelled picture at a random scale, some of its plates exchanged for drawn ones."""
        levels, boxes = self.labelled[rng.integers(len(self.labelled))]
        height, width = levels[0].shape[:2]
        stretch = np.exp(rng.uniform(-0.25, 0.25))
        if len(boxes) and rng.random() < 0.9:
            box = boxes[rng.integers(len(boxes))]
            rows = np.exp(rng.uniform(np.log(5), np.log(160)))
            scale = min(rows / (box[3] - box[1]), 2.5, 0.9 * self.side / (box[2] - box[0]))
            # Seldom less than a quarter of the picture in the sample: it lives on what is around.
            if rng.random() < 0.5:
                scale = min(scale, 2 * self.side / min(width, height))
            middle = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]
            at = rng.uniform(0.1, 0.9, 2) * self.side
        else:
            scale = self.side / max(width, height) * rng.uniform(0.8, 2.5)
            middle = rng.uniform(0.2, 0.8, 2) * (width, height)
            at = np.array([0.5, 0.5]) * self.side
        turn = np.deg2rad(rng.normal(0, 4)) if rng.random() < 0.4 else 0
        linear = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        lean = np.array([[1, rng.normal(0, 0.08)], [0, 1]])
        linear = linear @ np.diag([np.sqrt(stretch), 1 / np.sqrt(stretch)]) @ lean
        matrix = np.column_stack([linear, at - linear @ middle])
        image = self.crop(levels, matrix, self.background(rng, ())[0])
        found = self.placed(boxes, matrix)
        if rng.random() < 0.35:
            for box in found:
                if box[4] == PLATE and box[3] - box[1] >= 6 and rng.random() < 0.8:
                    self.exchange(rng, image, box)
        if rng.random() < 0.2:
            self.add_plate(rng, image, found)
        return image, found

    def exchange(self, rng, image, box):
        """Puts a drawn plate where a real one is, as bright as it was."""
        width, height = box[2] - box[0], box[3] - box[1]
        x, y, right, bottom = (round(v) for v in box[:4])
        patch = image[max(y, 0):bottom, max(x, 0):right]
        if patch.size == 0:
            return
        ratio = width / height
        choices = [self.plates[i] for i in rng.integers(0, SPRITES, 12)]
        sprite = min(choices, key=lambda s: abs(np.log(s[0].shape[1] / s[0].shape[0] / ratio)))
        lean = height * rng.uniform(0, 0.12) * rng.choice([-1, 1])
        quad = np.array([[0, max(lean, 0)], [width, max(-lean, 0)],
                         [width, height - max(lean, 0)], [0, height - max(-lean, 0)]]) + box[:2]
        tint = patch.reshape(-1, 3).mean(0) / max(sprite[-1][..., :3].mean(), 1)
        self.paste(image, sprite, quad, np.clip(tint, 0.05, 1.6))

    def background(self, rng, labelled=None):
        """A picture without anything to find, or a plain pattern, or a piece of a labelled one."""
        if rng.random() < 0.06:
            small = rng.uniform(0, 255, (int(rng.integers(1, 9)), int(rng.integers(1, 9)), 3))
            return cv2.resize(small.astype(np.uint8), (self.side, self.side),
                              interpolation=cv2.INTER_CUBIC), []
        boxes = []
        kind = rng.random()
        if labelled is None and kind < 0.3:
            levels, boxes = self.labelled[rng.integers(len(self.labelled))]
        elif self.telling and kind < 0.6:
            levels = self.telling[rng.integers(len(self.telling))]
        else:
            levels = self.backgrounds[rng.integers(len(self.backgrounds))]
        height, width = levels[0].shape[:2]
        scale = self.side / min(width, height) * np.exp(rng.uniform(-0.25, 1.0))
        linear = np.diag([scale, scale])
        room = np.maximum(np.array([width, height]) * scale - self.side, 0)
        matrix = np.column_stack([linear, -rng.uniform(0, 1, 2) * room])
        return self.crop(levels, matrix), self.placed(boxes, matrix)

    def paste(self, image, sprite, quad, tint):
        """Draws a sprite into the corners `quad` [4, 2]; returns its cover, 0..1."""
        wide = np.linalg.norm(quad[1] - quad[0])
        level = 0
        while level + 1 < len(sprite) and sprite[level + 1].shape[1] >= wide * 1.1:
            level += 1
        source = sprite[level]
        height, width = source.shape[:2]
        low = np.maximum(np.floor(quad.min(0)).astype(int) - 1, 0)
        high = np.minimum(np.ceil(quad.max(0)).astype(int) + 1, self.side)
        if (high <= low).any():
            return
        corners = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
        matrix = cv2.getPerspectiveTransform(corners, np.float32(quad - low))
        drawn = cv2.warpPerspective(source, matrix, tuple(int(v) for v in high - low),
                                    flags=cv2.INTER_LINEAR)
        alpha = drawn[..., 3:].astype(np.float32) / 255
        region = image[low[1]:high[1], low[0]:high[0]]
        mixed = region * (1 - alpha) + np.clip(drawn[..., :3] * tint, 0, 255) * alpha
        region[:] = mixed.astype(np.uint8)

    def light(self, rng, image, box):
        """How bright a thing at `box` would be: near what is around it, at times its own light."""
        x, y, right, bottom = (int(np.clip(v, 0, self.side - 1)) for v in box)
        around = image[y:bottom + 1, x:right + 1].reshape(-1, 3).mean(0)
        level = np.clip(around.mean() / 120, 0.15, 1.2)
        cast = around / max(around.mean(), 1)
        tint = level ** rng.uniform(0.2, 1) * cast ** rng.uniform(0, 0.6) * rng.uniform(0.7, 1.3)
        return np.clip(tint, 0.08, 1.5)

    def add_plate(self, rng, image, boxes):
        """A drawn plate somewhere, on a mount, often between lamps."""
        sprite = self.plates[rng.integers(SPRITES)]
        ratio = sprite[0].shape[1] / sprite[0].shape[0]
        height = np.exp(rng.uniform(np.log(6), np.log(70)))
        width = min(height * ratio, self.side * 0.8)
        height = width / ratio
        quad = turned(rng, width, height, 0.5)
        middle = rng.uniform(0.08, 0.92, 2) * self.side
        box = [*(quad.min(0) + middle), *(quad.max(0) + middle)]
        if any(meets(box, other) for other in boxes):
            return
        tint = self.light(rng, image, box)
        kind = rng.random()
        if kind < 0.55:
            # What it is screwed to: a panel of one colour, or a dealer's frame.
            grow = rng.uniform(1.05, 1.25) if kind < 0.25 else rng.uniform(1.3, 3.5)
            panel = quad * [grow, grow * rng.uniform(0.9, 1.2)] + rng.normal(0, 0.1, 2) * height
            shade = rng.integers(5, 70, 3) if rng.random() < 0.6 else rng.integers(0, 256, 3)
            cv2.fillConvexPoly(image, (panel + middle).astype(np.int32),
                               tuple(float(v) for v in shade * tint))
        self.paste(image, sprite, quad + middle, tint)
        if rng.random() < 0.2:
            for end in (-1, 1):
                self.lamp(rng, image, [*middle, end * width * rng.uniform(0.9, 2.2), -height])
        keep(boxes, box, PLATE, self.side, self.side)

    def lamp(self, rng, image, at):
        """A shining spot with its glow."""
        x, y = at
        reach = rng.uniform(3, 18)
        span = np.arange(self.side)
        far = ((span - x) ** 2)[None] + ((span - y) ** 2)[:, None]
        glow = (np.exp(-far / (2 * reach ** 2)) * rng.uniform(100, 350)).astype(np.float32)
        tone = np.array([0.4, 0.4, 1]) if rng.random() < 0.6 else np.array([0.9, 1, 1])
        image[:] = np.clip(image + glow[..., None] * tone, 0, 255).astype(np.uint8)

    def add_device(self, rng, image, boxes):
        """A drawn device somewhere, perhaps partly covered. It gets no box: a net that is told that
        all of these are screens takes every window and every cupboard for one."""
        sprite = self.devices[rng.integers(DEVICES)]
        height, width = sprite[0].shape[:2]
        long = np.exp(rng.uniform(np.log(22), np.log(self.side * 1.1)))
        scale = long / max(width, height)
        quad = turned(rng, width * scale, height * scale, 0.75)
        middle = rng.uniform(0.1, 0.9, 2) * self.side
        box = [*(quad.min(0) + middle), *(quad.max(0) + middle)]
        if any(meets(box, other) for other in boxes):
            return
        glowing = rng.random() < 0.5
        tint = np.full(3, rng.uniform(0.8, 1.1)) if glowing else self.light(rng, image, box)
        if rng.random() < 0.4:
            # Its shadow, or the stand.
            shift = quad * rng.uniform(1.0, 1.15) + rng.uniform(-0.08, 0.12, 2) * long
            dark = image.copy()
            cv2.fillConvexPoly(dark, (shift + middle).astype(np.int32), (15, 15, 15))
            cv2.addWeighted(dark, 0.5, image, 0.5, 0, image)
        self.paste(image, sprite, quad + middle, tint)
        if rng.random() < 0.35:
            # A hand, a cup, a sheet of paper before it.
            size = long * rng.uniform(0.1, 0.35)
            spot = (
                middle + rng.uniform(-0.5, 0.5, 2) * (width * scale, height * scale)
            ).astype(int)
            tone = rng.choice([[110, 140, 190], [60, 80, 120], [230, 230, 230], [40, 40, 45]])
            axes = (int(size), int(size * rng.uniform(0.3, 1)))
            cv2.ellipse(image, spot.tolist(), axes, rng.uniform(0, 180), 0, 360, tone.tolist(), -1)

    def clutter(self, rng, image):
        """Things that are neither: signs with words, plain panels, lamps, pictures on a wall."""
        for _ in range(rng.integers(0, 5)):
            width, height = np.exp(rng.uniform(np.log(8), np.log(self.side / 2), 2))
            quad = turned(rng, width, height, 0.4) + rng.uniform(0, 1, 2) * self.side
            kind = rng.random()
            tint = self.light(rng, image, [*quad.min(0), *quad.max(0)])
            shade = tuple(float(v) for v in np.clip(rng.integers(0, 256, 3) * tint, 0, 255))
            if kind < 0.5:
                cv2.fillConvexPoly(image, quad.astype(np.int32), shade)
            if kind < 0.2 or kind > 0.85:
                word = "".join(chr(65 + v) for v in rng.integers(0, 26, int(rng.integers(2, 12))))
                ink = tuple(float(v) for v in rng.integers(0, 256, 3))
                at = (int(quad[3][0]), int(quad[3][1] - height * 0.2))
                cv2.putText(image, word, at, int(rng.integers(0, 5)),
                            max(0.2, height / 40 * rng.uniform(0.4, 1)), ink,
                            int(rng.integers(1, 3)),
                            cv2.LINE_AA)
            elif kind > 0.7:
                self.lamp(rng, image, quad[0])
            elif kind > 0.5:
                cv2.polylines(image, [quad.astype(np.int32)], True, shade, int(rng.integers(1, 6)),
                              cv2.LINE_AA)

    def spoil(self, rng, image):
        """Light, colour, movement, noise, compression."""
        if rng.random() < 0.35:
            size = int(rng.integers(2, 8))
            kernel = np.zeros((size, size), np.float32)
            turn = rng.uniform(0, np.pi) if rng.random() < 0.5 else rng.normal(0, 0.15)
            reach = np.array([np.cos(turn), np.sin(turn)]) * size / 2
            cv2.line(kernel, tuple(int(v) for v in size / 2 - reach),
                     tuple(int(v) for v in size / 2 + reach), 1.0)
            image = cv2.filter2D(image, -1, kernel / max(kernel.sum(), 1))
        if rng.random() < 0.3:
            image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.3))
        if rng.random() < 0.2:
            small = cv2.resize(image, None, fx=(s := rng.uniform(0.5, 0.9)), fy=s,
                               interpolation=cv2.INTER_AREA)
            image = cv2.resize(small, (self.side, self.side), interpolation=cv2.INTER_LINEAR)
        image = cv2.LUT(image, tone_curve(rng))
        kind = rng.random()
        if kind < 0.12:
            image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        elif kind < 0.3:
            grey = image.mean(2, keepdims=True)
            share = rng.uniform(0.2, 1.5)
            image = np.clip(grey + (image - grey) * share, 0, 255).astype(np.uint8)
        if rng.random() < 0.4:
            y, x = rng.integers(0, 512 - self.side + 1, 2) if self.side <= 512 else (0, 0)
            noise = self.noise[y:y + self.side, x:x + self.side]
            strength = np.exp(rng.uniform(np.log(2), np.log(16)))
            image = np.clip(image + noise * strength, 0, 255).astype(np.uint8)
        if rng.random() < 0.6:
            quality = int(rng.uniform(12, 90))
            coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
            image = cv2.imdecode(coded, cv2.IMREAD_COLOR)
        return image


def tone_curve(rng):
    """A table [1, 256, 3]: exposure, contrast and cast of day, dusk and night."""
    level = np.linspace(0, 1, 256, dtype=np.float32)[:, None]
    gamma = np.exp(rng.normal(0, 0.3))
    gain = rng.uniform(0.75, 1.25, 3) if rng.random() < 0.6 else np.full(3, rng.uniform(0.8, 1.2))
    if rng.random() < 0.2:
        gamma *= rng.uniform(1.3, 2.4)
    if rng.random() < 0.2:
        # No filter against infrared, sodium light: one colour rules.
        gain = gain * (rng.uniform(0.4, 1.0), rng.uniform(0.4, 0.9), rng.uniform(0.9, 1.3))
    low = rng.uniform(-0.05, 0.12)
    curve = low + (level ** gamma) * gain * (1 - max(low, 0))
    return np.clip(curve * 255, 0, 255).astype(np.uint8)[None]


def turned(rng, width, height, most):
    """Corners [4, 2] of a rectangle turned in space, about its middle."""
    yaw, pitch = rng.normal(0, most, 2) * (1.0, 0.5)
    yaw, pitch = np.clip(yaw, -1.15, 1.15), np.clip(pitch, -0.8, 0.8)
    roll = rng.normal(0, 0.06) if rng.random() < 0.8 else rng.normal(0, 0.35)
    points = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [width / 2, height / 2]
    x, y = points[:, 0] * np.cos(yaw), points[:, 1] * np.cos(pitch)
    depth = points[:, 0] * np.sin(yaw) + points[:, 1] * np.sin(pitch)
    far = 1 + depth / (max(width, height) * rng.uniform(1.2, 6))
    flat = np.column_stack([x, y]) / far[:, None]
    cos, sin = np.cos(roll), np.sin(roll)
    return flat @ np.array([[cos, sin], [-sin, cos]])


def meets(a, b):
    """Whether two boxes overlap."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def keep(boxes, box, kind, right, bottom):
    """Adds what of `box` lies in the sample; what can hardly be seen is left alone."""
    clipped = [max(box[0], 0), max(box[1], 0), min(box[2], right), min(box[3], bottom)]
    width, height = clipped[2] - clipped[0], clipped[3] - clipped[1]
    if width <= 1 or height <= 1:
        return
    shown = width * height / ((box[2] - box[0]) * (box[3] - box[1]))
    if shown < 0.4 or min(width, height) < PLATE_ROWS_MIN:
        kind = UNSURE
    boxes.append([*clipped, kind])
