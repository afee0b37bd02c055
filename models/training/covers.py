"""Draws over faces what hides parts of them: masks, glasses, caps, hoods, hair, hands, things.

A face is given by its frame, a matrix [2, 3] from face coordinates to pixels: (-1, -1) is the top
left corner of its upright box and (1, 1) the bottom right one; y is -0.2 at the eyes and 0.5 at
the mouth. Everything is drawn into the picture in place.
"""

import cv2
import numpy as np

# Fractional bits of the coordinates that OpenCV draws with.
BITS = 4
# Height of a face below which nothing is drawn, pixels.
HEIGHT_MIN = 14

MASK = np.array([[-0.9, -0.02], [-0.5, -0.12], [0, -0.22], [0.5, -0.12], [0.9, -0.02], [0.82, 0.5],
                 [0.45, 0.92], [0, 1.06], [-0.45, 0.92], [-0.82, 0.5]])
SCARF = np.array([[-1.15, 0.1], [0, -0.02], [1.15, 0.1], [1.3, 1.5], [-1.3, 1.5]])
CAP = np.array([[-1.05, -0.42], [-1.02, -0.9], [-0.7, -1.3], [0, -1.48], [0.7, -1.3],
                [1.02, -0.9], [1.05, -0.42]])


def ellipse(middle, axes, turn=0.0, count=24):
    """Corners [count, 2] of an ellipse in face coordinates."""
    at = np.linspace(0, 2 * np.pi, count, endpoint=False)
    points = np.column_stack([np.cos(at) * axes[0], np.sin(at) * axes[1]])
    cos, sin = np.cos(turn), np.sin(turn)
    return points @ np.array([[cos, sin], [-sin, cos]]) + middle


class Canvas:
    """The part of a picture around one face, and what will be drawn over it."""

    def __init__(self, image, frame):
        corners = np.array([[x, y, 1] for x in (-1.8, 1.8) for y in (-1.8, 1.8)]) @ frame.T
        edge = np.array(image.shape[1::-1])
        low = np.clip(np.floor(corners.min(0)), 0, edge).astype(int)
        high = np.clip(np.ceil(corners.max(0)), 0, edge).astype(int)
        self.view = image[low[1]:high[1], low[0]:high[0]]
        self.frame = frame - np.array([[0, 0, low[0]], [0, 0, low[1]]])
        self.cover = np.zeros(self.view.shape[:2], np.uint8)

    def pixels(self, points):
        """Face coordinates [N, 2] as fixed-point pixels."""
        points = np.column_stack([points, np.ones(len(points))]) @ self.frame.T
        return np.round(points * (1 << BITS)).astype(np.int32)

    def fill(self, points, value=255):
        cv2.fillPoly(self.cover, [self.pixels(np.asarray(points))], value, cv2.LINE_AA, BITS)

    def line(self, points, width, value=255):
        """A line through face coordinates; `width` in half widths of the face."""
        wide = max(1, round(width * np.linalg.norm(self.frame[:, 0])))
        cv2.polylines(self.cover, [self.pixels(np.asarray(points))], False, value, wide,
                      cv2.LINE_AA, BITS)

    def paint(self, shade, opacity=1.0):
        """Lays `shade` (a color, or a picture of the view's size) where the cover is."""
        alpha = self.cover[..., None] * (opacity / 255)
        self.view[:] = self.view * (1 - alpha) + np.clip(shade, 0, 255) * alpha
        self.cover[:] = 0


def brightness(canvas):
    """How bright the picture is around the face, 0..1."""
    return float(np.clip(canvas.view.mean() / 140, 0.2, 1.1))


def cloth(rng, canvas, texture):
    """Cloth or paper: plain or a piece of a picture, lit from one side."""
    height, width = canvas.cover.shape
    if rng.random() < 0.35 and min(texture.shape[:2]) > 8:
        side = int(rng.integers(8, min(texture.shape[:2]) + 1))
        y, x = (int(rng.integers(0, v - side + 1)) for v in texture.shape[:2])
        shade = cv2.resize(texture[y:y + side, x:x + side], (width, height)).astype(np.float32)
    else:
        kind = rng.random()
        base = (rng.uniform(190, 250, 3) if kind < 0.35 else rng.uniform(5, 60, 3) if kind < 0.65
                else np.array([215, 185, 130]) + rng.normal(0, 15, 3) if kind < 0.8
                else rng.uniform(20, 230, 3))
        shade = np.broadcast_to(base * brightness(canvas), (height, width, 3))
    slope = rng.uniform(-0.35, 0.35, 2)
    y, x = np.mgrid[:height, :width]
    light = 1 + slope[0] * (x / max(width, 1) - 0.5) + slope[1] * (y / max(height, 1) - 0.5)
    return shade * light[..., None]


def skin(rng, canvas):
    """The color in the middle of the face, a little changed."""
    middle = (canvas.frame @ [0, 0.05, 1]).astype(int)
    height, width = canvas.cover.shape
    x, y = np.clip(middle, 0, [width - 1, height - 1])
    around = canvas.view[max(y - 2, 0):y + 3, max(x - 2, 0):x + 3].reshape(-1, 3)
    return around.mean(0) * rng.uniform(0.8, 1.15) + rng.normal(0, 5, 3)


