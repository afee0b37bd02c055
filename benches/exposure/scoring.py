"""Scores masks against truth by the rule of `redact score`, for programs that are not Redact.

A marked box counts as hidden when masks cover at least 95 % of its pixels; a track leaks when it
is exposed in one frame. Over-mask is the masked share of all pixels outside every marked box, grown
1.5 times. measure.py compares this with what `redact score` says of Redact's own findings.
"""

import numpy as np

HIDDEN = 0.95
GROWN = 1.5
# Names and least heights of the bands, pixels.
BANDS = (("<12", 0), ("12-16", 12), ("16-32", 16), ("32-64", 32), (">64", 64))


def band(height):
    """The name of the band that a height belongs to."""
    return [name for name, least in BANDS if height >= least or least == 0][-1]


def pixels(low, high, size):
    """The rows and columns of pixels whose middle lies in a box."""
    x, y = (np.clip(np.ceil(np.array([low[at], high[at]]) - 0.5), 0, size[at]).astype(int)
            for at in (0, 1))
    return slice(y[0], y[1]), slice(x[0], x[1])


def score(truth, masks):
    """The figures as `redact score --json` names them; `masks` holds [x, y, width, height] of
    every mask of each frame."""
    size = truth["width"], truth["height"]
    classes, over, outside = {}, 0, 0
    for at, (rows, found) in enumerate(zip(truth["boxes"], masks, strict=True)):
        cover = np.zeros(size[::-1], bool)
        for x, y, wide, tall in found:
            cover[pixels((x, y), (x + wide, y + tall), size)] = True
        beyond = np.ones(size[::-1], bool)
        for row in rows:
            low = np.array([row["x"], row["y"]])
            half = np.array([row["w"], row["h"]]) / 2
            middle = low + half
            beyond[pixels(middle - half * GROWN, middle + half * GROWN, size)] = False
            if row.get("ignore"):
                continue
            inner = cover[pixels(low, low + 2 * half, size)]
            if inner.size:
                count(classes, row, at, inner.mean() < HIDDEN)
        outside += int(beyond.sum())
        over += int((cover & beyond).sum())
    share = over / max(outside, 1)
    return {"clip": truth["clip"], "frames": len(masks), "overmask_pct": share * 100,
            "classes": {kind: finished(figures) for kind, figures in classes.items()}}


def count(classes, row, at, is_bare):
    """Adds one box to the figures of its class."""
    figures = classes.setdefault(row["class"], {"boxes": 0, "hidden": 0, "by_height": {},
                                                "tracks": set(), "bare": {}})
    tall = figures["by_height"].setdefault(band(row["h"]), [0, 0])
    figures["boxes"] += 1
    tall[0] += 1
    figures["tracks"].add(row["track"])
    if is_bare:
        figures["bare"].setdefault(row["track"], []).append(at)
    else:
        figures["hidden"] += 1
        tall[1] += 1


def longest(frames):
    """The longest run of consecutive frames."""
    best = run = 0
    before = None
    for at in frames:
        run = run + 1 if before == at - 1 else 1
        best, before = max(best, run), at
    return best


def finished(figures):
    """The figures of a class as JSON has them."""
    return {
        "boxes": figures["boxes"], "hidden": figures["hidden"],
        "tracks": len(figures["tracks"]), "leaked": len(figures["bare"]),
        "leaked_tracks": sorted(str(track) for track in figures["bare"]),
        "longest_run": max(map(longest, figures["bare"].values()), default=0),
        "by_height": {name: {"n": n, "recall": hidden / n}
                      for name, (n, hidden) in figures["by_height"].items()},
    }


def masks_of_findings(findings, size):
    """The masks [x, y, width, height] per frame that a findings file stands for."""
    masks = [[] for _ in range(findings["source"]["frames"])]
    for track in findings["tracks"]:
        for frame, *sides, _score, _origin in track["boxes"]:
            low = np.floor(np.array(sides[:2]) * size / 2) * 2
            high = np.ceil(np.array(sides[2:]) * size / 2) * 2
            masks[frame].append([*low, *(high - low)])
    return masks


def disagreement(ours, theirs):
    """What two scores of the same masks differ in, as a sentence, or nothing."""
    for kind, figures in theirs["classes"].items():
        mine = ours["classes"].get(kind, {})
        for key in ("boxes", "hidden", "tracks", "leaked", "longest_run"):
            if mine.get(key) != figures[key]:
                return f"{kind} {key}: {mine.get(key)} and {figures[key]}"
    if abs(ours["overmask_pct"] - theirs["overmask_pct"]) > 0.01:
        return f"over-mask: {ours['overmask_pct']} and {theirs['overmask_pct']}"
    return None
