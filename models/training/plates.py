"""Draws number plates: layouts of many countries, from fonts with free licenses.

No plate is copied from a photograph, and no layout is exact: what a detector has to learn is what
they have in common. Sprites are BGRA, 8 bit, 96 pixels high.
"""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

HEIGHT = 96
# File names of the Debian packages in requirements-fonts.txt.
FONTS = (
    "DejaVuSansCondensed-Bold.ttf", "DejaVuSansMono-Bold.ttf", "DejaVuSans-Bold.ttf",
    "LiberationSansNarrow-Bold.ttf", "LiberationSans-Bold.ttf", "LiberationMono-Bold.ttf",
    "RobotoCondensed-Bold.ttf", "RobotoCondensed-Regular.ttf", "Roboto-Medium.ttf",
    "B612Mono-Bold.otf", "B612-Bold.otf", "NimbusSansNarrow-Bold.otf", "Hack-Bold.ttf",
)
WORDS = (
    "NORTH VALLEY", "LAKE STATE", "THE PINE STATE", "SUNSHINE", "PROVINCE", "GRAND COUNTY",
    "BIG SKY",
    "EXPLORE", "GARDEN", "LIVE WELL", "COASTAL", "MOTORS", "AUTO CENTER", "RIO VERDE", "BRASIL",
)


def find_fonts(folder):
    """Paths of the fonts under `folder`; at least four must be there."""
    found = {path.name: path for path in Path(folder).rglob("*.[to]tf")}
    fonts = [str(found[name]) for name in FONTS if name in found]
    if len(fonts) < 4:
        raise SystemExit(f"{folder}: only {len(fonts)} of the fonts of plates.py; "
                         "install the packages of requirements-fonts.txt")
    return fonts


def number(rng):
    """A made-up number: letters, digits, perhaps a gap."""
    letters, digits = "ABCDEFGHJKLMNPRSTUVWXYZ", "0123456789"
    patterns = (
        "AAA 0000", "AAA 000", "AA 00 AAA", "0AAA000", "AA-000-AA", "AAA0A00", "000 AAA",
        "A 00 AAA",
        "AA 00 000", "0000 AAA", "AAA-00-00", "AA00 AAA", "A00 0AA", "00 AAA 00", "AA 000 AA",
        "AAAA 000", "AAA AAA", "00000", "A 0000",
    )
    pattern = patterns[rng.integers(len(patterns))]
    pick = {"A": letters, "0": digits}
    return "".join(
        pick[c][rng.integers(len(pick[c]))] if c in pick else c for c in pattern
    )


def palette(rng):
    """Colours (ground, ink), RGB."""
    kinds = (
        ((238, 238, 232), (20, 20, 25)), ((240, 240, 240), (20, 40, 120)),
        ((235, 190, 40), (15, 15, 15)), ((235, 235, 235), (150, 25, 30)),
        ((150, 152, 155), (20, 20, 20)), ((25, 25, 28), (230, 230, 225)),
        ((40, 60, 140), (240, 220, 90)), ((200, 220, 240), (20, 40, 110)),
        ((230, 235, 225), (20, 90, 50)), ((160, 25, 35), (240, 240, 240)),
        ((225, 215, 180), (70, 30, 30)), ((30, 90, 60), (235, 235, 235)),
    )
    share = np.array([10, 6, 4, 2, 2, 1.5, 1.2, 2.5, 2, 0.7, 1.5, 0.6])
    ground, ink = kinds[rng.choice(len(kinds), p=share / share.sum())]
    shift = rng.integers(-12, 13, 3)
    return tuple(int(v) for v in np.clip(np.add(ground, shift), 0, 255)), ink


def fitted(draw, text, path, box):
    """The font in which `text` just fills `box` (x, y, width, height), and where it goes."""
    x, y, width, height = box
    font = ImageFont.truetype(path, 60)
    left, top, right, bottom = draw.textbbox((0, 0), text, font)
    scale = min(width / max(right - left, 1), height / max(bottom - top, 1))
    font = ImageFont.truetype(path, max(6, int(60 * scale)))
    left, top, right, bottom = draw.textbbox((0, 0), text, font)
    return font, (x + (width - right + left) / 2 - left, y + (height - bottom + top) / 2 - top)


def write(draw, text, path, box, ink):
    """Writes `text` as large as `box` allows."""
    font, at = fitted(draw, text, path, box)
    draw.text(at, text, ink, font)