def mask(rng, canvas, texture):
    shape = MASK + rng.normal(0, 0.04, MASK.shape)
    if rng.random() < 0.15:
        # Under the nose, as many wear it.
        shape[:5, 1] += rng.uniform(0.2, 0.4)
    shade = cloth(rng, canvas, texture)
    for side in (-1, 1):
        canvas.line([[side * 0.85, 0.05], [side * 1.05, -0.2]], 0.05)
    canvas.fill(shape)
    canvas.paint(shade)
    if rng.random() < 0.5:
        for y in rng.uniform(0.1, 0.8, int(rng.integers(1, 4))):
            canvas.line([[-0.7, y - 0.08], [0, y], [0.7, y - 0.08]], 0.03)
        canvas.paint(shade * 0.8)


def glasses(rng, canvas, _):
    wide, high = rng.uniform(0.28, 0.42), rng.uniform(0.17, 0.3)
    for side in (-1, 1):
        canvas.fill(ellipse([side * 0.42, -0.18], [wide, high]))
        canvas.line([[side * 0.6, -0.24], [side * 1.0, -0.25]], 0.06)
    canvas.line([[-0.2, -0.22], [0.2, -0.22]], 0.07)
    canvas.paint(rng.uniform(5, 50, 3), rng.uniform(0.75, 1))


def cap(rng, canvas, texture):
    lower = rng.uniform(-0.15, 0.3)
    shape = CAP + np.array([0, lower]) + rng.normal(0, 0.03, CAP.shape)
    shade = cloth(rng, canvas, texture)
    canvas.fill(shape)
    aside = rng.uniform(-0.5, 0.5)
    canvas.fill(ellipse([aside, lower - 0.42], [1.0, rng.uniform(0.1, 0.28)], aside * 0.3))
    canvas.paint(shade)


def hood(rng, canvas, texture):
    shade = cloth(rng, canvas, texture)
    canvas.fill(ellipse([0, 0.1], [1.5, 1.6]))
    opening = [rng.uniform(0.62, 0.92), rng.uniform(0.75, 1.0)]
    canvas.fill(ellipse([rng.normal(0, 0.08), rng.uniform(-0.05, 0.15)], opening), 0)
    canvas.paint(shade)


def hair(rng, canvas, _):
    """Hair over forehead and perhaps eyes, as of a head that is bent."""
    lower = rng.uniform(-0.6, -0.05)
    canvas.fill(ellipse([rng.normal(0, 0.2), lower - 1.0], [1.25, 1.0], rng.normal(0, 0.2)))
    grain = rng.normal(0, 14, (*canvas.cover.shape, 1))
    tone = np.array([25, 32, 42]) * rng.uniform(0.3, 3.5) * brightness(canvas)
    canvas.paint(tone + grain)


def scarf(rng, canvas, texture):
    shade = cloth(rng, canvas, texture)
    canvas.fill(SCARF + np.array([0, rng.uniform(-0.2, 0.4)]) + rng.normal(0, 0.05, SCARF.shape))
    canvas.paint(shade)


def hand(rng, canvas, _):
    """Fingers from one side, over mouth, cheek or eyes."""
    tone = skin(rng, canvas)
    turn = rng.uniform(0, 2 * np.pi)
    along = np.array([np.cos(turn), np.sin(turn)])
    across = np.array([-along[1], along[0]])
    tip = rng.uniform(-0.6, 0.6, 2)
    wide = rng.uniform(0.16, 0.26)
    for finger in range(int(rng.integers(2, 5))):
        end = tip + across * finger * wide * 1.15 + along * rng.uniform(-0.15, 0.15)
        canvas.line([end, end + along * 1.6], wide)
        canvas.paint(tone * rng.uniform(0.88, 1.05))
    canvas.fill(ellipse(tip + across * wide * 1.5 + along * 1.2, [0.6, 0.5], turn))
    canvas.paint(tone * 0.95)


def thing(rng, canvas, texture):
    """A telephone, a cup, a shoulder or a post before it."""
    middle, size = rng.uniform(-1, 1, 2), rng.uniform(0.25, 0.75, 2)
    turn = rng.normal(0, 0.5)
    if rng.random() < 0.5:
        canvas.fill(ellipse(middle, size, turn))
        canvas.paint(cloth(rng, canvas, texture))
        return
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * size
    cos, sin = np.cos(turn), np.sin(turn)
    corners = corners @ np.array([[cos, sin], [-sin, cos]])
    canvas.fill(corners + middle)
    canvas.paint(cloth(rng, canvas, texture) * rng.uniform(0.2, 1))


KINDS = ((mask, 0.3), (glasses, 0.1), (cap, 0.14), (hood, 0.08), (hair, 0.1), (scarf, 0.06),
         (hand, 0.1), (thing, 0.12))


def cover(rng, image, frame, texture):
    """Covers one face with one or two things."""
    if 2 * np.linalg.norm(frame[:, 1]) < HEIGHT_MIN:
        return
    chances = [chance for _, chance in KINDS]
    count = 2 if rng.random() < 0.3 else 1
    for at in rng.choice(len(KINDS), count, replace=False, p=np.array(chances) / sum(chances)):
        canvas = Canvas(image, frame)
        if canvas.cover.size:
            KINDS[at][0](rng, canvas, texture)
