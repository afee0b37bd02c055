"""Runs Redact and deface over the clips of make.py and scores them.

    python measure.py WORK/ --redact target/release/redact [--profile standard ...]
    python measure.py WORK/ --deface

Writes WORK/RUN/NAME.score.json, with the processor time of the run, for every clip; RUN is the
profile's name, or `deface`, or what `--name` says. Clips that have a score are left out.
"""

import argparse
import json
import os
import resource
import subprocess
import time
from pathlib import Path

import scoring

PROFILES = ("fast", "standard", "thorough")
# deface 1.5.0's own defaults: the score from which a face counts, and how its box is enlarged.
DEFACE_THRESHOLD, DEFACE_SCALE = 0.2, 1.3


def spent():
    """Processor time of all children so far, seconds."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def redact(program, clip, profile, folder):
    """Figures of one clip: scanned and scored by the program itself."""
    findings, truth = folder / f"{clip.stem}.findings.json", clip.with_suffix(".truth.json")
    before = spent()
    command = [program, "scan", clip, "--profile", profile, "-o", findings, "--force", "-q"]
    subprocess.run(list(map(str, command)), check=True)
    seconds = spent() - before
    sheet = folder / f"{clip.stem}.png"
    command = [program, "score", findings, truth, "--json", "--clip", clip, "--sheet", sheet,
               "--force"]
    result = subprocess.run(list(map(str, command)), check=True, capture_output=True)
    figures = json.loads(result.stdout)
    # The script that scores deface must say the same of what the program scored.
    marked = json.loads(truth.read_text(encoding="utf-8"))
    found = json.loads(findings.read_text(encoding="utf-8"))
    masks = scoring.masks_of_findings(found, (marked["width"], marked["height"]))
    difference = scoring.disagreement(scoring.score(marked, masks), figures)
    if difference:
        raise SystemExit(f"{findings}: scoring.py and `redact score` disagree: {difference}")
    return {**figures, "cpu_seconds": seconds}


def deface(clip, folder):
    """Figures of one clip: deface's own detector, its boxes as solid rectangles."""
    import cv2
    from deface.centerface import CenterFace

    detector = CenterFace(backend="onnxrt")
    truth = json.loads(clip.with_suffix(".truth.json").read_text(encoding="utf-8"))
    video, masks, seconds = cv2.VideoCapture(str(clip)), [], 0.0
    while True:
        good, frame = video.read()
        if not good:
            break
        frame = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
        before = time.process_time()
        found, _ = detector(frame, threshold=DEFACE_THRESHOLD)
        seconds += time.process_time() - before
        rows = []
        for left, top, right, bottom, _score in found:
            wide, tall = (right - left) * DEFACE_SCALE, (bottom - top) * DEFACE_SCALE
            middle = (left + right) / 2, (top + bottom) / 2
            row = middle[0] - wide / 2, middle[1] - tall / 2, wide, tall
            rows.append([round(float(value), 1) for value in row])
        masks.append(rows)
    (folder / f"{clip.stem}.masks.json").write_text(json.dumps(masks), encoding="utf-8")
    return {**scoring.score(truth, masks), "cpu_seconds": seconds}


def has_faces(clip):
    """Whether a clip's truth marks any: deface looks for nothing else."""
    truth = json.loads(clip.with_suffix(".truth.json").read_text(encoding="utf-8"))
    return any(row["class"] == "face" for rows in truth["boxes"] for row in rows)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", help="folder with clips/")
    parser.add_argument("--redact", help="the program")
    parser.add_argument("--profile", action="append", choices=PROFILES)
    parser.add_argument("--deface", action="store_true")
    parser.add_argument("--models", help="folder with models, if not the program's own")
    parser.add_argument("--name", help="folder for the results")
    parser.add_argument("--clip", action="append", help="only clips whose names begin so")
    return parser.parse_args()


def main():
    options = parse()
    work = Path(options.work)
    runs = [(profile, profile) for profile in options.profile or PROFILES if options.redact]
    runs += [("deface", None)] if options.deface else []
    if options.models:
        os.environ["REDACT_MODELS"] = str(Path(options.models).resolve())
    for name, profile in runs:
        folder = work / (options.name or name)
        folder.mkdir(parents=True, exist_ok=True)
        for clip in sorted((work / "clips").glob("*.mp4")):
            output = folder / f"{clip.stem}.score.json"
            if output.exists() or not clip.stem.startswith(tuple(options.clip or [""])):
                continue
            if profile is None and not has_faces(clip):
                continue
            result = (redact(options.redact, clip, profile, folder) if profile
                      else deface(clip, folder))
            output.write_text(json.dumps(result), encoding="utf-8")
            print(f"{folder.name} {clip.stem}", flush=True)


if __name__ == "__main__":
    main()
