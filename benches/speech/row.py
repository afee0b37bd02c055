"""One row of the table of `run`: row.py NAME SECONDS TIMES < the JSON of `redact score --speech`.

TIMES is a file with user, system and wall clock seconds.
"""

import json
import sys
from pathlib import Path

name, length, times = sys.argv[1], float(sys.argv[2]), Path(sys.argv[3]).read_text().split()
user, system, wall = map(float, times[-3:])
score = json.load(sys.stdin)


def seconds(key):
    """Nanoseconds of the score as seconds; a hyphen if there are none."""
    return "-" if score[key] is None else f"{score[key] / 1e9:.3f}"


print(
    f"{name:<32} {score['items']:>6} {score['muted']:>6} {score['clear_muted_share']:>8.1%}"
    f" {score['unclear_nanos'] / 1e9:>8.1f} {score['word_error_rate']:>7.1%}"
    f" {seconds('start_error_nanos'):>7} {seconds('end_error_nanos'):>7}"
    f" {(user + system) / length:>6.3f} {wall / length:>6.3f}"
)
