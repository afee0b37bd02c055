"""Draws devices with a display: monitors, televisions, laptops, telephones, tablets, in-car
computers.

A sprite is the whole device, as BGRA, 8 bit, its long side about 300 pixels. What is on the
display is drawn too: windows, text, maps, pictures, numbers, or nothing.
"""

import cv2
import numpy as np

LONG = 300


def colour(rng, low=0, high=255):
    """A random colour between two greys."""
    return tuple(int(v) for v in rng.integers(low, high + 1, 3))


def lines(rng, image, box, ink, scale):
    """Rows of text-like strokes in `box` (x, y, width, height)."""
    x, y, width, height = box
    step = max(4, int(9 * scale))
    for row in range(y + step, y + height - 2, step):
        at = x + 3
        end = x + width * rng.uniform(0.4, 1.0)
        while at < end - 4:
            word = int(rng.uniform(3, 22) * scale) + 2
            stop = int(min(at + word, x + width - 2))
            cv2.line(image, (at, row), (stop, row), ink, max(1, int(step * 0.45)))
            at += word + max(2, int(3 * scale))


def windows(rng, image):
    """A desktop or a form: bars, panels, text, buttons."""
    height, width = image.shape[:2]
    image[:] = colour(rng, 20, 255) if rng.random() < 0.5 else colour(rng, 225, 255)
    bar = max(3, height // 14)
    cv2.rectangle(image, (0, 0), (width, bar), colour(rng), -1)
    for _ in range(rng.integers(1, 5)):
        x, y = int(rng.uniform(0, width * 0.6)), int(rng.uniform(bar, height * 0.6))
        w, h = int(rng.uniform(0.25, 0.8) * width), int(rng.uniform(0.25, 0.8) * height)
        ground = (255, 255, 255) if rng.random() < 0.5 else colour(rng)
        ink = (30, 30, 30) if sum(ground) > 380 else (225, 225, 225)
        cv2.rectangle(image, (x, y), (x + w, y + h), ground, -1)
        cv2.rectangle(image, (x, y), (x + w, y + bar), colour(rng), -1)
        lines(rng, image, (x + 2, y + bar, min(w, width - x) - 4, min(h, height - y) - bar), ink,
              rng.uniform(0.5, 1.4))
    if rng.random() < 0.6:
        cv2.rectangle(image, (0, height - bar), (width, height), colour(rng), -1)


def text(rng, image):
    """A page or a terminal."""
    dark = rng.random() < 0.5
    image[:] = colour(rng, 0, 40) if dark else colour(rng, 215, 255)
    ink = colour(rng, 120, 255) if dark else colour(rng, 0, 90)
    height, width = image.shape[:2]
    lines(rng, image, (2, 2, width - 4, height - 4), ink, rng.uniform(0.5, 1.5))


def chart(rng, image):
    """A street map or a navigation view."""
    height, width = image.shape[:2]
    image[:] = colour(rng, 190, 245) if rng.random() < 0.6 else colour(rng, 15, 60)
    for _ in range(rng.integers(2, 6)):
        points = rng.uniform(0, 1, (5, 2)) * (width, height)
        cv2.fillPoly(image, [points.astype(np.int32)], colour(rng, 90, 230))
    for _ in range(rng.integers(5, 14)):
        a, b = rng.uniform(-0.2, 1.2, (2, 2)) * (width, height)
        cv2.line(image, a.astype(int).tolist(), b.astype(int).tolist(), colour(rng, 150, 255),
                 int(rng.integers(1, 7)))
    if rng.random() < 0.5:
        cv2.circle(image, (width // 2, height // 2), 5, (230, 90, 30), -1)


def picture(rng, image, photos):
    """A photograph or a film."""
    height, width = image.shape[:2]
    photo = photos[rng.integers(len(photos))]
    rows, columns = photo.shape[:2]
    w = int(rng.uniform(0.3, 1) * columns)
    h = min(rows, max(8, int(w * height / width)))
    x, y = int(rng.integers(0, columns - w + 1)), int(rng.integers(0, rows - h + 1))
    image[:] = cv2.resize(photo[y:y + h, x:x + w], (width, height), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.3:
        cv2.rectangle(image, (0, int(height * 0.82)), (width, height), colour(rng), -1)


def content(rng, width, height, photos):
    """What is shown, BGR [height, width, 3]."""
    image = np.zeros((height, width, 3), np.uint8)
    kind = rng.random()
    if kind < 0.3:
        windows(rng, image)
    elif kind < 0.42:
        text(rng, image)
    elif kind < 0.54:
        chart(rng, image)
    elif kind < 0.76:
        picture(rng, image, photos)
    elif kind < 0.86:
        image[:] = colour(rng)
    else:
        image[:] = colour(rng, 4, 50)
    image = image.astype(np.float32)
    if rng.random() < 0.4:
        # A lamp or a window is mirrored in it.
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        far = ((np.arange(width) - x) / width) ** 2 + (
            ((np.arange(height) - y) / height) ** 2)[:, None]
        image += (np.exp(-far / rng.uniform(0.01, 0.2)) * rng.uniform(20, 160))[..., None]
    if rng.random() < 0.3:
        slope = np.linspace(0, rng.uniform(-90, 90), width, dtype=np.float32)
        image += slope[None, :, None]
    return np.clip(image * rng.uniform(0.6, 1.15), 0, 255).astype(np.uint8)


def framed(rng, width, height, photos, rim, chin, radius):
    """A display in its frame: BGRA, `rim` and `chin` pixels around it."""
    case = np.zeros((height + rim + chin, width + 2 * rim, 4), np.uint8)
    shade = colour(rng, 8, 60) if rng.random() < 0.75 else colour(rng, 120, 245)
    round_box(case, (0, 0, case.shape[1] - 1, case.shape[0] - 1), radius, (*shade, 255))
    case[rim:rim + height, rim:rim + width, :3] = content(rng, width, height, photos)
    return case


def round_box(image, box, radius, fill):
    """Fills a box (x_min, y_min, x_max, y_max) with round corners."""
    x, y, right, bottom = (int(v) for v in box)
    radius = int(min(radius, (right - x) // 2, (bottom - y) // 2))
    cv2.rectangle(image, (x + radius, y), (right - radius, bottom), fill, -1)
    cv2.rectangle(image, (x, y + radius), (right, bottom - radius), fill, -1)
    for cx in (x + radius, right - radius):
        for cy in (y + radius, bottom - radius):
            cv2.circle(image, (cx, cy), radius, fill, -1)


def stacked(top, bottom):
    """One sprite above another, both centred."""
    width = max(top.shape[1], bottom.shape[1])
    whole = np.zeros((top.shape[0] + bottom.shape[0], width, 4), np.uint8)
    for part, y in ((top, 0), (bottom, top.shape[0])):
        x = (width - part.shape[1]) // 2
        whole[y:y + part.shape[0], x:x + part.shape[1]] = part
    return whole


def keyboard(rng, width, height, spread):
    """The lower half of a laptop seen from above its edge: keys and a pad, wider towards us."""
    board = np.zeros((height, width, 4), np.uint8)
    case = colour(rng, 20, 90) if rng.random() < 0.5 else colour(rng, 150, 230)
    board[:] = (*case, 255)
    key = tuple(int(max(0, v - 60)) for v in case) if rng.random() < 0.7 else (240, 240, 240)
    rows = int(rng.integers(4, 7))
    for row in range(rows):
        y = int(height * (0.06 + 0.55 * row / rows))
        for column in range(13):
            x = int(width * (0.06 + 0.88 * column / 13))
            cv2.rectangle(board, (x, y), (x + int(width * 0.055), y + int(height * 0.42 / rows)),
                          (*key, 255), -1)
    cv2.rectangle(board, (int(width * 0.36), int(height * 0.68)),
                  (int(width * 0.64), int(height * 0.95)), (*key, 255), 1)
    wide = int(width * (1 + spread))
    edge = (wide - width) / 2
    source = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
    target = np.float32([[edge, 0], [edge + width, 0], [wide, height], [0, height]])
    return cv2.warpPerspective(board, cv2.getPerspectiveTransform(source, target), (wide, height))


def device(rng, photos):
    """One device as BGRA and its kind."""
    kind = rng.choice(
        ["laptop", "monitor", "telephone", "tablet", "car"], p=[0.3, 0.26, 0.22, 0.1, 0.12]
    )
    if kind == "laptop":
        width = 240
        height = int(width * rng.choice([0.5625, 0.625, 0.7]))
        rim = int(rng.integers(4, 14))
        lid = framed(rng, width, height, photos, rim, rim + int(rng.integers(0, 12)), 5)
        if rng.random() < 0.15:
            return lid, kind
        board = keyboard(rng, lid.shape[1], int(height * rng.uniform(0.25, 0.8)),
                         rng.uniform(0, 0.35))
        return stacked(lid, board), kind
    if kind == "monitor":
        height = int(LONG * rng.choice([0.5625, 0.5625, 0.625, 0.75, 0.43]))
        rim = int(rng.integers(2, 20))
        return framed(rng, LONG, height, photos, rim, rim + int(rng.integers(0, 20)), 3), kind
    if kind == "telephone":
        width = 140
        sprite = framed(rng, width, int(width * rng.uniform(1.7, 2.1)), photos,
                        int(rng.integers(4, 12)), int(rng.integers(5, 30)),
                        int(rng.integers(8, 26)))
    elif kind == "tablet":
        sprite = framed(rng, 200, 270, photos, int(rng.integers(10, 26)),
                        int(rng.integers(12, 34)), 14)
    else:
        # A rugged computer in a patrol car: thick case, keys around the display.
        sprite = framed(rng, 240, int(240 * rng.uniform(0.5, 0.78)), photos,
                        int(rng.integers(10, 30)), int(rng.integers(16, 44)),
                        int(rng.integers(4, 14)))
        bottom = sprite.shape[0] - 6
        for x in range(20, sprite.shape[1] - 20, 24):
            cv2.rectangle(sprite, (x, bottom - 8), (x + 14, bottom), (*colour(rng, 50, 140), 255),
                          -1)
        return sprite, kind
    if rng.random() < 0.35:
        sprite = np.ascontiguousarray(np.rot90(sprite))
    return sprite, kind
