"""Tables (Markdown) of what measure.py wrote.

    python tables.py WORK/ [RUN ...]
"""

import json
import math
import sys
from pathlib import Path

import camera
import scoring

RUNS = ("fast", "standard", "thorough", "deface")
KINDS = ("face", "plate", "screen")
# Classes that a program does not look for are left out of its rows.
ONLY = {"deface": ("face",)}
# Standard score of a 95 % interval.
Z = 1.96


def interval(count, total):
    """Wilson's 95 % interval of a share."""
    if total == 0:
        return 0.0, 1.0
    share, weight = count / total, Z * Z / total
    middle = (share + weight / 2) / (1 + weight)
    half = Z * math.sqrt(share * (1 - share) / total + weight / total / 4) / (1 + weight)
    return max(0.0, middle - half), min(1.0, middle + half)


def scores(work, run):
    """The figures of every clip, by its name."""
    return {path.name.removesuffix(".score.json"): json.loads(path.read_text(encoding="utf-8"))
            for path in sorted((work / run).glob("*.score.json"))}


def summed(clips, kind):
    """Boxes, hidden, tracks, leaked, longest run and heights of a class over clips."""
    total = {"boxes": 0, "hidden": 0, "tracks": 0, "leaked": 0, "longest_run": 0, "heights": {}}
    for clip in clips:
        figures = clip["classes"].get(kind)
        if not figures:
            continue
        for key in ("boxes", "hidden", "tracks", "leaked"):
            total[key] += figures[key]
        total["longest_run"] = max(total["longest_run"], figures["longest_run"])
        for name, row in figures["by_height"].items():
            n, hidden = total["heights"].get(name, (0, 0.0))
            total["heights"][name] = n + row["n"], hidden + row["n"] * row["recall"]
    return total


def share(value):
    """A share that is never rounded up to all."""
    return f"{math.floor(value * 1000 + 1e-9) / 1000:.3f}"


def line(*cells):
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def heading(*cells):
    return [line(*cells), line(*["---"] * len(cells))]


def main_table(all_scores):
    """Per run and class: what leaks and what is hidden."""
    names = [name for name, _ in scoring.BANDS[1:]]
    rows = heading("run", "class", "tracks leaked", "rate", "95 % interval", "longest run",
                   "boxes hidden", *names)
    for run, clips in all_scores.items():
        for kind in ONLY.get(run, KINDS):
            total = summed(clips.values(), kind)
            if not total["tracks"]:
                continue
            low, high = interval(total["leaked"], total["tracks"])
            cells = []
            for name in names:
                n, hidden = total["heights"].get(name, (0, 0))
                cells.append(f"{share(hidden / n)} of {n}" if n else "")
            rows.append(line(
                run, kind, f"{total['leaked']} of {total['tracks']}",
                f"{total['leaked'] / total['tracks'] * 100:.1f} %",
                f"{low * 100:.1f} to {high * 100:.1f} %", total["longest_run"],
                f"{share(total['hidden'] / total['boxes'])} of {total['boxes']}", *cells))
    return rows


def clip_table(all_scores):
    """Leaked tracks and over-mask of each clip."""
    rows = heading("clip", "class", *all_scores)
    clips = sorted({clip for scores in all_scores.values() for clip in scores})
    for clip in clips:
        kinds = [kind for kind in KINDS
                 if any(kind in scores.get(clip, {"classes": {}})["classes"]
                        for scores in all_scores.values())]
        for kind in kinds:
            cells = []
            for run, scores in all_scores.items():
                figures = scores.get(clip, {}).get("classes", {}).get(kind)
                is_asked = figures and kind in ONLY.get(run, KINDS)
                cells.append(f"{figures['leaked']}/{figures['tracks']}, "
                             f"{scores[clip]['overmask_pct']:.1f} %" if is_asked else "")
            rows.append(line(clip, kind, *cells))
    return rows


def condition_table(work, all_scores):
    """Leaked face and plate tracks by what happens to the camera."""
    rows = heading("condition", "class", *all_scores)
    for condition in (*camera.CONDITIONS, "low bit rate"):
        for kind in KINDS[:2]:
            cells = [leaked_under(work, clips, condition, kind)
                     if kind in ONLY.get(run, KINDS) else "" for run, clips in all_scores.items()]
            if any(cells):
                rows.append(line(condition, kind, *cells))
    return rows


def leaked_under(work, clips, condition, kind):
    """Leaked tracks of all under one condition, as text."""
    leaked = total = 0
    for name, clip in clips.items():
        figures = clip["classes"].get(kind)
        if not figures:
            continue
        folder = work / "clips"
        shots = json.loads((folder / f"{name}.shots.json").read_text(encoding="utf-8"))
        truth = json.loads((folder / f"{name}.truth.json").read_text(encoding="utf-8"))
        counted = {row["track"] for rows in truth["boxes"] for row in rows
                   if row["class"] == kind and not row.get("ignore")}
        lost = {int(track) for track in figures["leaked_tracks"]}
        for shot in shots:
            is_low = name.endswith("-low")
            if condition not in (shot["condition"], "low bit rate" if is_low else ""):
                continue
            tracks = set(range(*shot["tracks"])) & counted
            total += len(tracks)
            leaked += len(tracks & lost)
    return f"{leaked} of {total}" if total else ""


def cost_table(all_scores):
    """Over-mask and processor time over all clips of a run."""
    rows = heading("run", "clips", "over-mask", "processor time per frame")
    for run, clips in all_scores.items():
        frames = sum(clip["frames"] for clip in clips.values())
        over = sum(clip["overmask_pct"] * clip["frames"] for clip in clips.values()) / frames
        seconds = sum(clip["cpu_seconds"] for clip in clips.values()) / frames
        rows.append(line(run, len(clips), f"{over:.2f} %", f"{seconds * 1e3:.0f} ms"))
    return rows


def main():
    work, *runs = sys.argv[1:]
    work = Path(work)
    all_scores = {run: scores(work, run) for run in runs or RUNS}
    all_scores = {run: clips for run, clips in all_scores.items() if clips}
    for table in (main_table(all_scores), cost_table(all_scores),
                  condition_table(work, all_scores), clip_table(all_scores)):
        print("\n".join(table) + "\n")


if __name__ == "__main__":
    main()