def american(rng, draw, width, fonts, ground, ink):
    """Twelve by six inches: a name above, a number, perhaps words below and a picture behind."""
    if rng.random() < 0.35:
        for row in range(HEIGHT):
            share = row / HEIGHT * rng.uniform(0.5, 1)
            tint = np.array(ground) * (1 - share) + np.array([120, 170, 220]) * share
            draw.line([(0, row), (width, row)], tuple(int(v) for v in tint))
    if rng.random() < 0.3:
        points = [(int(x), int(rng.uniform(40, 80))) for x in np.linspace(0, width, 6)]
        tint = tuple(int(v) for v in rng.integers(100, 220, 3))
        draw.polygon([*points, (width, HEIGHT), (0, HEIGHT)], tint)
    font = fonts[rng.integers(len(fonts))]
    name = tuple(int(v) for v in rng.integers(10, 160, 3)) if rng.random() < 0.5 else ink
    write(draw, WORDS[rng.integers(len(WORDS))], font, (20, 4, width - 40, 18), name)
    write(draw, number(rng), font, (8, 26, width - 16, 48), ink)
    if rng.random() < 0.6:
        write(draw, WORDS[rng.integers(len(WORDS))], font, (30, 79, width - 60, 13), name)
    if rng.random() < 0.5:
        tint = tuple(int(v) for v in rng.integers(60, 255, 3))
        draw.rectangle((width - 24, 4, width - 6, 20), tint)


def european(rng, draw, width, fonts, ink):
    """One row; a blue band at the left or at both ends, or a bar above as in Mercosur."""
    font = fonts[rng.integers(len(fonts))]
    kind = rng.random()
    left, top = 6, 12
    if kind < 0.65:
        band = int(HEIGHT * 0.42)
        draw.rectangle((0, 0, band, HEIGHT), (20, 60, 160))
        write(draw, "DEFILROPLSKCZ"[rng.integers(12):][:2], font, (6, 62, band - 12, 24), "white")
        draw.ellipse((10, 14, band - 10, 14 + band - 20), outline=(240, 220, 60), width=3)
        left = band + 4
        if rng.random() < 0.25:
            draw.rectangle((width - band, 0, width, HEIGHT), (20, 60, 160))
            width -= band
    elif kind < 0.8:
        draw.rectangle((0, 0, width, 24), (20, 50, 150))
        write(draw, WORDS[rng.integers(len(WORDS))], font, (60, 4, width - 120, 16), "white")
        top = 30
    write(draw, number(rng), font, (left + 4, top, width - left - 12, HEIGHT - top - 10), ink)


def plate(rng, fonts):
    """One plate as BGRA [96, W, 4]."""
    ground, ink = palette(rng)
    kind = rng.random()
    ratio = 2.0 if kind < 0.45 else 1.4 if kind < 0.55 else rng.choice([3.1, 4.4, 4.73, 4.0])
    width = int(HEIGHT * ratio * rng.uniform(0.94, 1.06))
    image = Image.new("RGB", (width, HEIGHT), ground)
    draw = ImageDraw.Draw(image)
    if kind < 0.45:
        american(rng, draw, width, fonts, ground, ink)
    elif kind < 0.55:
        font = fonts[rng.integers(len(fonts))]
        first, _, second = number(rng).partition(" ")
        write(draw, first, font, (10, 8, width - 20, 36), ink)
        write(draw, second or "000", font, (10, 50, width - 20, 38), ink)
    else:
        european(rng, draw, width, fonts, ink)
    if rng.random() < 0.6:
        draw.rounded_rectangle((1, 1, width - 2, HEIGHT - 2), 8, outline=ink, width=2)
    if rng.random() < 0.5:
        for x in (width * 0.2, width * 0.8):
            draw.ellipse((x - 3, 5, x + 3, 11), (90, 90, 95))
    pixels = np.asarray(image)[..., ::-1]
    alpha = Image.new("L", (width, HEIGHT), 0)
    ImageDraw.Draw(alpha).rounded_rectangle((0, 0, width - 1, HEIGHT - 1),
                                            int(rng.integers(0, 12)), 255)
    return weathered(rng, np.dstack([pixels, np.asarray(alpha)]))


def weathered(rng, sprite):
    """Adds dirt, a shadow's edge, a worn or glaring spot."""
    pixels = sprite[..., :3].astype(np.float32)
    height, width = pixels.shape[:2]
    if rng.random() < 0.4:
        spots = cv2.resize(
            rng.random((int(rng.integers(3, 9)), int(rng.integers(5, 20)))).astype(np.float32),
            (width, height), interpolation=cv2.INTER_CUBIC,
        )
        share = np.clip((spots - rng.uniform(0.4, 0.8)) * 2, 0, rng.uniform(0.2, 0.9))[..., None]
        pixels = pixels * (1 - share) + rng.uniform(40, 110, 3).astype(np.float32) * share
    if rng.random() < 0.3:
        slope = np.linspace(0, 1, width, dtype=np.float32)[None] * rng.uniform(-1, 1)
        edge = slope + np.linspace(0, 1, height, dtype=np.float32)[:, None] > rng.uniform(0.1, 0.9)
        pixels *= np.where(edge, rng.uniform(0.3, 0.8), 1)[..., None]
    if rng.random() < 0.15:
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        far = (np.arange(width) - x) ** 2 + ((np.arange(height) - y) ** 2)[:, None]
        glow = np.exp(-far / (2 * rng.uniform(15, 60) ** 2)) * rng.uniform(80, 255)
        pixels += glow[..., None].astype(np.float32)
    return np.dstack([np.clip(pixels, 0, 255).astype(np.uint8), sprite[..., 3]])
