"""Makes the benchmark's clips: for each set one at a usual bit rate and one at a low bit rate.

    python make.py WORK/ [--set NAME ...] [--pictures N]

WORK/clips/NAME.mp4 has its truth in NAME.truth.json, as `redact score` reads it, and in
NAME.shots.json what happens in which frames, by condition and track. Clones go to WORK/clones.
Clips that are there already are left as they are. Same ffmpeg and libraries, same bytes.
"""

import argparse
import hashlib
import json
import subprocess
from pathlib import Path

import cv2

import camera
import sources

# Every so many photographs, one is for the clip with a low bit rate.
LOW_EVERY = 3
CRF, CRF_LOW = 28, 41


class Encoder:
    """Writes frames as H.264."""

    def __init__(self, path, crf):
        command = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "bgr24",
                   "-s", f"{camera.WIDTH}x{camera.HEIGHT}", "-r", str(camera.RATE), "-i", "-",
                   "-c:v", "libx264", "-preset", "veryfast", "-crf", str(crf), "-g", "60",
                   "-pix_fmt", "yuv420p", "-threads", "1", "-flags", "+bitexact",
                   "-fflags", "+bitexact", str(path)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE)

    def write(self, frame):
        self.process.stdin.write(frame.tobytes())

    def close(self):
        self.process.stdin.close()
        if self.process.wait() != 0:
            raise SystemExit("ffmpeg failed")


def make(path, crf, shots):
    """Writes one clip from (name, picture, boxes, condition), its truth and its list of shots."""
    encoder, frames, rows, track = Encoder(path, crf), [], [], 0
    for name, picture, boxes, condition in shots:
        shot = camera.Shot(name, picture, boxes, condition)
        rows.append({"picture": name, "condition": condition, "frame": len(frames),
                     "tracks": [track, track + len(boxes)]})
        for at in range(camera.FRAMES):
            encoder.write(shot.frame(at))
            frames.append(shot.truth(at, track))
        track += len(boxes)
    encoder.close()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    truth = {"clip": path.name, "sha256": digest, "width": camera.WIDTH, "height": camera.HEIGHT,
             "frames": len(frames), "boxes": frames}
    path.with_suffix(".truth.json").write_text(json.dumps(truth), encoding="utf-8")
    path.with_suffix(".shots.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    print(f"{path.name}: {len(frames)} frames, {track} objects", flush=True)


def shots_of(source, clones, limit):
    """(picture's name, picture, boxes, condition) for both clips of a set."""
    usual, low = [], []
    for number, (path, picture, boxes) in enumerate(sources.read(source, clones)):
        if number == limit:
            break
        if not boxes:
            continue
        name = f"{source['name']}/{path}"
        is_low = number % LOW_EVERY == LOW_EVERY - 1
        clip = low if is_low else usual
        condition = camera.CONDITIONS[len(clip) % len(camera.CONDITIONS)]
        clip.append((name, picture, boxes, condition))
    return usual, low


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", help="folder for clones and clips")
    parser.add_argument("--set", action="append", help="only this set of sources.toml")
    parser.add_argument("--pictures", type=int, help="so many of each set at most")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    clips = Path(options.work) / "clips"
    clips.mkdir(parents=True, exist_ok=True)
    for source in sources.load():
        if options.set and source["name"] not in options.set:
            continue
        usual, low = shots_of(source, Path(options.work) / "clones", options.pictures)
        for suffix, crf, shots in (("", CRF, usual), ("-low", CRF_LOW, low)):
            clip = clips / f"{source['name']}{suffix}.mp4"
            # Its list of shots is written last.
            if shots and not clip.with_suffix(".shots.json").exists():
                make(clip, crf, shots)


if __name__ == "__main__":
    main()
